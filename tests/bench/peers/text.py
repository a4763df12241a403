"""Text features of classes behind a learned context, as CoOp and PromptFL compute them: every class a whole sequence
through the text tower. The reference has 77 tokens and open_clip's modules; the careful user stops where the longest
class ends, and takes the same weights through plain functions."""
import open_clip
import torch

from plain_tower import plain_tower
from towers import CLASSES, unit

LEARNED = 4  # h: tokens of the context


def prompts():
    """[SOS] X X X X name . [EOT] 0 0 ... -> (C, 77) tokens."""
    tokenizer = open_clip.get_tokenizer("ViT-B-32-quickgelu")
    return tokenizer([" ".join(["X"] * LEARNED + [name + "."]) for name in CLASSES])


class PromptedText:
    def __init__(self, clip, careful=False):
        tokens = prompts()
        self.ends = tokens.argmax(1)  # [EOT] has the largest number: (C)
        self.length = int(self.ends.max()) + 1 if careful else tokens.shape[1]  # L
        embedded = clip.token_embedding(tokens[:, :self.length])  # (C, L, w)
        self.start, self.suffix = embedded[:, :1], embedded[:, 1 + LEARNED:]
        self.positions = clip.positional_embedding[:self.length]  # (L, w)
        self.clip, self.dtype, self.careful = clip, embedded.dtype, careful

    def features(self, contexts):
        """float32 contexts (K, h, w) -> float32 text features (K, C, d) of unit length."""
        K, C = len(contexts), len(CLASSES)
        learned = contexts.to(self.dtype)[:, None].expand(K, C, *contexts.shape[1:])
        start, suffix = (x.expand(K, *x.shape) for x in (self.start, self.suffix))
        x = torch.cat([start, learned, suffix], 2).flatten(0, 1) + self.positions  # (K C, L, w)
        if self.careful:
            x = plain_tower(self.clip, x)
        else:
            x = self.clip.ln_final(self.clip.transformer(x, attn_mask=self.clip.attn_mask))
        x = x[torch.arange(K * C), self.ends.repeat(K)] @ self.clip.text_projection  # (K C, d)
        return unit(x.float()).view(K, C, -1)
