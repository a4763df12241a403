"""Makes fedclip.safetensors: losses, gradients, logits and local steps of FedCLIP, computed in float64 with PyTorch's
modules, each client alone and without its absent samples.

    python make_fedclip.py        # needs torch, safetensors
"""
import pathlib

import torch
from safetensors.torch import save_file
from torch.nn import Linear, Sequential, Softmax, Tanh
from torch.nn.functional import cross_entropy, normalize

K, B, D, C, STEPS, SCALE = 3, 6, 16, 5, 4, 100.0
PRESENT = [6, 4, 1]  # samples of each client's batch
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)


def float32(tensor):
    return tensor.float().double()


def adapter():
    """PyTorch's own Linear, started as it starts."""
    made = Sequential(Linear(D, D), Tanh(), Linear(D, D), Softmax(dim=1))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(float32(3 * parameter))  # further from the start, where the gate is nearly even
    return made


def logits_of(gate, images, texts):
    return SCALE * normalize(gate(images) * images, dim=1) @ texts.T


def contrastive(gate, images, labels):
    similarity, own = logits_of(gate, images, texts[labels]), torch.arange(len(images))
    return (cross_entropy(similarity, own) + cross_entropy(similarity.T, own)) / 2


def class_wise(gate, images, labels):
    return cross_entropy(logits_of(gate, images, texts), labels)


def flat(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


texts = float32(normalize(torch.randn(C, D), dim=1))
features = float32(2 * torch.randn(STEPS, K, B, D))  # raw: of no particular length
labels = torch.randint(C, (STEPS, K, B))
gates = [adapter() for _ in range(K)]
out = {"texts": texts, "features": features, "present": torch.tensor([[b < n for b in range(B)] for n in PRESENT]).double(),
       "shared": torch.stack([flat(gate.parameters()) for gate in gates]).detach()}
for name, objective in (("contrastive", contrastive), ("classes", class_wise)):
    losses, gradients = [], []
    for k, gate in enumerate(gates):
        loss = objective(gate, features[0, k, : PRESENT[k]], labels[0, k, : PRESENT[k]])
        losses.append(loss.detach())
        gradients.append(flat(torch.autograd.grad(loss, list(gate.parameters()))))
    out[name + ".loss"], out[name + ".gradient"] = torch.stack(losses), torch.stack(gradients)
out["logits"] = torch.stack([logits_of(gate, features[0, k], texts) for k, gate in enumerate(gates)]).detach()

# A turn of each client, by the optimiser of the authors' code; whole batches.
trained = []
for k, gate in enumerate(gates):
    optimiser = torch.optim.Adam(gate.parameters(), lr=5e-5, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2)
    for step in range(STEPS):
        optimiser.zero_grad()
        contrastive(gate, features[step, k], labels[step, k]).backward()
        optimiser.step()
    trained.append(flat(gate.parameters()).detach())
out["trained"] = torch.stack(trained)

save_file({name: tensor.float().contiguous() for name, tensor in out.items()} | {"labels": labels},
          pathlib.Path(__file__).parent / "fedclip.safetensors")
