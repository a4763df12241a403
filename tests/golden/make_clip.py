"""Makes the golden files of tests/model: tiny CLIPs with random weights in open_clip's and in Hugging Face's names, and
what those programs compute with them.

    python make_clip.py        # needs torch, open_clip_torch, transformers, safetensors, numpy

Writes clip_open_clip/, clip_hugging_face/, clip_resnet/, clip_torch_script/ (weights, configuration, a vocabulary of a few
merges) and clip_*.safetensors (inputs and expected outputs) beside itself.
"""
import json
import pathlib

import open_clip
import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
MERGES = "#version: 0.2\nr u\nru n\nrun w\nrunw a\nrunwa y</w>\nr i\nri v\nriv e\nrive r</w>\na i\nai r\n"
VOCABULARY = 512 + 11 + 2
START, END = VOCABULARY - 2, VOCABULARY - 1
CONTEXT = 77


def jiggled(model):
    """Norms and biases away from one and zero, so that a mistake in them shows."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 1 or "positional" in name or "position_embedding" in name:
                p.add_(torch.randn(p.shape, generator=generator) * 0.1)
            p.copy_(p.half().float())  # exact in float16, so that the files can be small
    return model.eval()


def inputs(size):
    generator = torch.Generator().manual_seed(7)
    images = torch.randn(2, 3, size, size, generator=generator).half().float()
    tokens = torch.zeros(3, CONTEXT, dtype=torch.long)
    for row, words in enumerate([[513, 516], [40, 41, 42, 516, 520, 300], [65] * 20]):
        tokens[row, : len(words) + 2] = torch.tensor([START, *words, END])
    return images, tokens


def open_clip_golden():
    folder = HERE / "clip_open_clip"
    folder.mkdir(exist_ok=True)
    torch.manual_seed(1)
    configuration = dict(
        embed_dim=12, quick_gelu=True,
        vision_cfg=dict(image_size=16, patch_size=4, width=24, head_width=12, layers=2),
        text_cfg=dict(context_length=CONTEXT, vocab_size=VOCABULARY, width=16, heads=4, layers=2))
    model = jiggled(open_clip.CLIP(**configuration))
    images, tokens = inputs(16)
    model.visual.output_tokens = True
    with torch.no_grad():
        features, patches = model.visual(images)
        patches = patches @ model.visual.proj  # open_clip stops after the norm
        text = model.encode_text(tokens)

    # A learned context of 3 vectors in front of 2 names: the published recipe, and its gradient.
    names = [[516], [520, 65, 332]]  # "runway", "river bm"
    full_stop = 13 + 256  # "." that ends a word
    context = (torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(9)) * 0.02).requires_grad_()
    prompts = torch.zeros(2, CONTEXT, dtype=torch.long)
    for c, name in enumerate(names):
        row = [START, 343, 343, 343, *name, full_stop, END]
        prompts[c, : len(row)] = torch.tensor(row)
    prompted = []
    for k in range(2):
        x = model.token_embedding(prompts).detach()
        x = torch.cat([x[:, :1], context[k].expand(2, -1, -1), x[:, 4:]], 1) + model.positional_embedding
        x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask))
        prompted.append(x[torch.arange(2), prompts.argmax(-1)] @ model.text_projection)
    prompted = torch.stack(prompted)
    weight = torch.randn(prompted.shape, generator=torch.Generator().manual_seed(10))
    (gradient,) = torch.autograd.grad((prompted * weight).sum(), context)

    state = {k: v.half() for k, v in model.state_dict().items() if "attn_mask" not in k}
    save_file(state, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": configuration}, indent=1) + "\n")
    (folder / "merges.txt").write_text(MERGES)
    save_file(dict(images=images.half(), tokens=tokens, features=features, patches=patches.contiguous(), text=text,
                   context=context.detach(), prompted=prompted.detach(), weight=weight, gradient=gradient),
              HERE / "clip_open_clip.safetensors")


def hugging_face_golden():
    folder = HERE / "clip_hugging_face"
    folder.mkdir(exist_ok=True)
    torch.manual_seed(2)
    configuration = transformers.CLIPConfig(
        projection_dim=12,
        vision_config=dict(image_size=16, patch_size=8, hidden_size=24, intermediate_size=40, num_hidden_layers=1,
                           num_attention_heads=3, projection_dim=12, hidden_act="gelu"),
        text_config=dict(vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                         num_attention_heads=2, max_position_embeddings=CONTEXT, projection_dim=12, hidden_act="gelu",
                         bos_token_id=START, eos_token_id=END, pad_token_id=0))
    model = jiggled(transformers.CLIPModel(configuration))
    images, tokens = inputs(16)
    with torch.no_grad():
        seen = model.vision_model(images)
        features = model.visual_projection(seen.pooler_output)
        patches = model.visual_projection(model.vision_model.post_layernorm(seen.last_hidden_state[:, 1:]))
        text = model.text_projection(model.text_model(tokens).pooler_output)
    model.half().save_pretrained(folder)
    kept = json.loads((folder / "config.json").read_text())
    kept = {part: {"hidden_act": kept[part]["hidden_act"], "num_attention_heads": kept[part]["num_attention_heads"]}
            for part in ("vision_config", "text_config")}
    (folder / "config.json").write_text(json.dumps(kept, indent=1) + "\n")
    (folder / "merges.txt").write_text(MERGES)
    save_file(dict(images=images.half(), tokens=tokens, features=features, patches=patches.contiguous(), text=text),
              HERE / "clip_hugging_face.safetensors")


def tokenizer_json():
    """The vocabulary as Hugging Face's fast tokenizers write it."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(len(rest))]
    merges = MERGES.split("\n")[1:-1]
    words = letters + [c + "</w>" for c in letters] + [m.replace(" ", "") for m in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    return json.dumps({"version": "1.0", "model": {"type": "BPE", "end_of_word_suffix": "</w>",
                                                   "vocab": {w: i for i, w in enumerate(words)}, "merges": merges}},
                      ensure_ascii=False)


def resnet_golden():
    folder = HERE / "clip_resnet"
    folder.mkdir(exist_ok=True)
    torch.manual_seed(3)
    configuration = dict(embed_dim=12, vision_cfg=dict(image_size=64, layers=[2, 1, 1, 1], width=2, head_width=16),
                         text_cfg=dict(context_length=CONTEXT, vocab_size=VOCABULARY, width=16, heads=4, layers=1))
    model = open_clip.CLIP(**configuration)
    generator = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for name, b in model.named_buffers():
            if name.endswith("running_mean"):
                b.copy_((torch.randn(b.shape, generator=generator) * 0.2).half())
            if name.endswith("running_var"):
                b.copy_((torch.rand(b.shape, generator=generator) + 0.5).half())
    model = jiggled(model)
    images, tokens = inputs(64)
    seen = {}
    model.visual.attnpool.register_forward_hook(lambda module, given, out: seen.update(x=given[0]))
    with torch.no_grad():
        features, text = model.visual(images), model.encode_text(tokens)
        pool = model.visual.attnpool
        x = seen["x"].flatten(2).permute(0, 2, 1)
        patches = pool.c_proj(pool.v_proj(x + pool.positional_embedding[1:]))
    state = {"module." + k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    torch.save({"epoch": 1, "state_dict": state}, folder / "open_clip_pytorch_model.bin")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": configuration}, indent=1) + "\n")
    (folder / "tokenizer.json").write_text(tokenizer_json() + "\n")
    save_file(dict(images=images.half(), tokens=tokens, features=features, patches=patches.contiguous(), text=text),
              HERE / "clip_resnet.safetensors")


def torch_script_golden():
    """OpenAI's form: float16, traced, nothing beside it that would state anything; heads of 64 channels and QuickGELU."""
    folder = HERE / "clip_torch_script"
    folder.mkdir(exist_ok=True)
    torch.manual_seed(4)
    model = jiggled(open_clip.CLIP(
        embed_dim=8, quick_gelu=True, vision_cfg=dict(image_size=16, patch_size=8, width=16, head_width=16, layers=1),
        text_cfg=dict(context_length=12, vocab_size=VOCABULARY, width=16, heads=1, layers=1)))
    images, tokens = inputs(16)
    tokens = torch.cat([tokens[:2, :12], tokens[:1, :12]])
    with torch.no_grad():
        features, text = model.encode_image(images), model.encode_text(tokens)
        traced = torch.jit.trace(model, (images, tokens[:2]), strict=False, check_trace=False)
    torch.jit.save(traced.half(), folder / "clip.pt")
    save_file(dict(images=images.half(), tokens=tokens, features=features, text=text), HERE / "clip_torch_script.safetensors")


open_clip_golden()
hugging_face_golden()
resnet_golden()
torch_script_golden()
