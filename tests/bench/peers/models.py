"""The two clients of the loops as modules with one parameter: a prompt learner of the careful kind, and a dot product,
beside which a framework's own cost can be seen. `loss` and `metrics` are what pfl-research asks of a module."""
import functools

import torch

from client import BATCH
from losses import promptfl
from text import LEARNED, PromptedText
from towers import CLASSES, WIDTH, make_clip

CLIENTS, STEPS = 40, 2


def first_context():
    """Where all loops start: (1, h, w)."""
    return 0.02 * torch.randn(1, LEARNED, WIDTH, generator=torch.Generator().manual_seed(5))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.context = torch.nn.Parameter(first_context())

    def metrics(self, *batch, **settings):  # no loop evaluates: only training is measured
        return {}


class PromptModel(Model):
    def __init__(self, dtype):
        super().__init__()
        # Called through a plain function, so that no optimiser and no framework sees the frozen weights as parameters.
        self.text = PromptedText(make_clip(dtype, image_tower=False), careful=True).features

    def loss(self, v, y):
        """Cached features (B, d), labels (B)."""
        return promptfl(self.text(self.context)[0], v, y)


class DotModel(Model):
    def loss(self, v, y):
        return self.context.view(-1).dot(v.view(-1)[:self.context.numel()])


MODELS = {"float32": lambda: PromptModel(torch.float32), "bfloat16": lambda: PromptModel(torch.bfloat16),
          "trivial": DotModel}


@functools.cache
def client_data(client):
    """Two batches of cached features (64, d) with labels (64)."""
    generator = torch.Generator().manual_seed(client)
    v = torch.nn.functional.normalize(torch.randn(STEPS * BATCH, WIDTH, generator=generator), dim=-1)
    return v, torch.randint(len(CLASSES), (STEPS * BATCH,), generator=generator)
