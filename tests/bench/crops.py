"""How fast random crops are made of images in memory, against PyTorch's loader and torchvision's transforms.

    python tests/bench/crops.py DATA.h5 [--bench build/tests/bench_crops] [--pixels 64] [--workers 2] [--repeats 5]

needs torch, torchvision, pillow and h5py. DATA.h5 is made by `fedorbit prepare`; its images are decoded already, and
both sides keep them in memory. An epoch: batches of 32, random crops of 8 to 100 % of an image resized to so many pixels
with antialiased bicubic weights, every other one mirrored, normalised. Both have as many workers (processes there,
threads here) and nothing else to do. torchvision works on Pillow's images and, in its second version, on tensors; the
quicker counts. Epochs alternate; medians of seconds and of ratios are printed.
"""
import argparse
import statistics
import subprocess
import time

import h5py
import numpy
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import v2

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Images(torch.utils.data.Dataset):
    def __init__(self, images, transform):
        self.images, self.transform = images, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.transform(self.images[i]), i


def loader_of(images, transform, workers):
    return torch.utils.data.DataLoader(Images(images, transform), batch_size=32, shuffle=True, num_workers=workers,
                                       persistent_workers=True, prefetch_factor=2)


def epoch(loader):
    start = time.perf_counter()
    for batch, _ in loader:
        pass
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--bench", default="build/tests/bench_crops")
    parser.add_argument("--pixels", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with h5py.File(arguments.data) as file:
        pixels, offset, height, width = (file[name][:] for name in ("pixels", "offset", "height", "width"))
    arrays = [pixels[o:o + 3 * h * w].reshape(h, w, 3) for o, h, w in zip(offset, height, width)]
    bicubic = transforms.InterpolationMode.BICUBIC
    crop = {"size": arguments.pixels, "scale": (0.08, 1), "interpolation": bicubic}
    of_pillow = transforms.Compose([transforms.RandomResizedCrop(**crop), transforms.RandomHorizontalFlip(),
                                    transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)])
    of_tensors = v2.Compose([v2.RandomResizedCrop(**crop, antialias=True), v2.RandomHorizontalFlip(),
                             v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, DEVIATION)])
    tensors = [torch.from_numpy(numpy.ascontiguousarray(a.transpose(2, 0, 1))) for a in arrays]
    loaders = {"torchvision, Pillow": loader_of([Image.fromarray(a) for a in arrays], of_pillow, arguments.workers),
               "torchvision, tensors": loader_of(tensors, of_tensors, arguments.workers)}

    def ours(kept):
        command = [arguments.bench, arguments.data, str(arguments.pixels), str(arguments.workers), str(int(kept))]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    turns = {name: (lambda loader=loader: epoch(loader)) for name, loader in loaders.items()}
    turns |= {"ours, kept": lambda: ours(True), "ours, read again": lambda: ours(False)}
    for loader in loaders.values():
        epoch(loader)  # workers start
    seconds = {name: [] for name in turns}
    for _ in range(arguments.repeats):
        for name, turn in turns.items():
            seconds[name].append(turn())
    quickest = [min(pair) for pair in zip(*(seconds[name] for name in loaders))]
    print(f"{len(arrays)} images to {arguments.pixels} pixels, {arguments.workers} workers, medians of "
          f"{arguments.repeats} epochs")
    for name, values in seconds.items():
        ratio = statistics.median(theirs / value for theirs, value in zip(quickest, values))
        print(f"{name:22} {statistics.median(values):7.3f} s  {len(arrays) / statistics.median(values):7.0f} images/s  "
              f"{ratio:5.2f} times PyTorch's quickest")


if __name__ == "__main__":
    main()
