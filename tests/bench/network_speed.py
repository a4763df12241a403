#!/usr/bin/env python3
"""A local step of whole networks (forward, backward, SGD with momentum and weight decay) beside the same in PyTorch.

    tests/bench/network_speed.py build/tests/bench_network [--repeats 15] [--only resnet18]

needs torch. One thread, batches of 32 that lie in memory, float32: the arithmetic alone. Steps of both alternate in one
run; the medians of their processor
seconds and of the ratios of neighbours are printed. PyTorch's are eager modules as users write
them (tests/golden/make_network.py, attention by scaled_dot_product_attention), residual networks also with channels last,
where that is quicker; the quicker counts."""
import argparse
import pathlib
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
import make_network as networks  # noqa: E402

BATCH, CLASSES = 32, networks.CLASSES


class FusedAttention(networks.Attention):
    def forward(self, x):
        n, length, width = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).reshape(n, length, width))


def transformer(width, patch, side):
    networks.Attention = FusedAttention
    model = networks.VisionTransformer(width, 12, patch, side)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.02)
    return model


CASES = {
    "resnet18": ("resnet18", 64, lambda: networks.ResNet(networks.Basic, [2, 2, 2, 2], 64, nn.BatchNorm2d)),
    "resnet18_group": ("resnet18", 64, lambda: networks.ResNet(networks.Basic, [2, 2, 2, 2], 64,
                                                               lambda width: nn.GroupNorm(min(32, width // 2), width)),
                       "norm=group"),
    "vit_small_patch16": ("vit_small_patch16", 64, lambda: transformer(384, 16, 64)),
    "vit_base_patch32": ("vit_base_patch32", 224, lambda: transformer(768, 32, 224)),
}


class Theirs:
    def __init__(self, model, side, channels_last):
        self.model = model.to(memory_format=torch.channels_last) if channels_last else model
        self.channels_last = channels_last
        self.images, self.labels = torch.randn(BATCH, 3, side, side), torch.randint(0, CLASSES, (BATCH,))
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)

    def step(self):
        start = time.process_time()
        images = self.images.contiguous(memory_format=torch.channels_last) if self.channels_last else self.images
        self.optimiser.zero_grad()
        F.cross_entropy(self.model(images), self.labels).backward()
        self.optimiser.step()
        return time.process_time() - start


class Ours:
    def __init__(self, program, architecture, side, *options):
        self.process = subprocess.Popen([program, architecture, str(side), str(BATCH), "float32", "1", "network", *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def step(self):
        print(file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline().split()[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, (architecture, side, make, *own) in CASES.items():
        if options.only not in name:
            continue
        rivals = {"ours": Ours(options.program, architecture, side, *own), "pytorch": Theirs(make(), side, False)}
        if name.startswith("resnet"):
            rivals["pytorch, channels last"] = Theirs(make(), side, True)
        seconds = {rival: [] for rival in rivals}
        for repeat in range(2 + options.repeats):
            for rival, steps in rivals.items():
                taken = steps.step()
                if repeat >= 2:
                    seconds[rival].append(taken)
        for rival, taken in seconds.items():
            speed = statistics.median(theirs / ours for theirs, ours in zip(taken, seconds["ours"]))
            print(f"{name} at {side}: {rival:24} {1e3 * statistics.median(taken):8.1f} ms"
                  + (f"   ours is {speed:.3f} times as fast" if rival != "ours" else ""))


if __name__ == "__main__":
    main()
