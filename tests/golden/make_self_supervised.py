#!/usr/bin/env python3
"""Makes self_supervised.safetensors: what PyTorch makes in float64 of one step of learners without labels.

    tests/golden/make_self_supervised.py        # needs safetensors, and networks/ as make_network.py has made it

Written anew from the papers with PyTorch's own layers, behind the tiny networks of make_network.py and from their
weights. `CASE.weight.NAME`: what heads and queues begin with; `CASE.loss`;
`CASE.gradient.NAME`: of all heads and of some of the backbone; `CASE.after.NAME`: what a step leaves of running
statistics, momentum encoders and queues. The second view is 0.9 times the first, mirrored, plus 0.1."""
import copy
import pathlib

import torch
from make_network import CLASSES, Basic, Block, ResNet, VisionTransformer
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

PATCH = 16
# Which two of four patches our keys hide of each image: seed 1, round 0, client 3, step 0, images 10 to 15.
HIDDEN = [[1, 0], [2, 1], [0, 2], [3, 2], [2, 0], [0, 3]]
here = pathlib.Path(__file__).parent
FEW = ("conv1", "bn1", "layer1.0", "layer4.1.bn2", "cls_token", "patch_embed", "blocks.0.attn", "norm")


def mlp(widths, norm, normed_end=False):
    """Linear, norm, ReLU, ...; what comes out is normalised, too, where that is asked for."""
    layers = []
    for i, (inside, outside) in enumerate(zip(widths, widths[1:])):
        end = i + 2 == len(widths)
        normed = norm and (not end or normed_end)
        layers.append(nn.Linear(inside, outside, bias=not normed))
        if normed:
            kind = nn.BatchNorm1d if norm == "batch" else nn.LayerNorm
            layers.append(kind(outside, **({"affine": not end} if norm == "batch" else {"elementwise_affine": not end})))
        if not end:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def backbone(name):
    """The network of make_network.py without its head, with its weights."""
    group = lambda width: nn.GroupNorm(2, width)  # noqa: E731
    if name == "vit":
        network, head = VisionTransformer(16, 2, 16, 32), "head"
        network.load_state_dict(load_file(here / "networks/vit_timm.safetensors"))
    else:
        network, head = ResNet(Basic, [2, 2, 2, 2], 4, group if name.endswith("group") else nn.BatchNorm2d), "fc"
        network.load_state_dict(torch.load(here / f"networks/{name}.pth"))
    width = getattr(network, head).in_features
    setattr(network, head, nn.Identity())
    return network, width


def drawn(module, generator):
    for name, tensor in module.named_parameters():
        numbers = torch.randn(tensor.shape, generator=generator)
        around = 1 if tensor.dim() == 1 and name.endswith("weight") else 0
        tensor.data = around + numbers * (0.1 if tensor.dim() < 2 else tensor[0].numel() ** -0.5)
    return module


def views(name, images):
    if name.startswith("resnet"):  # larger: at 1 x 1, batch norms make much of rounding
        images = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return images, 0.9 * images.flip(3) + 0.1


class SimSiam(nn.Module):
    def __init__(self, name, norm, generator):
        super().__init__()
        self.backbone, width = backbone(name)
        self.projector = drawn(mlp([width, 8, 8, 8], norm, normed_end=True), generator)
        self.predictor = drawn(mlp([8, 4, 8], norm), generator)

    def forward(self, one, other):
        return self.of_features(self.backbone(one), self.backbone(other))

    def of_features(self, f1, f2):
        z1, z2 = self.projector(f1), self.projector(f2)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        return -(F.cosine_similarity(p1, z2.detach()).mean() + F.cosine_similarity(p2, z1.detach()).mean()) / 2


class SimSiamAligned(SimSiam):
    """With a pull of 0.5 towards a received backbone: 0.9 times the weights."""

    def __init__(self, name, norm, generator):
        super().__init__(name, norm, generator)
        self.received = copy.deepcopy(self.backbone)
        for parameter in self.received.parameters():
            parameter.data *= 0.9
            parameter.requires_grad_(False)
        width = 32 if name.startswith("resnet") else 16
        self.aligner = drawn(mlp([width, width, width], None), generator)

    def forward(self, one, other):
        seen = [self.backbone(x) for x in (one, other)]
        aligned = [F.cosine_similarity(self.aligner(f), self.received(x)).mean() for f, x in zip(seen, (one, other))]
        return self.of_features(*seen) + 0.5 * (1 - sum(aligned) / 2)


