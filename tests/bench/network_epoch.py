#!/usr/bin/env python3
"""A local epoch of whole networks, images and all, beside the same in PyTorch with its loader.

    tests/bench/network_epoch.py FOLDER DATA.h5 [--build build] [--repeats 3] [--threads 2] [--workers 2] [--only simsiam]

needs torch, torchvision, h5py and safetensors. FOLDER has a folder of images for each class, DATA.h5 is what `fedorbit prepare` made of
it. Both sides train one client on all images in batches of 32, in float32: with labels by SGD with momentum, on random crops
of half an image and more, every other one mirrored, normalised; without, as configs/simsiam.toml and configs/simmim.toml
have it. PyTorch decodes its files anew in every epoch, as users' loaders do; ours has decoded images in the data set. Both
have as many threads of arithmetic and as many workers (processes there, threads here). Their epochs alternate; the medians of
seconds and of ratios of neighbours are printed, and how long ours takes beside its steps on a batch that lies in memory."""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import datasets, transforms

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import network_speed as speed  # noqa: E402
from network_speed import BATCH, networks  # noqa: E402
from make_self_supervised import SimSiam, cut, mlp  # noqa: E402

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Labelled(nn.Module):
    learner, config = "network", "fedavg-vit-small"
    sets = {"optimiser.kind": "sgd", "optimiser.learning_rate": 1e-3, "optimiser.weight_decay": 5e-4}

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images, labels):
        return F.cross_entropy(self.network(images), labels)

    def optimiser(self):
        return torch.optim.SGD(self.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)

    @staticmethod
    def seen(side):
        return [crop(side, 0.5), transforms.RandomHorizontalFlip()]


class Pairs(nn.Module):
    """SimSiam with heads of the paper's widths."""
    learner, config, sets = "simsiam", "simsiam", {"evaluation.neighbours": "false"}

    def __init__(self, network):
        super().__init__()
        width = network.fc.in_features
        network.fc = nn.Identity()
        self.backbone = network
        self.projector = mlp([width, 2048, 2048, 2048], "batch", normed_end=True)
        self.predictor = mlp([2048, 512, 2048], "batch")

    def forward(self, one, other, _):
        return SimSiam.of_features(self, self.backbone(one), self.backbone(other))

    def optimiser(self):
        return torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)

    @staticmethod
    def seen(side):
        blur = transforms.GaussianBlur(5, (0.1 * side / 224, 2 * side / 224))
        return [crop(side, 0.2), transforms.RandomHorizontalFlip(), transforms.RandomVerticalFlip(),
                transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8), transforms.RandomGrayscale(0.2),
                transforms.RandomApply([blur], 0.5)]


class Masked(nn.Module):
    """SimMIM: six tenths of the patches are hidden."""
    learner, config, sets = "simmim", "simmim", {"evaluation.neighbours": "false"}

    def __init__(self, network):
        super().__init__()
        width = network.head.in_features
        network.head = nn.Identity()
        self.backbone = network
        self.mask_token, self.decoder = nn.Parameter(torch.zeros(1, 1, width)), nn.Linear(width, 3 * 16 * 16)

    def forward(self, images, _):
        network, embedded = self.backbone, self.backbone.patch_embed(images)
        count, patches = embedded.shape[:2]
        hidden = torch.rand(count, patches).argsort(1) < round(0.6 * patches)
        x = torch.where(hidden[:, :, None], self.mask_token, embedded)
        x = torch.cat([network.cls_token.expand(count, -1, -1), x], 1) + network.pos_embed
        said = self.decoder(network.norm(network.blocks(x))[:, 1:])
        return (said - cut(images))[hidden].abs().mean()

    def optimiser(self):
        return torch.optim.AdamW(self.parameters(), lr=5e-4, weight_decay=0.05)

    @staticmethod
    def seen(side):
        return [crop(side, 0.5), transforms.RandomHorizontalFlip(), transforms.RandomVerticalFlip()]


CASES = {name: (Labelled, *case) for name, case in speed.CASES.items()}
CASES["simsiam resnet18"] = (Pairs, *speed.CASES["resnet18"])
CASES["simmim vit_small_patch16"] = (Masked, *speed.CASES["vit_small_patch16"])


