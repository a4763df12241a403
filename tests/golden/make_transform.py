"""Makes transform.safetensors: what open_clip's evaluation transform gives for generated images.

    python make_transform.py        # needs open_clip_torch, torchvision, pillow, numpy, safetensors

An image's bytes come from a linear congruential generator that the test repeats, so images need no files.
"""
import pathlib

import numpy as np
import torch
from open_clip.transform import image_transform
from PIL import Image
from safetensors.torch import save_file

# (height, width, side of the square that comes out)
CASES = [(37, 53, 16), (64, 40, 16), (16, 16, 16), (9, 12, 16), (150, 150, 24), (256, 257, 32), (31, 200, 15), (5, 3, 8),
         (20, 16, 16), (1, 4, 6)]


def image(height, width):
    state, out = height * 1000 + width, bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(3):
                state = (state * 1664525 + 1013904223) % 2**32
                # half a slope, half noise: long edges and single pixels
                out.append(((x * 5 + y * 3 + c * 40) % 256 + (state >> 24)) // 2 if (x // 8 + y // 8) % 2 else state >> 24)
    return Image.fromarray(np.frombuffer(bytes(out), np.uint8).reshape(height, width, 3))


tensors = {}
for height, width, size in CASES:
    transform = image_transform(size, is_train=False)
    tensors[f"{height}x{width}to{size}"] = transform(image(height, width))
save_file(tensors, pathlib.Path(__file__).parent / "transform.safetensors")
