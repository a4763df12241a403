"""The best that a careful user writes in PyTorch: features of images are cached, prompts end with the longest class,
two contexts share one pass, the tower is written without needless copies."""
import torch

from client import BATCH, PATCHES, features, labels, new_contexts, stepper
from losses import fedrsclip, promptfl
from text import PromptedText
from towers import make_clip


def prompt_step(dtype=torch.float32):
    """PromptFL: one context."""
    text, contexts = PromptedText(make_clip(dtype, image_tower=False), careful=True), new_contexts(1)
    v, y = features(BATCH), labels()
    return stepper(contexts, lambda: promptfl(text.features(contexts)[0], v, y))


def dual_step(dtype=torch.float32):
    """FedRSCLIP: a shared and a private context."""
    text, contexts = PromptedText(make_clip(dtype, image_tower=False), careful=True), new_contexts(2)
    v, patches, y = features(BATCH), features(BATCH, PATCHES), labels()
    return stepper(contexts, lambda: fedrsclip(*text.features(contexts), v, patches, y))
