"""One client: a context that is learned, an optimiser, and the step that a recipe describes."""
import torch

from text import LEARNED
from towers import CLASSES, SIZE, WIDTH

BATCH, PATCHES = 32, 49
SGD = dict(lr=1e-3, momentum=0.9, weight_decay=5e-4)


def new_contexts(count):
    """(count, h, w), normal with deviation 0.02."""
    return torch.nn.Parameter(0.02 * torch.randn(count, LEARNED, WIDTH))


def labels():
    return torch.randint(len(CLASSES), (BATCH,))


def pictures():
    return torch.randn(BATCH, 3, SIZE, SIZE)


def features(*shape):
    """What a cache would hold: float32 features (*shape, d) of unit length."""
    return torch.nn.functional.normalize(torch.randn(*shape, WIDTH), dim=-1)


def stepper(contexts, loss):
    """A function that takes one SGD step down `loss()`."""
    optimiser = torch.optim.SGD([contexts], **SGD)

    def step():
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()

    return step
