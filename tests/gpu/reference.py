"""The loop that methods' repositories have, on a GPU: one client after the other, features of images kept, every class
a prompt of 77 tokens through a text tower of PyTorch's modules. Prints the seconds of a round of 40 clients with two
steps each, the median after a first one that warms up.

    reference.py METHOD PRECISION PATCHES ROUNDS      METHOD: prompt, dual_prompt; PRECISION: float32, bfloat16

Losses and the tower's sizes are those of tests/bench/peers, which measures the same on processors."""
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional

CLASSES, CLIENTS, STEPS, BATCH, LEARNED, LENGTH = 21, 40, 2, 32, 4, 77
WIDTH, HEADS, LAYERS = 512, 8, 12
TAU, SCALE, LAMBDA, ITERATIONS, TOLERANCE = 100.0, 16.0, 0.1, 100, 1e-3
DEVICE = torch.device("cuda")


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


def main(method, precision, patches, rounds):
    torch.manual_seed(1)
    dtype = getattr(torch, precision)
    text = PromptedText(dtype).requires_grad_(False).to(DEVICE, dtype)
    dual = method == "dual_prompt"

    def data(*shape):
        return functional.normalize(torch.randn(*shape, WIDTH, device=DEVICE), dim=-1)

    images = [data(STEPS * BATCH) for _ in range(CLIENTS)]
    seen = [data(STEPS * BATCH, patches) if dual else None for _ in range(CLIENTS)]
    labels = [torch.randint(CLASSES, (STEPS * BATCH,), device=DEVICE) for _ in range(CLIENTS)]
    private = [nn.Parameter(0.02 * torch.randn(LEARNED, WIDTH, device=DEVICE)) for _ in range(CLIENTS)]
    shared = 0.02 * torch.randn(LEARNED, WIDTH, device=DEVICE)
    context = nn.Parameter(shared.clone())

    def loss(client, batch):
        v, y, t = images[client][batch], labels[client][batch], text(context)
        if not dual:
            return functional.cross_entropy(TAU * v @ t.T, y)
        own = text(private[client])
        both = functional.normalize(t + own, dim=-1)
        moved = transport(seen[client][batch], torch.stack([t, own], 1)[y])
        return functional.cross_entropy(TAU * v @ both.T, y) + alignment(own, t) + moved

    seconds = []
    for _ in range(rounds + 1):
        began, total = time.perf_counter(), torch.zeros_like(shared)
        for client in range(CLIENTS):
            context.data.copy_(shared)
            trained = [context, private[client]] if dual else [context]
            optimiser = torch.optim.SGD(trained, lr=1e-3, momentum=0.9, weight_decay=5e-4)
            for step in range(STEPS):
                optimiser.zero_grad()
                loss(client, slice(step * BATCH, (step + 1) * BATCH)).backward()
                optimiser.step()
            total += context.data
        shared = total / CLIENTS
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    print(f"{statistics.median(seconds[1:]):.4f} s a round")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
