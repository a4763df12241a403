#!/usr/bin/env python3
"""Tiny networks as torchvision and timm save them, and what PyTorch makes of them in float64: networks/*.

    tests/golden/make_network.py

Written anew from the papers with PyTorch's own layers; the modules bear torchvision's names, the vision transformer
timm's, too. Weights are drawn here. Files: NAME.pth or NAME.safetensors, the state dict; expected.safetensors: images,
labels, and of each network its logits in training, loss, gradients, running statistics after the step, and logits by
running statistics."""
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

CLASSES, SMOOTHING = 5, 0.1
here = pathlib.Path(__file__).parent / "networks"


class Basic(nn.Module):
    expansion = 1

    def __init__(self, inside, outside, stride, norm):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False), norm(outside)
        self.conv2, self.bn2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False), norm(outside)
        self.downsample = shortcut(inside, outside, stride, norm)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inside, outside, stride, norm):
        super().__init__()
        inner = outside // 4
        self.conv1, self.bn1 = nn.Conv2d(inside, inner, 1, bias=False), norm(inner)
        self.conv2, self.bn2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False), norm(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, outside, 1, bias=False), norm(outside)
        self.downsample = shortcut(inside, outside, stride, norm)

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


def shortcut(inside, outside, stride, norm):
    if stride == 1 and inside == outside:
        return None
    return nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), norm(outside))


class ResNet(nn.Module):
    def __init__(self, block, blocks, width, norm):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), norm(width)
        inside = width
        for stage, count in enumerate(blocks):
            outside, layers = (width << stage) * block.expansion, []
            for i in range(count):
                layers.append(block(inside, outside, 2 if stage > 0 and i == 0 else 1, norm))
                inside = outside
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(inside, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.qkv, self.proj, self.heads = nn.Linear(width, 3 * width), nn.Linear(width, width), heads

    def forward(self, x):
        n, length, width = x.shape
        q, k, v = (part.reshape(n, length, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        weights = (q @ k.transpose(2, 3) / (width // self.heads) ** 0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, length, width))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, width, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    def __init__(self, width, depth, patch, size):
        super().__init__()
        self.cls_token = nn.Parameter(torch.empty(1, 1, width))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + (size // patch) ** 2, width))
        self.patch_embed = PatchEmbed(width, patch)
        self.blocks = nn.Sequential(*(Block(width, max(1, width // 64)) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, CLASSES)

    def forward(self, x):
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


def as_torchvision(name):
    """timm's name of a vision transformer's tensor in torchvision's words, as its published files have them."""
    words = [("cls_token", "class_token"), ("pos_embed", "encoder.pos_embedding"), ("patch_embed.proj", "conv_proj"),
             ("attn.qkv.", "self_attention.in_proj_"), ("attn.proj", "self_attention.out_proj"),
             ("mlp.fc1", "mlp.linear_1"), ("mlp.fc2", "mlp.linear_2"), ("norm1", "ln_1"), ("norm2", "ln_2")]
    for ours, theirs in words:
        name = name.replace(ours, theirs)
    if name.startswith("blocks."):
        return name.replace("blocks.", "encoder.layers.encoder_layer_")
    return name.replace("norm.", "encoder.ln.").replace("head.", "heads.head.")


def drawn(model, generator):
    """The model with weights of about the usual spread, and norms and statistics away from ones and zeros. The last norm
    of a block is small, as in trained networks: with ones, float32's rounding grows a thousandfold on its way back."""
    end = ".bn3.weight" if "layer1.0.bn3.weight" in model.state_dict() else ".bn2.weight"
    for name, tensor in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            tensor.fill_(3)
            continue
        numbers = torch.randn(tensor.shape, generator=generator)
        scale = 0.1 if tensor.dim() < 2 else tensor[0].numel() ** -0.5
        around = 1 if name.endswith((".running_var",)) or (tensor.dim() == 1 and name.endswith("weight")) else 0
        if name.startswith("layer") and name.endswith(end):
            around = 0.3
        tensor.copy_(around + scale * numbers)
        if name.endswith(".running_var"):
            tensor.abs_()
    return model


def main():
    here.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(15)
    images = torch.randn(6, 3, 32, 32, generator=generator)
    labels = torch.tensor([0, 1, 2, 3, 4, 1])
    expected = {"images": images, "labels": labels}
    group = lambda width: nn.GroupNorm(2, width)  # noqa: E731: 4 channels, of which half as many groups
    networks = {
        "vit": VisionTransformer(16, 2, 16, 32),
        "resnet18": ResNet(Basic, [2, 2, 2, 2], 4, nn.BatchNorm2d),
        "resnet50": ResNet(Bottleneck, [3, 4, 6, 3], 4, nn.BatchNorm2d),
        "resnet18_group": ResNet(Basic, [2, 2, 2, 2], 4, group),
    }
    for name, model in networks.items():
        drawn(model, generator)
        state = {key: value.clone() for key, value in model.state_dict().items()}
        if name == "vit":
            save_file(state, here / "vit_timm.safetensors")
            torch.save({as_torchvision(key): value for key, value in state.items()}, here / "vit_torchvision.pth")
            places = state["pos_embed"][:, 1:].reshape(1, 2, 2, 16).permute(0, 3, 1, 2)  # for images of 64 pixels
            places = F.interpolate(places, (4, 4), mode="bicubic", antialias=True).permute(0, 2, 3, 1).reshape(1, 16, 16)
            expected["vit.positions64"] = torch.cat([state["pos_embed"][:, :1], places], 1)
        else:
            torch.save(state, here / f"{name}.pth")
        # Larger for residual networks: at 1 x 1, batch norms make much of float32's rounding.
        seen = images.double().repeat_interleave(1 if name == "vit" else 2, 2)
        seen = seen.repeat_interleave(1 if name == "vit" else 2, 3)
        F.cross_entropy(model(seen.float()), labels, label_smoothing=SMOOTHING).backward()
        single = [parameter.grad.double() for parameter in model.parameters()]
        model.load_state_dict(state)
        model.zero_grad()
        exact = model.double()
        logits = exact(seen)
        loss = F.cross_entropy(logits, labels, label_smoothing=SMOOTHING)
        loss.backward()
        for a, b in zip(single, (parameter.grad for parameter in exact.parameters())):
            assert (a - b).norm() < 5e-5 * b.norm(), "a seed at which float32 takes the other side of a ReLU"
        expected[f"{name}.logits"], expected[f"{name}.loss"] = logits.detach(), loss.detach()
        few = ("conv1", "bn1", "layer1.0", "layer4.2", "fc")  # enough of the largest
        for key, parameter in exact.named_parameters():
            if name != "resnet50" or key.startswith(few):
                expected[f"{name}.gradient.{key}"] = parameter.grad
        for key, value in exact.state_dict().items():
            if key.endswith(("running_mean", "running_var")):
                expected[f"{name}.after.{key}"] = value.clone()
        exact.load_state_dict({key: value.double() for key, value in state.items()})
        expected[f"{name}.labelled"] = exact.eval()(seen).detach()
    save_file({key: value.float().contiguous() if value.is_floating_point() else value
               for key, value in expected.items()}, here / "expected.safetensors")


if __name__ == "__main__":
    main()
