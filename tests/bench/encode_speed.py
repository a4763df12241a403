"""How fast images are encoded: as a share of the matrix-multiply peak, and against open_clip in PyTorch.

    python tests/bench/encode_speed.py IMAGES [--fedorbit build/fedorbit] [--images 512] [--repeats 3] [--cores 2]

needs open_clip_torch, torch, pillow and safetensors. IMAGES holds class folders. A checkpoint of ViT-B/32's shape with
random weights is made first. Machines are noisy: everything is measured in turns in one run, and ratios of medians are
printed. Ours is one rank a core; decoding (`fedorbit prepare`, with its start) is counted, and so is open_clip's. Not
counted on either side: loading the program and the weights.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file

BATCH = 32


def make_checkpoint(folder):
    """open_clip's ViT-B/32 with seeded random weights, as open_clip publishes its checkpoints."""
    torch.manual_seed(1)
    model, _, transform = open_clip.create_model_and_transforms("ViT-B-32", pretrained=None, force_quick_gelu=True)
    model.eval()
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()},
              folder / "open_clip_model.safetensors")
    config = open_clip.get_model_config("ViT-B-32") | {"quick_gelu": True}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    vocabulary = pathlib.Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    shutil.copy(vocabulary, folder / vocabulary.name)
    return folder / "open_clip_model.safetensors", model, transform


def flop_per_image(width=768, layers=12, patches=49, patch_numbers=3 * 32 * 32, out=512):
    tokens = patches + 1
    a_layer = 2 * tokens * 12 * width * width + 4 * tokens * tokens * width
    return 2 * patches * patch_numbers * width + layers * a_layer + 2 * width * out


def peak(seconds=1.0, size=2048):
    """FLOP/s of float32 matrix products on all the cores that are measured."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    a @ b
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        a @ b
        count += 1
    return count * 2 * size**3 / (time.perf_counter() - start)


class Files(torch.utils.data.Dataset):
    def __init__(self, files, transform):
        self.files, self.transform = files, transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.transform(Image.open(self.files[i]).convert("RGB"))


def theirs(model, transform, files, workers):
    start = time.perf_counter()
    with torch.inference_mode():
        for images in torch.utils.data.DataLoader(Files(files, transform), BATCH, num_workers=workers):
            model.encode_image(images)
    return time.perf_counter() - start


def ours(fedorbit, folder, weights, cores):
    """(seconds of decoding, seconds of encoding)"""
    data, features = folder / "data.h5", folder / "features.h5"
    for file in (data, features):
        file.unlink(missing_ok=True)
    start = time.perf_counter()
    subprocess.run([fedorbit, "prepare", folder / "images", "-o", data, "--jobs", str(cores)], check=True, capture_output=True)
    decoding = time.perf_counter() - start
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(cores)] if cores > 1 else []
    done = subprocess.run([*launcher, fedorbit, "encode", "--data", data, "--weights", weights, "-o", features], check=True,
                          capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return decoding, float(re.search(r"encoded \d+ images in ([\d.e+-]+) s", done.stderr)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--fedorbit", default="build/fedorbit")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.cores)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = sorted(options.folder.glob("*/*"))
        files = files[::max(1, len(files) // options.images)][:options.images]
        for file in files:
            (folder / "images" / file.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / "images" / file.parent.name / file.name)
        weights, model, transform = make_checkpoint(folder)
        rows = []
        for _ in range(options.repeats):
            before = peak()
            decoding, encoding = ours(options.fedorbit, folder, weights, options.cores)
            between = peak()
            plain, workers = theirs(model, transform, files, 0), theirs(model, transform, files, options.cores)
            rows.append((statistics.mean((before, between)), decoding, encoding, plain, workers))
            print("peak {:.0f} GFLOP/s; ours: decoding {:.2f} s, encoding {:.2f} s; open_clip: {:.2f} s, with workers {:.2f} s"
                  .format(rows[-1][0] / 1e9, *rows[-1][1:]), flush=True)
        work = flop_per_image() * len(files)
        share = statistics.median(work / (row[2] * row[0]) for row in rows)
        ratio = statistics.median(min(row[3:]) / (row[1] + row[2]) for row in rows)
        print(f"{len(files)} images, batch {BATCH}, float32, {options.cores} cores: encoding reaches {100 * share:.0f} % of the "
              f"matrix-multiply peak; decoding and encoding take 1/{ratio:.2f} of open_clip's time")


if __name__ == "__main__":
    main()
