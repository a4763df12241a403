"""That the recipes compute the same: python check.py, silent when they do. The careful text features and their gradient
against the reference's, the losses' Sinkhorn against POT's, and the contextless truth that a context matters."""
import ot
import torch

from losses import LAMBDA, alignment, sinkhorn
from text import PromptedText
from towers import make_clip, unit

torch.manual_seed(3)
clip = make_clip(image_tower=False)
contexts, towards = (torch.randn(2, 4, 512) * 0.05).requires_grad_(), torch.randn(2, 21, 512)


def both(careful):
    """Features (2, C, d) and the gradient of a random functional of them with respect to the contexts."""
    features = PromptedText(clip, careful).features(contexts)
    return features.detach(), torch.autograd.grad((features * towards).sum(), contexts)[0]


def difference(a, b):
    return ((a - b).norm() / b.norm()).item()


(reference, slope), (careful, careful_slope) = both(False), both(True)
assert difference(careful, reference) < 1e-5, "careful text features differ from the reference's"
assert difference(careful_slope, slope) < 1e-4, "careful gradients differ from the reference's"
assert difference(reference[0], reference[1]) > 1e-4, "the text tower does not see the context"

patches, targets = unit(torch.randn(3, 49, 16)), unit(torch.randn(3, 2, 16))
cost = 1 - patches @ targets.transpose(1, 2)
exact = [ot.sinkhorn(torch.full((49,), 1 / 49), torch.full((2,), 0.5), c, LAMBDA, stopThr=1e-7) for c in cost]
assert difference(sinkhorn(cost), torch.stack(exact)) < 5e-3, "the plan differs from POT's by more than its tolerance"

same = unit(torch.randn(21, 512))
assert alignment(same, same) < alignment(same, same.roll(1, 0)), "the alignment does not prefer equal classes"