class SimSiamPublic(SimSiam):
    """With a pull of 0.5 towards the weights that it begins with, which stay, on images of 32 pixels."""

    def __init__(self, name, norm, generator):
        super().__init__(name, norm, generator)
        self.public = backbone(name)[0].eval().requires_grad_(False)
        width = 32 if name.startswith("resnet") else 16
        self.aligner = drawn(mlp([width, width, width], None), generator)

    def forward(self, one, other):
        seen = [self.backbone(x) for x in (one, other)]
        known = [self.public(F.interpolate(x, size=32, mode="bilinear", antialias=True)) for x in (one, other)]
        aligned = [F.cosine_similarity(self.aligner(f), wanted).mean() for f, wanted in zip(seen, known)]
        return self.of_features(*seen) + 0.5 * (1 - sum(aligned) / 2)


class Momentum(nn.Module):
    """A backbone and a projector, and a copy of both without gradient: 0.9 times the weights to begin with."""
    M = 0.9

    def __init__(self, name, projector, generator):
        super().__init__()
        self.backbone, width = backbone(name)
        self.projector = drawn(projector(width), generator)
        self.momentum = nn.ModuleDict({"backbone": copy.deepcopy(self.backbone), "projector": copy.deepcopy(self.projector)})
        for parameter in self.momentum.parameters():
            parameter.data *= 0.9
            parameter.requires_grad_(False)

    def key(self, images):
        return self.momentum["projector"](self.momentum["backbone"](images))

    @torch.no_grad()
    def after_step(self):
        for theirs, ours in zip(self.momentum.parameters(), [*self.backbone.parameters(), *self.projector.parameters()]):
            theirs.mul_(self.M).add_(ours, alpha=1 - self.M)


class Byol(Momentum):
    def __init__(self, name, norm, generator):
        super().__init__(name, lambda width: mlp([width, 12, 8], norm), generator)
        self.predictor = drawn(mlp([8, 12, 8], norm), generator)

    def forward(self, one, other):
        p1, p2 = (self.predictor(self.projector(self.backbone(x))) for x in (one, other))
        return (4 - 2 * F.cosine_similarity(p1, self.key(other)) - 2 * F.cosine_similarity(p2, self.key(one))).mean()


class Moco(Momentum):
    def __init__(self, name, _, generator):
        super().__init__(name, lambda width: mlp([width, width, 8], None), generator)
        self.register_buffer("queue", F.normalize(torch.randn(9, 8, generator=generator)))

    def forward(self, one, other):
        q = F.normalize(self.projector(self.backbone(one)))
        self.keys = F.normalize(self.key(other)).detach()
        logits = torch.cat([(q * self.keys).sum(1, keepdim=True), q @ self.queue.T], 1) / 0.2
        return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))

    def after_step(self):
        super().after_step()
        self.queue.copy_(torch.cat([self.keys, self.queue[:-len(self.keys)]]))


class SimMim(nn.Module):
    def __init__(self, name, _, generator):
        super().__init__()
        self.backbone, width = backbone(name)
        self.mask_token = nn.Parameter(0.5 * torch.randn(1, 1, width, generator=generator))
        self.decoder = drawn(nn.Linear(width, 3 * PATCH * PATCH), generator)

    def forward(self, images, _):
        hidden = torch.zeros(len(images), 4, dtype=bool)
        hidden[torch.arange(len(images))[:, None], torch.tensor(HIDDEN)] = True
        network = self.backbone
        x = torch.where(hidden[:, :, None], self.mask_token, network.patch_embed(images))
        x = torch.cat([network.cls_token.expand(len(x), -1, -1), x], 1) + network.pos_embed
        encoded = network.norm(network.blocks(x))
        return (self.decoder(encoded[:, 1:]) - cut(images))[hidden].abs().mean() + self.pull(images, encoded[:, 0])

    def pull(self, images, features):
        return 0


class SimMimAligned(SimMim):
    """With a pull of 0.5 towards what a received backbone, 0.9 times the weights, makes of whole images."""

    def __init__(self, name, _, generator):
        super().__init__(name, _, generator)
        self.received = copy.deepcopy(self.backbone)
        for parameter in self.received.parameters():
            parameter.data *= 0.9
            parameter.requires_grad_(False)
        self.aligner = drawn(mlp([16, 16, 16], None), generator)

    def pull(self, images, features):
        return 0.5 * (1 - F.cosine_similarity(self.aligner(features), self.received(images)).mean())


