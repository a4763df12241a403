"""CLIP ViT-B/32 as open_clip builds it, with random weights that a seed decides: what a step costs does not depend on
the weights, and nothing has to be downloaded."""
import open_clip
import torch

SIZE = 224  # pixels a side
WIDTH = 512  # of the text tower, and of the space that both towers share

CLASSES = ["agricultural", "airplane", "baseball diamond", "beach", "buildings", "chaparral", "dense residential",
           "forest", "freeway", "golf course", "harbor", "intersection", "medium residential", "mobile home park",
           "overpass", "parking lot", "river", "runway", "sparse residential", "storage tanks", "tennis court"]


def make_clip(dtype=torch.float32, image_tower=True):
    """Both towers frozen, in dtype. Without the image tower its memory is given back: cached features need it no more."""
    torch.manual_seed(1)
    clip = open_clip.create_model("ViT-B-32-quickgelu", pretrained=None).eval().requires_grad_(False)
    if not image_tower:
        clip.visual = None
    return clip.to(dtype)


def image_features(clip, images):
    """Pictures (B, 3, 224, 224) -> float32 features (B, d) of unit length."""
    with torch.no_grad():
        return unit(clip.encode_image(images.to(clip.text_projection.dtype)).float())


def patch_features(clip, images):
    """Pictures (B, 3, 224, 224) -> float32 features (B, d) and those of their patches (B, 49, d), of unit length."""
    with torch.no_grad():
        clip.visual.output_tokens = True
        pooled, tokens = clip.visual(images.to(clip.text_projection.dtype))  # (B, d), (B, 49, 768) after the last norm
        clip.visual.output_tokens = False
        return unit(pooled.float()), unit((tokens @ clip.visual.proj).float())


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1)
