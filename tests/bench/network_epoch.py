#!/usr/bin/env python3
"""A local epoch of whole networks, images and all, beside the same in PyTorch with its loader.

    tests/bench/network_epoch.py FOLDER DATA.h5 [--build build] [--repeats 3] [--threads 2] [--workers 2] [--only resnet18]

needs torch, torchvision and h5py. FOLDER has a folder of images for each class, DATA.h5 is what `fedorbit prepare` made of
it. Both sides train one client on all images in batches of 32, in float32, SGD with momentum: random crops of half an
image and more, every other one mirrored, normalised. PyTorch decodes its files anew in every epoch, as users' loaders do;
ours has decoded images in the data set. Both have as many threads of arithmetic and as many workers (processes there,
threads here). Their epochs alternate; the medians of seconds and of ratios of neighbours are printed, and how
long ours takes beside its steps on a batch that lies in memory."""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import torch
from torch.nn import functional as F
from torchvision import datasets, transforms

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from network_speed import BATCH, CASES, networks  # noqa: E402

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Theirs:
    def __init__(self, folder, model, side, channels_last, options):
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.model = model.to(memory_format=self.format)
        self.optimiser = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
        crop = transforms.RandomResizedCrop(side, scale=(0.5, 1), interpolation=transforms.InterpolationMode.BICUBIC)
        images = datasets.ImageFolder(folder, transforms.Compose(
            [crop, transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)]))
        self.loader = torch.utils.data.DataLoader(images, BATCH, shuffle=True, num_workers=options.workers,
                                                  persistent_workers=True)
        self.epoch()  # workers start, files come into the system's memory

    def epoch(self):
        start = time.perf_counter()
        for images, labels in self.loader:
            self.optimiser.zero_grad()
            F.cross_entropy(self.model(images.contiguous(memory_format=self.format)), labels).backward()
            self.optimiser.step()
        return time.perf_counter() - start


class Ours:
    def __init__(self, architecture, side, options):
        sets = {"network.architecture": architecture, "network.image_size": side, "partition.clients": 1,
                "partition.kind": "even", "partition.test_fraction": 0.0005, "training.rounds": 3,
                "evaluation.every": 1000, "evaluation.linear_probe": "false", "checkpoint.every": 1000,
                "machine.threads": options.threads, "machine.readers": options.workers,
                "optimiser.kind": "sgd", "optimiser.learning_rate": 1e-3, "optimiser.weight_decay": 5e-4}
        self.command = [f"{options.build}/fedorbit", "run", "configs/fedavg-vit-small.toml", "--data", options.data]
        self.command += [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
        self.arithmetic = [f"{options.build}/tests/bench_network", architecture, str(side), str(BATCH), "float32",
                           str(options.threads)]

    def epoch(self):
        """Seconds of the quicker of the two epochs after a first one, and the images of one."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([*self.command, "-o", f"{folder}/run"], check=True, capture_output=True)
            with h5py.File(f"{folder}/run/results.h5") as file:
                columns = (file[f"phases/{name}"][:] for name in ("round", "phase", "seconds"))
                training = [seconds for number, phase, seconds in zip(*columns) if phase == b"training" and number >= 1]
                return min(training), int(file["clients/train_samples"][0])

    def step(self, repeats=9):
        run = subprocess.run(self.arithmetic, input="\n" * (repeats + 2), check=True, capture_output=True, text=True)
        return statistics.median(float(line.split()[1]) for line in run.stdout.splitlines()[2:])


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
    for name, (architecture, side, make) in CASES.items():
        if options.only not in name:
            continue
        ours = Ours(architecture, side, options)
        theirs = {"pytorch": Theirs(options.folder, make(), side, False, options)}
        if name.startswith("resnet"):
            theirs["pytorch, channels last"] = Theirs(options.folder, make(), side, True, options)
        seconds = {rival: [] for rival in ("ours", "our steps", *theirs)}
        for _ in range(options.repeats):
            epoch, images = ours.epoch()
            seconds["ours"].append(epoch)
            seconds["our steps"].append(images / BATCH * ours.step())
            for rival, model in theirs.items():  # per image: ours holds one of each class out
                seconds[rival].append(model.epoch() * images / len(model.loader.dataset))
        for rival, taken in seconds.items():
            ratio = statistics.median(other / own for other, own in zip(taken, seconds["ours"]))
            print(f"{name} at {side}: {rival:24} {statistics.median(taken):7.2f} s an epoch, "
                  f"{ratio:.3f} of ours", flush=True)


if __name__ == "__main__":
    main()
