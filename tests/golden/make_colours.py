#!/usr/bin/env python3
"""Makes colours.safetensors: what torchvision makes of one view under disturbances of its colours, in float32.

    tests/golden/make_colours.py        # needs torchvision and safetensors

`view`: (3, 12, 12) bytes, noise with some greys among it. `drawn`: a row a case: four steps by number (brightness,
contrast, saturation, hue) in their order, or -1 four times; their four amounts by number; 1 where it is then made grey;
the deviation of a blur, 0 for none. `seen`: (cases, 3, 12, 12), values times 255, not rounded."""
import math
import pathlib

import torch
from safetensors.torch import save_file
from torchvision.transforms.v2 import functional as F

NONE = [-1, -1, -1, -1]
CASES = [([0, 1, 2, 3], [1.3, 0.7, 1.4, 0.1], 0, 0), ([3, 2, 1, 0], [0.6, 1.4, 0.6, -0.1], 0, 0.9),
         ([2, 3, 0, 1], [1.2, 1.3, 0.8, 0.5], 0, 0), ([1, 3, 2, 0], [1, 1, 1.4, -0.5], 1, 0.3), (NONE, [1, 1, 1, 0], 1, 0),
         (NONE, [1, 1, 1, 0], 0, 2.0), (NONE, [1, 1, 1, 0], 0, 0.1)]


def main():
    generator = torch.Generator().manual_seed(8)
    view = torch.randint(0, 256, (3, 12, 12), generator=generator, dtype=torch.uint8)
    view[:, 2:4] = view[:1, 2:4]  # no hue
    view[:, 4], view[:, 5] = 0, 255
    seen = []
    for order, amount, grey, blur in CASES:
        x = view.float() / 255
        for step in order if order != NONE else []:
            adjust = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)[step]
            x = adjust(x, amount[step])
        if grey:
            x = F.rgb_to_grayscale(x, num_output_channels=3)
        if blur:
            reach = math.ceil(3 * blur)
            x = F.gaussian_blur(x, [2 * reach + 1] * 2, [blur] * 2)
        seen.append(x * 255)
    drawn = torch.tensor([[*order, *amount, grey, blur] for order, amount, grey, blur in CASES], dtype=torch.float32)
    save_file({"view": view, "drawn": drawn, "seen": torch.stack(seen)},
              pathlib.Path(__file__).parent / "colours.safetensors")


if __name__ == "__main__":
    main()
