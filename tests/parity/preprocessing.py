"""Compares preprocessing with open_clip's on 200 real images of several sizes, and prints what differs.

    python preprocessing.py PROBE VOCABULARY IMAGES...      # needs torch, open_clip_torch, pillow, safetensors

PROBE is build/tests/probe, VOCABULARY CLIP's bpe_simple_vocab_16e6.txt.gz, IMAGES are folders of class folders, from
which equal numbers are drawn; every fourth image is a wide or a high piece cut from one of them, stored as JPEG with
halved colour. A row of the table is a size: bytes of decoded pixels that differ between GDAL and Pillow; the mean and
the largest difference after resizing, cutting and normalising; the largest error of an image feature (difference of an
element, divided by the largest element of the same row) that open_clip's ViT-B/32 with seeded random weights makes of
our pixels, and that our program makes from the file on.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy
import open_clip
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

PROBE, VOCABULARY, *FOLDERS = sys.argv[1:]
COUNT, SIZE = 200, 224


def chosen(folder):
    draw = random.Random(224)
    whole = COUNT * 3 // 4 // len(FOLDERS)
    files = []
    for place in FOLDERS:
        found = sorted(p for p in pathlib.Path(place).glob("*/*") if p.suffix.lower() in (".jpg", ".png", ".tif"))
        files += draw.sample(found, whole)
    for i in range(COUNT - len(files)):
        source = Image.open(draw.choice(files[:whole])).convert("RGB")
        width, height = (source.width, source.height * 2 // 3) if i % 2 else (source.width // 2, source.height)
        left, top = (source.width - width) // 2, (source.height - height) // 2
        files.append(folder / f"piece{i}.jpg")
        source.crop((left, top, left + width, top + height)).save(files[-1], quality=90, subsampling="4:2:0")
    return [str(file) for file in files]


def relative(actual, expected):
    return ((actual - expected).abs().amax(-1) / expected.abs().amax(-1)).max().item()


with tempfile.TemporaryDirectory() as place, torch.inference_mode():
    folder = pathlib.Path(place)
    files = chosen(folder)
    (folder / "files.json").write_text(json.dumps(files))
    subprocess.run([PROBE, "pixels", str(SIZE), folder / "files.json", folder / "pixels.safetensors"], check=True)
    ours = load_file(folder / "pixels.safetensors")

    torch.manual_seed(1)
    model, _, transform = open_clip.create_model_and_transforms("ViT-B-32", pretrained=None, force_quick_gelu=True)
    model.eval()
    theirs = torch.stack([transform(Image.open(file)) for file in files])
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(
        {"model_cfg": open_clip.get_model_config("ViT-B-32") | {"quick_gelu": True}}))
    tokens = torch.zeros(1, 77, dtype=torch.long)
    save_file({"images": ours["pixels"], "tokens": tokens}, folder / "inputs.safetensors")
    subprocess.run([PROBE, "features", folder / "model.safetensors", VOCABULARY, "float32", folder / "inputs.safetensors",
                    folder / "features.safetensors"], check=True)
    features = load_file(folder / "features.safetensors")["features"]
    expected, of_ours = ((torch.cat([model.encode_image(part) for part in pixels.split(50)]))
                         for pixels in (theirs, ours["pixels"]))

    rows = {}
    for i, file in enumerate(files):
        decoded, image = ours[f"image.{i}"].numpy(), numpy.asarray(Image.open(file).convert("RGB"))
        assert decoded.shape == image.shape, file
        height, width = image.shape[:2]
        square = "256 or nearly" if 242 <= min(height, width) and max(height, width) <= 257 else None
        rows.setdefault(square or f"{width} x {height}", []).append(
            (i, (decoded != image).sum(), numpy.abs(decoded.astype(int) - image).max()))

print(f"{'width x height':20} {'images':>6} {'decoded bytes':>14} {'by at most':>10} {'pixels: mean':>12} {'largest':>8} "
      f"{'features: pixels':>16} {'program':>8}")
rows["all"] = [row for group in list(rows.values()) for row in group]
for name, group in rows.items():
    which = [row[0] for row in group]
    difference = (ours["pixels"][which] - theirs[which]).abs()
    print(f"{name:20} {len(group):6} {sum(row[1] for row in group):14} {max(row[2] for row in group):10} "
          f"{difference.mean().item():12.1e} {difference.max().item():8.1e} "
          f"{relative(of_ours[which], expected[which]):16.1e} {relative(features[which], expected[which]):8.1e}")
sys.exit((ours["pixels"] - theirs).abs().max().item() > 1e-6)
