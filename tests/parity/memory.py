"""Makes files of a ViT-L/14's size and prints the peak memory of loading them.

    python memory.py PROBE VOCABULARY      # needs torch, open_clip_torch, transformers, safetensors

PROBE is build/tests/probe, which reads every weight after loading. "over" is the peak beyond the file's size.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import open_clip
import torch
import transformers
from safetensors.torch import save_file

PROBE, VOCABULARY = sys.argv[1:3]
stated = open_clip.get_model_config("ViT-L-14")
with torch.device("meta"):
    shapes = {k: v.shape for k, v in open_clip.CLIP(**stated).state_dict().items()}
    vision = dict(image_size=224, patch_size=14, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
                  num_attention_heads=16, projection_dim=768)
    text = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, projection_dim=768)
    other = transformers.CLIPConfig(projection_dim=768, vision_config=vision, text_config=text)
    other_shapes = {k: v.shape for k, v in transformers.CLIPModel(other).state_dict().items()}


def filled(shapes, type):
    return {k: torch.full(s, 0.01, dtype=type) for k, s in shapes.items() if "attn_mask" not in k and "position_ids" not in k}


def measure(name, file):
    size = os.path.getsize(file) / 1e6
    out = json.loads(subprocess.run([PROBE, "load", file, VOCABULARY], check=True, capture_output=True, text=True).stdout)
    print(f"{name:28} file {size:7.1f} MB  peak {out['peak_MB']:7.1f} MB  over {out['peak_MB'] - size:6.1f} MB"
          f"  (program {out['before_MB']:.0f} MB, private {out['private_MB']:.0f} MB)", flush=True)


with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": stated}))
    (folder / "config.json").write_text(json.dumps(other.to_dict()))
    for type in (torch.float32, torch.float16):
        tensors = filled(shapes, type)
        save_file(tensors, folder / "a.safetensors")
        measure(f"open_clip safetensors {str(type)[6:]}", folder / "a.safetensors")
        torch.save({"state_dict": tensors}, folder / "a.safetensors")
        measure(f"open_clip state dict {str(type)[6:]}", folder / "a.safetensors")
    save_file(filled(other_shapes, torch.float32), folder / "a.safetensors")
    measure("transformers float32", folder / "a.safetensors")
