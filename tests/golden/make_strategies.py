"""Makes strategies.safetensors: steps of servers and rounds of SCAFFOLD, in float64, from the formulas of their papers.

    python make_strategies.py        # needs torch, numpy, safetensors

FedAvg and FedAvgM are PyTorch's SGD, FedAdagrad without a mean is its Adagrad (checked here); the others are
algorithm 2 of Reddi et al. 2021 (arXiv 2003.00295). SCAFFOLD is algorithm 1 of Karimireddy et al. 2020 (arXiv
1910.06378), option II, with gradients by autograd, on quadratic losses.
"""
import pathlib

import numpy
import torch
from safetensors.torch import save_file

LENGTH, ROUNDS = 6, 8
random = numpy.random.default_rng(5)
start = random.normal(size=LENGTH)
updates = random.normal(size=(ROUNDS, LENGTH)) * 10.0 ** random.uniform(-3, 0, size=(1, LENGTH))
updates = updates.astype(numpy.float32).astype(numpy.float64)
start = start.astype(numpy.float32).astype(numpy.float64)
out = {"start": start, "updates": updates}


def by_torch(make):
    """A server's optimiser, whose gradient is the negative of the mean update."""
    w = torch.tensor(start, requires_grad=True)
    optimiser, after = make([w]), []
    for update in updates:
        w.grad = -torch.tensor(update)
        optimiser.step()
        after.append(w.detach().numpy().copy())
    return numpy.stack(after)


def adaptive(rate, beta1, tau, follow):
    w, m, v, after = start.copy(), numpy.zeros(LENGTH), numpy.full(LENGTH, tau**2), []
    for update in updates:
        m = beta1 * m + (1 - beta1) * update
        v = follow(v, update**2)
        w = w + rate * m / (numpy.sqrt(v) + tau)
        after.append(w.copy())
    return numpy.stack(after)


out["fedavg"] = by_torch(lambda w: torch.optim.SGD(w, lr=0.7))
out["fedavgm"] = by_torch(lambda w: torch.optim.SGD(w, lr=0.6, momentum=0.8))
out["fedadagrad"] = adaptive(0.05, 0.3, 0.02, lambda v, square: v + square)
out["fedadam"] = adaptive(0.04, 0.85, 0.03, lambda v, square: 0.95 * v + 0.05 * square)
out["fedyogi"] = adaptive(0.03, 0.75, 0.01, lambda v, square: v - 0.1 * square * numpy.sign(v - square))
numpy.testing.assert_allclose(
    adaptive(0.05, 0, 0.02, lambda v, square: v + square),
    by_torch(lambda w: torch.optim.Adagrad(w, lr=0.05, eps=0.02, initial_accumulator_value=0.02**2)), rtol=1e-12)

# SCAFFOLD: client i's loss is w A_i w / 2 - b_i w.
CLIENTS, LOCAL, GLOBAL = 5, 0.05, 0.9
roots = random.normal(size=(CLIENTS, LENGTH, LENGTH)).astype(numpy.float32)
A = torch.tensor(roots @ roots.transpose(0, 2, 1) / LENGTH).float()
b = torch.tensor(random.normal(size=(CLIENTS, LENGTH))).float()
cohorts = torch.tensor(numpy.stack([numpy.sort(random.choice(CLIENTS, 3, replace=False)) for _ in range(ROUNDS)]))
steps = torch.tensor([1, 4, 2, 7, 3])
x, c, kept = torch.tensor(start), torch.zeros(LENGTH).double(), torch.zeros(CLIENTS, LENGTH).double()
history = {"global": [], "c": [], "kept": []}
for cohort in cohorts:
    models, changes = [], []
    for i in cohort.tolist():
        y = x.clone()
        for _ in range(steps[i]):
            w = y.clone().requires_grad_()
            (0.5 * w @ A[i].double() @ w - b[i].double() @ w).backward()
            y = y - LOCAL * (w.grad - kept[i] + c)
        after = kept[i] - c + (x - y) / (steps[i] * LOCAL)
        models.append(y - x)
        changes.append(after - kept[i])
        kept[i] = after
    x = x + GLOBAL * torch.stack(models).mean(0)
    c = c + len(cohort) / CLIENTS * torch.stack(changes).mean(0)
    for name, value in (("global", x), ("c", c), ("kept", kept)):
        history[name].append(value.clone())
out |= {f"scaffold.{name}": torch.stack(values) for name, values in history.items()}
out |= {"scaffold.A": A, "scaffold.b": b, "scaffold.start": start}

# FedSAM and FedLESAM on the same clients, under FedAvg: gradients at w + e, taken at w. FedLESAM's e goes from the model that
# the client received last to the one before that; its authors' code divides by a sum of norms, here it is the norm.
RHO = 0.3
for method in ("fedsam", "fedlesam"):
    x, received, after = torch.tensor(start), {}, []
    for cohort in cohorts:
        models = []
        for i in cohort.tolist():
            def gradient(at, i=i):
                w = at.clone().requires_grad_()
                (0.5 * w @ A[i].double() @ w - b[i].double() @ w).backward()
                return w.grad
            y = x.clone()
            for _ in range(steps[i]):
                e = torch.zeros(LENGTH).double()
                if method == "fedsam":
                    e = RHO * gradient(y) / gradient(y).norm()
                elif i in received and not torch.equal(received[i], x):
                    e = RHO * (received[i] - x) / (received[i] - x).norm()
                y = y - LOCAL * gradient(y + e)
            received[i] = x.clone()
            models.append(y - x)
        x = x + GLOBAL * torch.stack(models).mean(0)
        after.append(x.clone())
    out[f"{method}.global"] = torch.stack(after)

# FedU and FedEMA on the same clients, under FedAvg: the first numbers are a convolution of the encoder, the others the
# predictor. FedU's clients go on with their own predictor where their encoder moved by FAR or more in their last turn; FedEMA's
# begin between their own last model and the global one.
ENCODER, FAR, TAU = 4, 0.25, 0.7
for method, scale in (("fedu", 0), ("fedema", 0), ("fedema.fixed", 0.4)):
    x, own, moved, scales, after = torch.tensor(start), {}, {}, {}, []
    for cohort in cohorts:
        models = []
        for i in cohort.tolist():
            y = x.clone()
            if method == "fedu" and moved.get(i, 0) >= FAR:
                y[ENCODER:] = own[i][ENCODER:]
            if method != "fedu" and i in own:
                apart = (x - own[i])[:ENCODER].norm()
                share = min(float(scales.setdefault(i, scale or TAU / apart) * apart), 1)
                y = share * own[i] + (1 - share) * x
            for _ in range(steps[i]):
                w = y.clone().requires_grad_()
                (0.5 * w @ A[i].double() @ w - b[i].double() @ w).backward()
                y = y - LOCAL * w.grad
            own[i], moved[i] = y, float((y - x)[:ENCODER].norm())
            models.append(y - x)
        x = x + GLOBAL * torch.stack(models).mean(0)
        after.append(x.clone())
    assert method != "fedu" or min(moved.values()) < FAR <= max(moved.values()), moved
    out[f"{method}.global"] = torch.stack(after)
tensors = {name: torch.as_tensor(value).float().contiguous() for name, value in out.items()}
save_file(tensors | {"scaffold.cohorts": cohorts, "scaffold.steps": steps},
          pathlib.Path(__file__).parent / "strategies.safetensors")
