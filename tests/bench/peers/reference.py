"""The reference recipe, one client at a time: pictures go through the image tower at every step, prompts are 77 tokens
long. This is how the methods' own repositories train."""
import torch

from client import labels, new_contexts, pictures, stepper
from losses import fedrsclip, promptfl
from text import PromptedText
from towers import image_features, make_clip, patch_features


def prompt_step(dtype=torch.float32, autocast=False):
    """PromptFL: one context."""
    clip = make_clip(dtype)
    text, contexts, images, y = PromptedText(clip), new_contexts(1), pictures(), labels()

    def loss():
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            v, t = image_features(clip, images), text.features(contexts)[0]
        return promptfl(t, v, y)

    return stepper(contexts, loss)


def dual_step(dtype=torch.float32):
    """FedRSCLIP: a shared and a private context, one pass each; features of patches as well."""
    clip = make_clip(dtype)
    text, contexts, images, y = PromptedText(clip), new_contexts(2), pictures(), labels()

    def loss():
        v, patches = patch_features(clip, images)
        shared, private = text.features(contexts[:1])[0], text.features(contexts[1:])[0]
        return fedrsclip(shared, private, v, patches, y)

    return stepper(contexts, loss)
