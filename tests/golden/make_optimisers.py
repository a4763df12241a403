"""Makes optimisers.safetensors: a few steps of PyTorch's SGD, Adam and AdamW, in float64, and learning rates.

    python make_optimisers.py        # needs torch, safetensors

Three clients of 7 numbers, of which the last 3 are not decayed; a client's optimiser steps only where it is active.
"clipped" is SGD along gradients that clip_grad_norm_ has shortened to 1.5. "rates" are those of 3 steps of warm-up and
then half a cosine, 12 steps in all.
"""
import pathlib

import torch
from safetensors.torch import save_file

RATE, STEPS = 0.05, 6
OPTIMISERS = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.9),
    "clipped": lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.9),
    "plain": lambda groups: torch.optim.SGD(groups, lr=RATE),
    "adam": lambda groups: torch.optim.Adam(groups, lr=RATE, betas=(0.9, 0.98), eps=1e-6),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=RATE, betas=(0.8, 0.999), eps=1e-8),
}
DECAY = {"sgd": 0.1, "clipped": 0.1, "plain": 0.0, "adam": 0.2, "adamw": 0.3}

generator = torch.Generator().manual_seed(3)
start = torch.randn(3, 7, generator=generator)
gradients = torch.randn(STEPS, 3, 7, generator=generator)
active = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1], [1, 0, 1], [1, 1, 0]]).float()
out = dict(start=start, gradients=gradients, active=active)
for name, make in OPTIMISERS.items():
    after = torch.zeros(STEPS, 3, 7)
    for k in range(3):
        decayed, free = (part.double().clone().requires_grad_() for part in (start[k, :4], start[k, 4:]))
        optimiser = make([dict(params=[decayed], weight_decay=DECAY[name]), dict(params=[free], weight_decay=0.0)])
        for i in range(STEPS):
            if active[i, k]:
                decayed.grad, free.grad = gradients[i, k, :4].double(), gradients[i, k, 4:].double()
                if name == "clipped":
                    torch.nn.utils.clip_grad_norm_([decayed, free], 1.5)
                optimiser.step()
            after[i, k] = torch.cat([decayed, free]).detach().float()
    out[name] = after
optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
schedules = torch.optim.lr_scheduler
schedule = schedules.SequentialLR(
    optimiser, [schedules.LinearLR(optimiser, start_factor=1 / 3, total_iters=2),
                schedules.CosineAnnealingLR(optimiser, T_max=9)], milestones=[3])
rates = []
for _ in range(12):
    rates.append(optimiser.param_groups[0]["lr"])
    optimiser.step()
    schedule.step()
out["rates"] = torch.tensor(rates, dtype=torch.float64)
save_file(out, pathlib.Path(__file__).parent / "optimisers.safetensors")
