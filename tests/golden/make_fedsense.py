"""Makes fedsense.safetensors: similarities of images, what several encoders see of them in the mean, the divergence from
it with its gradient, and steps that a server's linear encoder takes down that, in float64 by PyTorch.

    python make_fedsense.py        # needs torch, safetensors

The equations are this project's own: FedSense (arXiv 2503.11051) publishes none in reach. The divergence is PyTorch's
kl_div, the steps are those of its SGD and Adam.
"""
import pathlib

import torch
from safetensors.torch import save_file

TEMPERATURE, STEPS = 0.3, 7
torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
draw = lambda *shape: torch.randn(*shape).float().double()
images = draw(2, 5, 4)  # batches, images, numbers
clients, weights = draw(3, 3, 4), torch.tensor([3, 1, 4])  # linear encoders
start = draw(3, 4)


def others(features):
    """Of each image the cosines of all others."""
    rows = torch.nn.functional.normalize(features, dim=1)
    return torch.stack([torch.cat([rows[:i], rows[i + 1:]]) @ rows[i] for i in range(len(rows))])


def seen(encoder):
    return torch.stack([torch.softmax(others(batch @ encoder.T) / TEMPERATURE, 1) for batch in images])


def divergence(wanted, features):
    return torch.nn.functional.kl_div(torch.log_softmax(others(features) / TEMPERATURE, 1), wanted, reduction="batchmean")


wanted = sum(weight * seen(encoder) for weight, encoder in zip(weights, clients)) / weights.sum()
features = (images[0] @ start.T).clone().requires_grad_()
loss = divergence(wanted[0], features)
loss.backward()
out = {"images": images, "clients": clients, "weights": weights, "start": start, "seen": torch.stack([seen(c) for c in clients]),
       "wanted": wanted, "features": features.detach(), "loss": loss.detach(), "gradient": features.grad}
for name, make in (("sgd", lambda w: torch.optim.SGD(w, lr=0.2, momentum=0.8)), ("adam", lambda w: torch.optim.Adam(w, lr=0.05))):
    encoder = start.clone().requires_grad_()
    optimiser = make([encoder])
    for step in range(STEPS):
        optimiser.zero_grad()
        batch = step % len(images)
        divergence(wanted[batch], images[batch] @ encoder.T).backward()
        optimiser.step()
    out[name] = encoder.detach()
tensors = {name: value.float().contiguous() for name, value in out.items() if name != "weights"}
save_file(tensors | {"weights": weights}, pathlib.Path(__file__).parent / "fedsense.safetensors")
