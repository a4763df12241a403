"""The loop that methods' repositories have, on a GPU: one client after the other, features of images kept (or images in its
memory), every class a prompt of 77 tokens through a text tower of PyTorch's modules. Prints the seconds of a round of 40
clients with two steps each, the median after a first one that warms up.

    reference.py METHOD PRECISION PATCHES ROUNDS
        METHOD: prompt, dual_prompt, fedclip, network (ResNet-18 at 64 pixels); PRECISION: float32, bfloat16

Losses and the tower's sizes are those of tests/bench/peers, which measures the same on processors."""
import os
import pathlib
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
import make_network as networks  # noqa: E402

networks.CLASSES = 21
CLASSES, CLIENTS, STEPS, BATCH, LEARNED, LENGTH = 21, 40, 2, 32, 4, 77
WIDTH, HEADS, LAYERS = 512, 8, 12
TAU, SCALE, LAMBDA, ITERATIONS, TOLERANCE = 100.0, 16.0, 0.1, 100, 1e-3
DEVICE = torch.device(os.environ.get("FEDORBIT_DEVICE", "cuda"))


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), QuickGelu(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x, mask):
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp(self.norm2(x))


class PromptedText(nn.Module):
    """float32 context (h, w) -> unit text features (C, d)."""

    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm_after = nn.LayerNorm(WIDTH)
        self.projection = nn.Parameter(torch.randn(WIDTH, WIDTH) * WIDTH**-0.5)
        self.start = nn.Parameter(0.02 * torch.randn(CLASSES, 1, WIDTH))
        self.suffix = nn.Parameter(0.02 * torch.randn(CLASSES, LENGTH - 1 - LEARNED, WIDTH))
        self.positions = nn.Parameter(0.01 * torch.randn(LENGTH, WIDTH))
        self.register_buffer("ends", LEARNED + 3 + torch.arange(CLASSES) % 3)
        self.register_buffer("mask", torch.full((LENGTH, LENGTH), float("-inf")).triu(1))

    def forward(self, context):
        x = torch.cat([self.start, context.to(self.dtype).expand(CLASSES, *context.shape), self.suffix], 1)
        x = x + self.positions
        for block in self.blocks:
            x = block(x, self.mask)
        x = self.norm_after(x)[torch.arange(CLASSES, device=x.device), self.ends] @ self.projection
        return functional.normalize(x.float(), dim=-1)


def alignment(private, shared):
    similarity = SCALE * private @ shared.T
    toward = functional.log_softmax(similarity, 1).diagonal() + functional.log_softmax(similarity, 0).diagonal()
    return -toward.mean() / 2


@torch.no_grad()
def sinkhorn(cost):
    B, M, N = cost.shape
    kernel = torch.exp(-cost / LAMBDA)
    column = torch.ones(B, N, device=cost.device)
    for _ in range(ITERATIONS):
        row = 1 / M / (kernel @ column[..., None]).squeeze(2)
        column = 1 / N / (row[:, None] @ kernel).squeeze(1)
        plan = row[..., None] * kernel * column[:, None]
        if (plan.sum(2) - 1 / M).abs().sum(1).max() < TOLERANCE:
            break
    return plan


def transport(patches, targets):
    cost = 1 - patches @ targets.transpose(1, 2)
    return (sinkhorn(cost) * cost).sum((1, 2)).mean()


class Prompts:
    """Prompts of clients on kept features; each client has a private one, too, where `patches` says of how many."""

    def __init__(self, dtype, patches):
        self.text = PromptedText(dtype).requires_grad_(False).to(DEVICE, dtype)
        self.images = [unit(STEPS * BATCH) for _ in range(CLIENTS)]
        self.seen = [unit(STEPS * BATCH, patches) for _ in range(CLIENTS)] if patches else None
        self.private = [nn.Parameter(0.02 * torch.randn(LEARNED, WIDTH, device=DEVICE)) for _ in range(CLIENTS)]
        self.shared = [nn.Parameter(0.02 * torch.randn(LEARNED, WIDTH, device=DEVICE))]

    def own(self, client):
        return [self.private[client]] if self.seen else []

    def optimiser(self, trained):
        return torch.optim.SGD(trained, lr=1e-3, momentum=0.9, weight_decay=5e-4)

    def loss(self, client, batch, y):
        v, t = self.images[client][batch], self.text(self.shared[0])
        if not self.seen:
            return functional.cross_entropy(TAU * v @ t.T, y)
        own = self.text(self.private[client])
        both = functional.normalize(t + own, dim=-1)
        moved = transport(self.seen[client][batch], torch.stack([t, own], 1)[y])
        return functional.cross_entropy(TAU * v @ both.T, y) + alignment(own, t) + moved


class Adapter:
    """FedCLIP's, on kept features."""

    def __init__(self):
        self.adapter = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Softmax(-1)).to(DEVICE)
        self.images, self.texts = [unit(STEPS * BATCH) for _ in range(CLIENTS)], unit(CLASSES)
        self.shared = list(self.adapter.parameters())

    def own(self, client):
        return []

    def optimiser(self, trained):
        return torch.optim.Adam(trained, lr=5e-5, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2)

    def loss(self, client, batch, y):
        images = self.images[client][batch]
        logits = TAU * functional.normalize(self.adapter(images) * images, dim=-1) @ self.texts[y].T
        diagonal = torch.arange(BATCH, device=DEVICE)
        return (functional.cross_entropy(logits, diagonal) + functional.cross_entropy(logits.T, diagonal)) / 2


class Network:
    """A whole ResNet-18 on images of 64 pixels that lie on the device."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.model = networks.ResNet(networks.Basic, [2, 2, 2, 2], 64, nn.BatchNorm2d).to(DEVICE)
        self.images = [torch.randn(STEPS * BATCH, 3, 64, 64, device=DEVICE) for _ in range(CLIENTS)]
        self.shared = list(self.model.parameters())

    def own(self, client):
        return []

    def optimiser(self, trained):
        return torch.optim.SGD(trained, lr=0.03, momentum=0.9, weight_decay=5e-4)

    def loss(self, client, batch, y):
        with torch.autocast(DEVICE.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.model(self.images[client][batch])
        return functional.cross_entropy(logits.float(), y)


def unit(*shape):
    return functional.normalize(torch.randn(*shape, WIDTH, device=DEVICE), dim=-1)


def main(method, precision, patches, rounds):
    torch.manual_seed(1)
    dtype = getattr(torch, precision)
    if method == "network":
        learner = Network(dtype)
    else:
        learner = Adapter() if method == "fedclip" else Prompts(dtype, patches if method == "dual_prompt" else 0)
    labels = [torch.randint(CLASSES, (STEPS * BATCH,), device=DEVICE) for _ in range(CLIENTS)]
    server = [tensor.detach().clone() for tensor in learner.shared]
    seconds = []
    for _ in range(rounds + 1):
        began, totals = time.perf_counter(), [torch.zeros_like(tensor) for tensor in server]
        for client in range(CLIENTS):
            for tensor, begun in zip(learner.shared, server):
                tensor.data.copy_(begun)
            optimiser = learner.optimiser([*learner.shared, *learner.own(client)])
            for step in range(STEPS):
                batch = slice(step * BATCH, (step + 1) * BATCH)
                optimiser.zero_grad()
                learner.loss(client, batch, labels[client][batch]).backward()
                optimiser.step()
            for total, tensor in zip(totals, learner.shared):
                total += tensor.data
        server = [total / CLIENTS for total in totals]
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    print(f"{statistics.median(seconds[1:]):.4f} s a round")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