class Mae(nn.Module):
    WIDTH = 8

    def __init__(self, name, _, generator):
        super().__init__()
        self.backbone, width = backbone(name)
        self.decoder_embed = drawn(nn.Linear(width, self.WIDTH), generator)
        self.mask_token = nn.Parameter(0.5 * torch.randn(1, 1, self.WIDTH, generator=generator))
        self.decoder_blocks = drawn(nn.Sequential(Block(self.WIDTH, 1), Block(self.WIDTH, 1)), generator)
        self.decoder_norm = drawn(nn.LayerNorm(self.WIDTH, eps=1e-6), generator)
        self.decoder_pred = drawn(nn.Linear(self.WIDTH, 3 * PATCH * PATCH), generator)

    def places(self):
        """Of a 2 x 2 grid, behind a class token without: sines and cosines of the column, then of the row."""
        row, column = torch.meshgrid(torch.arange(2.0), torch.arange(2.0), indexing="ij")
        rates = 1 / 10000 ** (torch.arange(self.WIDTH // 4) / (self.WIDTH // 4))
        angles = [where.reshape(-1, 1) * rates for where in (column, row)]
        places = torch.cat([part for angle in angles for part in (angle.sin(), angle.cos())], 1)
        return torch.cat([torch.zeros(1, self.WIDTH), places])[None]

    def forward(self, images, _):
        network, count = self.backbone, len(images)
        embedded = network.patch_embed(images) + network.pos_embed[:, 1:]
        hidden = torch.tensor(HIDDEN)
        seen = torch.tensor([[place for place in range(4) if place not in row] for row in HIDDEN])
        each = torch.arange(count)[:, None]
        x = torch.cat([(network.cls_token + network.pos_embed[:, :1]).expand(count, -1, -1), embedded[each, seen]], 1)
        encoded = network.norm(network.blocks(x))
        x = self.decoder_embed(encoded)
        tokens = self.mask_token.expand(count, 4, -1).clone()
        tokens[each, seen] = x[:, 1:]
        x = torch.cat([x[:, :1], tokens], 1) + self.places().to(x.dtype)
        said = self.decoder_pred(self.decoder_norm(self.decoder_blocks(x)))[:, 1:][each, hidden]
        wanted = cut(images)[each, hidden]
        wanted = (wanted - wanted.mean(2, keepdim=True)) / (wanted.var(2, keepdim=True) + 1e-6) ** 0.5
        return ((said - wanted) ** 2).mean() + self.pull(images, encoded[:, 0])

    def pull(self, images, features):
        return 0


class MaePublic(Mae):
    """With a pull of 0.5 towards what the weights that it begins with make of whole images."""

    def __init__(self, name, _, generator):
        super().__init__(name, _, generator)
        self.public = backbone(name)[0].eval().requires_grad_(False)
        self.aligner = drawn(mlp([16, 16, 16], None), generator)

    def pull(self, images, features):
        return 0.5 * (1 - F.cosine_similarity(self.aligner(features), self.public(images)).mean())


def cut(images):
    """The pixels of each patch, channel by channel: (N, patches, 3 PATCH PATCH)."""
    return F.unfold(images, PATCH, stride=PATCH).transpose(1, 2)


def plain(name):
    return name.removeprefix("backbone.").replace("momentum.backbone.", "momentum.")


def statistic(name):
    return name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def main():
    assert CLASSES == 5
    generator = torch.Generator().manual_seed(3)
    images = load_file(here / "networks/expected.safetensors")["images"]
    expected = {}
    batch, layer = (("resnet18", "batch"), ("resnet18_group", "batch")), (("vit", "layer"),)
    cases = {f"{kind.__name__.lower()}.{name}": kind(name, norm, generator)
             for kind, networks in ((SimSiam, batch + layer), (Byol, batch[:1] + layer), (Moco, batch + layer), (SimMim, layer), (Mae, layer),
                                    (SimSiamAligned, batch[:1] + layer), (SimSiamPublic, batch[:1] + layer),
                                    (SimMimAligned, layer), (MaePublic, layer))
             for name, norm in networks}
    for case, model in cases.items():
        one, other = views(case.split(".")[1], images)
        for name, tensor in model.state_dict().items():
            if not name.startswith(("backbone.", "momentum.", "received.", "public.")) and not statistic(name):
                expected[f"{case}.weight.{plain(name)}"] = tensor.detach().clone()
        single = copy.deepcopy(model)
        single(one, other).backward()
        model = model.double()
        loss = model(one.double(), other.double())
        loss.backward()
        expected[f"{case}.loss"] = loss.detach()
        for (name, exact), rough in zip(model.named_parameters(), single.parameters()):
            if exact.grad is None or exact.grad.norm() < 1e-12:  # a bias that a norm takes out again
                continue
            error = (exact.grad - rough.grad).norm() / exact.grad.norm()
            assert error < 1e-4, f"{case}: {name} is off by {error} in float32"
            if plain(name).startswith(FEW) or not name.startswith("backbone."):
                expected[f"{case}.gradient.{plain(name)}"] = exact.grad
        if hasattr(model, "after_step"):
            model.after_step()
        for name, value in model.state_dict().items():
            running = name.startswith("backbone.") and name.endswith(("running_mean", "running_var"))
            follows = name.startswith(("momentum.", "queue")) and not statistic(name)
            if running or follows and plain(name).removeprefix("momentum.").startswith((*FEW, "projector", "queue")):
                expected[f"{case}.after.{plain(name)}"] = value.clone()
    save_file({key: value.float().contiguous() for key, value in expected.items()}, here / "self_supervised.safetensors")


if __name__ == "__main__":
    main()