def crop(side, smallest):
    return transforms.RandomResizedCrop(side, scale=(smallest, 1), interpolation=transforms.InterpolationMode.BICUBIC)


class Views:
    """As many pictures of an image as a model compares."""
    def __init__(self, kind, side):
        self.count = 2 if kind is Pairs else 1
        self.seen = transforms.Compose([*kind.seen(side), transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)])

    def __call__(self, image):
        return [self.seen(image) for _ in range(self.count)]


class Theirs:
    def __init__(self, folder, model, side, channels_last, options):
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.model = model.to(memory_format=self.format)
        self.optimiser = model.optimiser()
        self.loader = torch.utils.data.DataLoader(datasets.ImageFolder(folder, Views(type(model), side)), BATCH, shuffle=True,
                                                  num_workers=options.workers, persistent_workers=True)
        self.epoch()  # workers start, files come into the system's memory

    def epoch(self):
        start = time.perf_counter()
        for views, labels in self.loader:
            self.optimiser.zero_grad()
            self.model(*(images.contiguous(memory_format=self.format) for images in views), labels).backward()
            self.optimiser.step()
        return time.perf_counter() - start


class Ours:
    def __init__(self, kind, architecture, side, options):
        sets = {f"{kind.learner}.architecture": architecture, f"{kind.learner}.image_size": side, "partition.clients": 1,
                "partition.kind": "even", "partition.test_fraction": 0.0005, "training.rounds": 3, "training.local_epochs": 1,
                "training.batch_size": BATCH, "evaluation.every": 1000, "evaluation.linear_probe": "false",
                "checkpoint.every": 1000, "machine.threads": options.threads, "machine.readers": options.workers, **kind.sets}
        self.command = [f"{options.build}/fedorbit", "run", f"configs/{kind.config}.toml", "--data", options.data]
        self.command += [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
        self.arithmetic = [f"{options.build}/tests/bench_network", architecture, str(side), str(BATCH), "float32",
                           str(options.threads), kind.learner]

    def epoch(self):
        """Seconds of the quicker of the two epochs after a first one, and the images of one."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([*self.command, "-o", f"{folder}/run"], check=True, capture_output=True)
            with h5py.File(f"{folder}/run/results.h5") as file:
                columns = (file[f"phases/{name}"][:] for name in ("round", "phase", "seconds"))
                training = [seconds for number, phase, seconds in zip(*columns) if phase == b"training" and number >= 1]
                return min(training), int(file["clients/train_samples"][0])

    def steps(self, images):
        """Seconds of as many steps as an epoch takes; single ones differ by some percent from each other."""
        whole = max(9, images // BATCH)
        run = subprocess.run(self.arithmetic, input="\n" * (whole + 2), check=True, capture_output=True, text=True)
        return images / BATCH * statistics.mean(float(line.split()[1]) for line in run.stdout.splitlines()[2:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("data")
    parser.add_argument("--build", default="build")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    networks.CLASSES = len(datasets.ImageFolder(options.folder).classes)
    for name, (kind, architecture, side, make) in CASES.items():
        if options.only not in name:
            continue
        ours = Ours(kind, architecture, side, options)
        theirs = {"pytorch": Theirs(options.folder, kind(make()), side, False, options)}
        if architecture.startswith("resnet"):
            theirs["pytorch, channels last"] = Theirs(options.folder, kind(make()), side, True, options)
        seconds = {rival: [] for rival in ("ours", "our steps", *theirs)}
        for _ in range(options.repeats):
            epoch, images = ours.epoch()
            seconds["ours"].append(epoch)
            seconds["our steps"].append(ours.steps(images))
            for rival, model in theirs.items():  # per image: ours holds one of each class out
                seconds[rival].append(model.epoch() * images / len(model.loader.dataset))
        for rival, taken in seconds.items():
            ratio = statistics.median(other / own for other, own in zip(taken, seconds["ours"]))
            print(f"{name} at {side}: {rival:24} {statistics.median(taken):7.2f} s an epoch, "
                  f"{ratio:.3f} of ours", flush=True)


if __name__ == "__main__":
    main()
