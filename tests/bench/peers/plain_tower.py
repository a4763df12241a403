"""The text tower of an open_clip model with plain functions: rows stay a matrix, attention is PyTorch's fused causal one.
nn.MultiheadAttention transposes its input, and then the backward of its projections copies the weights for every class."""
from torch.nn.functional import layer_norm, linear, scaled_dot_product_attention


def plain_tower(clip, x):
    """x (N, L, w) with positions added -> (N, L, w) after the last normalisation."""
    N, L, w = x.shape
    x = x.reshape(N * L, w)
    for block in clip.transformer.resblocks:
        attention = block.attn
        qkv = linear(normed(block.ln_1, x), attention.in_proj_weight, attention.in_proj_bias)
        q, k, v = qkv.view(N, L, 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)  # (N, heads, L, w / heads) each
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(N * L, w)
        x = x + linear(mixed, attention.out_proj.weight, attention.out_proj.bias)
        x = x + block.mlp(normed(block.ln_2, x))
    return normed(clip.ln_final, x).view(N, L, w)


def normed(norm, x):
    return layer_norm(x, x.shape[-1:], norm.weight, norm.bias, norm.eps)
