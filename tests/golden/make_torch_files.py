"""Makes the small PyTorch files of tests/io: what torch.save and torch.jit.save write of a few tensors, and what they
must not contain.

    python make_torch_files.py        # needs torch, numpy
"""
import argparse
import collections
import io
import pathlib
import pickle
import zipfile

import numpy
import torch

HERE = pathlib.Path(__file__).parent / "torch"
HERE.mkdir(exist_ok=True)

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
state = collections.OrderedDict(
    float32=base.clone(), float16=base[:2].half(), bfloat16=(base[:2] / 3).bfloat16(), int64=torch.arange(3),
    scalar=torch.tensor(2.5), turned=base.t(), shared=base[1:3, 2:5], empty=torch.empty(0, 4),
    parameter=torch.nn.Parameter(torch.tensor([1.5, -2.0])))
state._metadata = collections.OrderedDict(version=1)
torch.save(state, HERE / "state.pt")
torch.save(dict(state), HERE / "protocol4.pt", pickle_protocol=4)
torch.save({"epoch": 3, "name": "training", "loss": 0.25, "big": 2**40, "negative": -5, "done": True, "none": None,
            "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.98)}]},
            "state_dict": {"module." + k: v for k, v in state.items()}}, HERE / "wrapped.pt")
torch.save(state, HERE / "legacy.pt", _use_new_zipfile_serialization=False)
torch.save({"a": torch.ones(1), "b": numpy.float64(1)}, HERE / "numpy.pt")
# What training programs keep beside the weights; protocol 2 spells bytes by _codecs, protocol 4 as they are.
beside = {"epoch": numpy.int64(3), "accuracy": numpy.float64(0.5), "curve": numpy.arange(3.0), "seed": 2**100,
          "negative": -2**100, "args": argparse.Namespace(lr=1e-3, name="run"), "state_dict": state}
torch.save(beside, HERE / "beside.pt")
torch.save(beside, HERE / "beside4.pt", pickle_protocol=4)
torch.save(torch.nn.Linear(2, 2), HERE / "module.pt")


class Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).half())
        self.register_buffer("mask", torch.tensor([0.0, float("-inf")]))
        self.sizes = [1, 2, 3]
        self.names = {"a": 1}

    def forward(self, x):
        return x @ self.weight.float() + self.sizes[0]


class Outer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(Inner(), torch.nn.ReLU(), Inner())
        self.logit_scale = torch.nn.Parameter(torch.tensor(4.6))
        self.tied = self.layers[0].weight

    def forward(self, x):
        return self.layers(x) * self.logit_scale


torch.jit.save(torch.jit.script(Outer()), HERE / "script.pt")


class Command:
    def __reduce__(self):
        return print, ("this must never run",)


content = io.BytesIO()
pickle.dump({"a": Command()}, content, protocol=2)
with zipfile.ZipFile(HERE / "command.pt", "w") as archive:
    archive.writestr("archive/data.pkl", content.getvalue())
with zipfile.ZipFile(HERE / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("archive/data.pkl", bytes(10_000_000))
for file in sorted(HERE.iterdir()):
    print(file.name, file.stat().st_size)
