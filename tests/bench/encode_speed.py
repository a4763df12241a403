"""How fast images are encoded: as a share of the matrix-multiply peak, and against open_clip in PyTorch.

    python tests/bench/encode_speed.py IMAGES [--fedorbit build/fedorbit] [--images 512] [--repeats 3] [--cores 2]

needs open_clip_torch, torch, pillow and safetensors. IMAGES holds class folders. A checkpoint of ViT-B/32's shape with
random weights is made first. Machines are noisy: everything is measured in turns in one run, and medians of ratios are
printed, by the clock and by processor time. Ours is one rank a core; decoding (`fedorbit prepare`, with its start) is
counted, and so is open_clip's, which runs as its users do: a plain loop with a thread a core, and loaders in processes of
their own, a worker a core, with one and with all threads beside; the quickest counts. Not counted on either side by the
clock: loading the program and the weights; ours has it in its processor time.
"""
import argparse
import json
import os
import pathlib
import re
import resource
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
PRECISIONS = ("float32", "bfloat16")
CHEAPEST = "open_clip's processors"


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


def peak(seconds=0.5, size=2048):
    """FLOP/s of float32 matrix products on all the cores that are measured, by the quicker of PyTorch's two libraries."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    best = 0
    for product in (lambda: a @ b, lambda: torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")):
        product()
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            product()
            count += 1
        best = max(best, count * 2 * size**3 / (time.perf_counter() - start))
    return best


def has_bfloat16():
    return any(re.match("(flags|Features).* (avx512_bf16|amx_bf16|bf16)( |$)", line) for line in open("/proc/cpuinfo"))


def measured(work):
    """(seconds by the clock, seconds of processors, what it gives), of this process and of those that it waits for."""
    def processors():
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(u.ru_utime + u.ru_stime for u in used)
    clock, before = time.perf_counter(), processors()
    out = work()
    return time.perf_counter() - clock, processors() - before, out


class Files(torch.utils.data.Dataset):
    def __init__(self, files, transform):
        self.files, self.transform = files, transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.transform(Image.open(self.files[i]).convert("RGB"))


def theirs(model, transform, files, workers, threads):
    torch.set_num_threads(threads)
    with torch.inference_mode():
        for images in torch.utils.data.DataLoader(Files(files, transform), BATCH, num_workers=workers):
            model.encode_image(images)


def prepare(fedorbit, folder, cores):
    (folder / "data.h5").unlink(missing_ok=True)
    subprocess.run([fedorbit, "prepare", folder / "images", "-o", folder / "data.h5", "--jobs", str(cores)], check=True,
                   capture_output=True)


def encode(fedorbit, folder, weights, cores, precision):
    """Seconds of encoding, by the program's own clock."""
    features = folder / "features.h5"
    features.unlink(missing_ok=True)
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(cores)] if cores > 1 else []
    done = subprocess.run([*launcher, fedorbit, "encode", "--data", folder / "data.h5", "--weights", weights, "-o", features,
                           "--precision", precision], check=True, capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    return float(re.search(r"encoded \d+ images in ([\d.e+-]+) s", done.stderr)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--fedorbit", default="build/fedorbit")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    cores = options.cores
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = sorted(options.folder.glob("*/*"))
        files = files[::max(1, len(files) // options.images)][:options.images]
        for file in files:
            (folder / "images" / file.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / "images" / file.parent.name / file.name)
        weights, model, transform = make_checkpoint(folder)
        ways = {f"loop, {cores} threads": (0, cores), f"{cores} workers, 1 thread": (cores, 1),
                f"{cores} workers, {cores} threads": (cores, cores)}
        precisions = PRECISIONS if has_bfloat16() else PRECISIONS[:1]
        shares, rows = [], []
        for _ in range(options.repeats):
            torch.set_num_threads(cores)
            top = peak()
            decoding = measured(lambda: prepare(options.fedorbit, folder, cores))
            ours = {p: measured(lambda: encode(options.fedorbit, folder, weights, cores, p)) for p in precisions}
            open_clips = {name: measured(lambda: theirs(model, transform, files, *way)) for name, way in ways.items()}
            rows.append({"decoding": decoding[0], **{p: ours[p][2] for p in precisions},
                         **{name: done[0] for name, done in open_clips.items()},
                         "processors": decoding[1] + ours["float32"][1],
                         CHEAPEST: min(done[1] for done in open_clips.values())})
            shares.append(flop_per_image() * len(files) / (ours["float32"][2] * (top + peak()) / 2))
            print(f"peak {top / 1e9:.0f} GFLOP/s;", "; ".join(f"{name} {value:.2f} s" for name, value in rows[-1].items()),
                  flush=True)

        def median(ratio):
            return statistics.median(ratio(row) for row in rows)
        quickest = [min(row[name] for name in ways) for row in rows]
        print(f"{len(files)} images, batch {BATCH}, {cores} cores: encoding in float32 reaches "
              f"{100 * statistics.median(shares):.0f} % of the matrix-multiply peak")
        for p in precisions:
            ratio = statistics.median(q / (row["decoding"] + row[p]) for q, row in zip(quickest, rows))
            print(f"decoding and encoding in {p} take 1/{ratio:.2f} of the time of open_clip's quickest way in float32")
        print(f"decoding and encoding in float32 take 1/{median(lambda r: r[CHEAPEST] / r['processors']):.2f} of the "
              "processor time of open_clip's cheapest way")
        if len(precisions) > 1:
            print(f"encoding in bfloat16 is {median(lambda r: r['float32'] / r['bfloat16']):.2f} times as fast as in "
                  "float32; with decoding "
                  f"{median(lambda r: (r['decoding'] + r['float32']) / (r['decoding'] + r['bfloat16'])):.2f} times")


if __name__ == "__main__":
    main()
