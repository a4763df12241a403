"""What a step minimises, in float32: PromptFL's cross entropy, and FedRSCLIP's three terms with a plain Sinkhorn."""
import torch
from torch.nn.functional import cross_entropy, log_softmax

from towers import unit

TAU = 100.0  # CLIP's temperature
SCALE = 16.0  # of the prompt alignment
LAMBDA, ITERATIONS, TOLERANCE = 0.1, 100, 1e-3


def promptfl(text, images, labels):
    """Cross entropy of cosine logits; text (C, d), images (B, d), both of unit length."""
    return cross_entropy(TAU * images @ text.T, labels)


def alignment(private, shared):
    """Contrastive over classes, in both directions; unit rows (C, d)."""
    similarity = SCALE * private @ shared.T  # (C, C)
    return -(log_softmax(similarity, 1).diagonal() + log_softmax(similarity, 0).diagonal()).mean() / 2


@torch.no_grad()
def sinkhorn(cost):
    """The entropic plans of costs (B, M, N) with uniform marginals; stops when every row sum is right."""
    B, M, N = cost.shape
    kernel = torch.exp(-cost / LAMBDA)
    column = torch.ones(B, N)
    for _ in range(ITERATIONS):
        row = 1 / M / (kernel @ column[..., None]).squeeze(2)  # (B, M)
        column = 1 / N / (row[:, None] @ kernel).squeeze(1)  # (B, N)
        plan = row[..., None] * kernel * column[:, None]
        if (plan.sum(2) - 1 / M).abs().sum(1).max() < TOLERANCE:
            break
    return plan


def transport(patches, targets):
    """Mean cost of carrying patches (B, M, d) to the text features of their image's class (B, N, d)."""
    cost = 1 - patches @ targets.transpose(1, 2)  # (B, M, N)
    return (sinkhorn(cost) * cost).sum((1, 2)).mean()


def fedrsclip(shared, private, images, patches, labels):
    """Cross entropy + alignment + transport; text features (C, d), images (B, d), patches (B, M, d)."""
    targets = torch.stack([shared, private], 1)[labels]  # (B, 2, d)
    return promptfl(unit(shared + private), images, labels) + alignment(private, shared) + transport(patches, targets)
