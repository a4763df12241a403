"""Writes a CLIP with random weights in open_clip's names: its speed is that of a published one.

    weights.py FILE.safetensors PATCH_SIZE"""
import sys

import safetensors.torch
import torch

TEXT = {"width": 512, "layers": 12, "vocabulary": 49408, "context": 77}
VISION = {"width": 768, "layers": 12, "image": 224}
EMBED = 512


def blocks(prefix, width, layers):
    """Residual blocks with a spread that keeps activations of order one."""
    for i in range(layers):
        name = f"{prefix}resblocks.{i}."
        yield name + "attn.in_proj_weight", (3 * width, width)
        yield name + "attn.in_proj_bias", (3 * width,)
        yield name + "attn.out_proj.weight", (width, width)
        yield name + "attn.out_proj.bias", (width,)
        yield name + "mlp.c_fc.weight", (4 * width, width)
        yield name + "mlp.c_fc.bias", (4 * width,)
        yield name + "mlp.c_proj.weight", (width, 4 * width)
        yield name + "mlp.c_proj.bias", (width,)
        for norm in ("ln_1", "ln_2"):
            yield name + norm + ".weight", (width,)
            yield name + norm + ".bias", (width,)


def shapes(patch):
    width, tokens = VISION["width"], (VISION["image"] // patch) ** 2 + 1
    yield "visual.class_embedding", (width,)
    yield "visual.positional_embedding", (tokens, width)
    yield "visual.proj", (width, EMBED)
    yield "visual.conv1.weight", (width, 3, patch, patch)
    for norm in ("visual.ln_pre", "visual.ln_post"):
        yield norm + ".weight", (width,)
        yield norm + ".bias", (width,)
    yield from blocks("visual.transformer.", width, VISION["layers"])
    yield "token_embedding.weight", (TEXT["vocabulary"], TEXT["width"])
    yield "positional_embedding", (TEXT["context"], TEXT["width"])
    yield "ln_final.weight", (TEXT["width"],)
    yield "ln_final.bias", (TEXT["width"],)
    yield "text_projection", (TEXT["width"], EMBED)
    yield from blocks("transformer.", TEXT["width"], TEXT["layers"])


def tensor(name, shape, generator):
    if "ln_" in name:
        return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)
    if name.endswith("bias"):
        return torch.zeros(shape)
    spread = 0.02 if "embedding" in name else shape[-1] ** -0.5 if "conv1" not in name else 0.02
    return torch.randn(shape, generator=generator) * spread


def main(file, patch):
    generator = torch.Generator().manual_seed(1)
    tensors = {name: tensor(name, shape, generator).contiguous() for name, shape in shapes(patch)}
    tensors["logit_scale"] = torch.tensor(4.6052)
    safetensors.torch.save_file(tensors, file)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
