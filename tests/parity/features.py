"""Compares features with open_clip's and transformers' on seeded random weights, and prints the largest relative errors.

    python features.py PROBE VOCABULARY [NAME...]      # needs torch, open_clip_torch, transformers, safetensors

PROBE is build/tests/probe, VOCABULARY CLIP's bpe_simple_vocab_16e6.txt.gz. Widths are those of the architectures; depth
is two layers (of a residual network: two blocks a stage), but whole for ViT-B-32 and RN50. The error is the largest
difference of an element, divided by the largest element of the same row.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import open_clip
import torch
import transformers
from safetensors.torch import load_file, save_file

PROBE, VOCABULARY = sys.argv[1:3]
WHOLE = {"ViT-B-32", "RN50"}
NAMES = ["ViT-B-32", "ViT-B-32-quickgelu", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14", "RN50", "RN50-quickgelu",
         "RN101"]


def error(actual, expected):
    difference = (actual.double() - expected.double()).abs().flatten(0, -2).amax(-1)
    return (difference / expected.double().abs().flatten(0, -2).amax(-1)).max().item()


def configuration(name):
    out = copy.deepcopy(open_clip.get_model_config(name))
    if name not in WHOLE:
        layers = out["vision_cfg"]["layers"]
        out["vision_cfg"]["layers"] = [2] * 4 if isinstance(layers, (list, tuple)) else 2
        out["text_cfg"]["layers"] = 2
    return out


def random_model(stated):
    """Norms away from one and zero, statistics of batch norms as those of trained weights are: not one and zero."""
    torch.manual_seed(1)
    model = open_clip.CLIP(**stated).eval()
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 1:
                p.add_(torch.randn(p.shape, generator=generator) * 0.1)
        for name, b in model.named_buffers():
            if name.endswith("running_mean"):
                b.copy_(torch.randn(b.shape, generator=generator) * 0.2)
            if name.endswith("running_var"):
                b.copy_(torch.rand(b.shape, generator=generator) + 0.5)
    return model


def inputs(size, vocabulary, context):
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(3, 3, size, size, generator=generator)
    tokens = torch.zeros(4, context, dtype=torch.long)
    for row, length in enumerate([1, 7, 30, context - 2]):
        tokens[row, 0], tokens[row, length + 1] = vocabulary - 2, vocabulary - 1
        tokens[row, 1 : length + 1] = torch.randint(0, vocabulary - 2, (length,), generator=generator)
    return images, tokens


def expected_of_open_clip(model, images, tokens):
    with torch.no_grad():
        if hasattr(model.visual, "attnpool"):
            pool, seen = model.visual.attnpool, {}
            hook = pool.register_forward_hook(lambda module, given, out: seen.update(x=given[0]))
            features = model.encode_image(images)
            hook.remove()
            x = seen["x"].flatten(2).permute(0, 2, 1)
            patches = pool.c_proj(pool.v_proj(x + pool.positional_embedding[1:]))
        else:
            model.visual.output_tokens = True
            features, patches = model.visual(images)
            patches = patches @ model.visual.proj
        return dict(features=features, patches=patches, text=model.encode_text(tokens))


def ours(checkpoint, folder, type="float32"):
    outputs = folder / "outputs.safetensors"
    subprocess.run([PROBE, "features", checkpoint, VOCABULARY, type, folder / "inputs.safetensors", outputs], check=True)
    return load_file(outputs)


def hugging_face(stated):
    vision, text = stated["vision_cfg"], stated["text_cfg"]
    activation = "quick_gelu" if stated.get("quick_gelu") else "gelu"
    head = vision.get("head_width", 64)
    torch.manual_seed(4)
    return transformers.CLIPModel(transformers.CLIPConfig(
        projection_dim=stated["embed_dim"],
        vision_config=dict(image_size=vision["image_size"], patch_size=vision["patch_size"], hidden_size=vision["width"],
                           intermediate_size=int(vision["width"] * vision.get("mlp_ratio", 4)),
                           num_hidden_layers=vision["layers"], num_attention_heads=vision["width"] // head,
                           projection_dim=stated["embed_dim"], hidden_act=activation),
        text_config=dict(vocab_size=text["vocab_size"], hidden_size=text["width"], intermediate_size=4 * text["width"],
                         num_hidden_layers=text["layers"], num_attention_heads=text["heads"],
                         max_position_embeddings=text["context_length"], projection_dim=stated["embed_dim"],
                         hidden_act=activation, bos_token_id=text["vocab_size"] - 2,
                         eos_token_id=text["vocab_size"] - 1, pad_token_id=0))).eval()


def report(name, program, type, actual, expected):
    errors = {key: error(actual[key], expected[key]) for key in expected}
    print(f"{name:20} {program:13} {type:9}", "  ".join(f"{key} {value:.1e}" for key, value in errors.items()), flush=True)
    return max(errors.values()) if type == "float32" else 0


worst = 0
for name in sys.argv[3:] or NAMES:
    stated = configuration(name)
    model = random_model(stated)
    images, tokens = inputs(stated["vision_cfg"]["image_size"], stated["text_cfg"]["vocab_size"],
                            stated["text_cfg"]["context_length"])
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        save_file(dict(images=images, tokens=tokens), folder / "inputs.safetensors")
        (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": stated}))
        torch.save({"epoch": 1, "state_dict": {"module." + k: v for k, v in model.state_dict().items()}}, folder / "epoch.pt")
        expected = expected_of_open_clip(model, images, tokens)
        worst = max(worst, report(name, "open_clip", "float32", ours(folder / "epoch.pt", folder), expected))
        report(name, "open_clip", "bfloat16", ours(folder / "epoch.pt", folder, "bfloat16"), expected)
        if "layers" in stated["vision_cfg"] and isinstance(stated["vision_cfg"]["layers"], int):
            other = hugging_face(stated)
            other.save_pretrained(folder / "hf", max_shard_size="100MB")
            with torch.no_grad():
                seen = other.vision_model(images)
                expected = dict(features=other.visual_projection(seen.pooler_output),
                                patches=other.visual_projection(other.vision_model.post_layernorm(seen.last_hidden_state[:, 1:])),
                                text=other.text_projection(other.text_model(tokens).pooler_output))
            worst = max(worst, report(name, "transformers", "float32", ours(folder / "hf", folder), expected))
print(f"largest error in float32: {worst:.1e}")
sys.exit(worst > 1e-5)
