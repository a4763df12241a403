"""Makes fedrsclip.safetensors: losses, gradients, logits and transport plans of FedRSCLIP and PromptFL, computed in
float64 with PyTorch, open_clip and POT, each client alone and without its absent samples.

    python make_fedrsclip.py        # needs torch, open_clip_torch, POT, safetensors; clip_open_clip/ beside itself
"""
import json
import pathlib

import open_clip
import ot
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy, normalize

HERE = pathlib.Path(__file__).parent
CLASSES = {"Runway": [516], "river-bm": [520, 65, 332], "air": [521, 337], "air_runway": [521, 337, 516]}
FULL_STOP, START, END, CONTEXT = 269, 523, 524, 77
K, B, M, D, WIDTH, H = 3, 5, 6, 12, 16, 3
ALPHA, BETA, SCALE, LAMBDA = 0.7, 1.3, 5.0, 0.1
PRESENT = [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]]

configuration = json.loads((HERE / "clip_open_clip/open_clip_config.json").read_text())["model_cfg"]
model = open_clip.CLIP(**configuration)
model.load_state_dict(load_file(HERE / "clip_open_clip/open_clip_model.safetensors"), strict=False)
model = model.double().eval().requires_grad_(False)
tau = model.logit_scale.exp()


def text_features(context):
    """Unit features (C, d) of [SOS] context (h, w) name . [EOT], padded to the tower's full length."""
    h = len(context)
    tokens = torch.zeros(len(CLASSES), CONTEXT, dtype=torch.long)
    for c, name in enumerate(CLASSES.values()):
        row = [START] + [0] * h + name + [FULL_STOP, END]
        tokens[c, : len(row)] = torch.tensor(row)
    x = model.token_embedding(tokens)
    x = torch.cat([x[:, :1], context.expand(len(CLASSES), h, WIDTH), x[:, 1 + h :]], 1) + model.positional_embedding
    x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask.double()))
    return normalize(x[torch.arange(len(CLASSES)), tokens.argmax(1)] @ model.text_projection, dim=-1)


def plan_of(cost, rows=None, columns=None):
    """The entropic plan of one problem, run until it changes no more."""
    cost = cost.detach()
    rows = torch.full((cost.shape[0],), 1 / cost.shape[0], dtype=cost.dtype) if rows is None else rows
    columns = torch.full((cost.shape[1],), 1 / cost.shape[1], dtype=cost.dtype) if columns is None else columns
    return ot.bregman.sinkhorn_log(rows, columns, cost, LAMBDA, stopThr=1e-14, numItermax=200000, warn=True)


def fedrsclip(shared, private, v, patches, labels, reading="separate", transport="patch", score=False,
              alignment="contrastive", stop=False):
    """One client's terms, as DESIGN's formulas have them: v (B, d), patches (B, M, d), labels (B)."""
    v, patches = normalize(v, dim=-1), normalize(patches, dim=-1)
    if reading == "separate":
        t_s, t_k = text_features(shared), text_features(private)
        t, targets = normalize(t_s + t_k, dim=-1), torch.stack([t_s, t_k], 1)
        ours, theirs = t_k, t_s
    else:  # one feature a class; what is aligned are the prompts' vectors
        t = text_features(torch.cat([shared, private]))
        targets, ours, theirs = t[:, None], normalize(private, dim=-1), normalize(shared, dim=-1)
    if stop:
        theirs = theirs.detach()
    n = len(ours)
    if alignment == "contrastive":
        forth = -sum(torch.log_softmax(SCALE * (theirs @ ours[c]), 0)[c] for c in range(n))
        back = -sum(torch.log_softmax(SCALE * (ours @ theirs[c]), 0)[c] for c in range(n))
        l_pa = (forth + back) / (2 * n)
    else:
        l_pa = SCALE * sum(1 - ours[c] @ theirs[c] for c in range(n)) / n

    def moved(patch, target):
        cost = 1 - patch @ target.T
        return (plan_of(cost) * cost).sum()

    if score:  # tau sum_mn T_mn <v_m, t_n>
        logits = torch.stack([torch.stack([tau * (plan_of(1 - p @ targets[c].T) * (p @ targets[c].T)).sum()
                                           for c in range(len(CLASSES))]) for p in patches])
    else:
        logits = tau * v @ t.T
    ce = cross_entropy(logits, labels)
    if transport == "patch":
        l_cm = torch.stack([moved(p, targets[y]) for p, y in zip(patches, labels)]).mean()
    elif transport == "batch":
        l_cm = moved(v, t[labels])
    else:
        l_cm = torch.zeros(())
    return ce + ALPHA * l_pa + BETA * l_cm, dict(cross_entropy=ce, alignment=l_pa, transport_cost=l_cm), logits


def promptfl(shared, private, v, patches, labels):
    logits = tau * normalize(v, dim=-1) @ text_features(shared).T
    ce = cross_entropy(logits, labels)
    return ce + 0 * private.sum(), {}, logits


generator = torch.Generator().manual_seed(11)
draw = lambda *shape: torch.randn(*shape, generator=generator).half().double()  # exact in float32
shared, private = draw(1, H, WIDTH).expand(K, H, WIDTH) * 0.25 + 0.1 * draw(K, H, WIDTH), draw(K, H, WIDTH) * 0.25
shared, private = shared.float().double(), private.float().double()
features, patches = draw(K, B, D), draw(K, B, M, D)
labels = torch.randint(len(CLASSES), (K, B), generator=generator)
present = torch.tensor(PRESENT)
out = dict(shared=shared, private=private, features=features, patches=patches, labels=labels, present=present.float())

CASES = {
    "patch": dict(), "batch": dict(transport="batch"), "none": dict(transport="none"), "score": dict(score=True),
    "score_none": dict(score=True, transport="none"), "cosine": dict(alignment="cosine"), "stop": dict(stop=True),
    "cosine_stop": dict(alignment="cosine", stop=True), "joined_patch": dict(reading="joined"),
    "joined_batch": dict(reading="joined", transport="batch"), "joined_score": dict(reading="joined", score=True),
    "joined_stop": dict(reading="joined", stop=True), "promptfl": None}
for name, options in CASES.items():
    rows = []
    for k in range(K):
        s, p = shared[k].clone().requires_grad_(), private[k].clone().requires_grad_()
        here = present[k] > 0
        data = features[k][here], patches[k][here], labels[k][here]
        loss, terms, _ = promptfl(s, p, *data) if options is None else fedrsclip(s, p, *data, **options)
        loss.backward()
        full = features[k], patches[k], labels[k]  # what labels does not look at who is there
        logits = (promptfl(s, p, *full) if options is None else fedrsclip(s, p, *full, **options))[2]
        rows.append(dict(loss=loss, shared=s.grad, private=p.grad, logits=logits, **terms))
    for part in rows[0]:
        out[f"{name}.{part}"] = torch.stack([row[part].detach() for row in rows])

# Transport alone: two targets, and general problems whose marginals hold zeros.
cost = 1 + draw(4, 7, 2).clamp(-1.5, 1.5) * 0.5
out["two.cost"], out["two.plan"] = cost, torch.stack([plan_of(c) for c in cost])
cost, rows, columns = 1 + draw(3, 6, 5) * 0.3, draw(3, 6).abs() + 0.1, draw(3, 5).abs() + 0.1
rows[1, 2], rows[2, 0], columns[2, 4] = 0, 0, 0
rows, columns = rows / rows.sum(1, True), columns / columns.sum(1, True)
plans = torch.zeros_like(cost)
for i in range(3):
    r, c = rows[i] > 0, columns[i] > 0
    plans[i][r.nonzero(), c.nonzero().T] = plan_of(cost[i][r][:, c], rows[i][r], columns[i][c])
out.update({"general.cost": cost, "general.rows": rows, "general.columns": columns, "general.plan": plans})

keep_double = ("two.", "general.")
save_file({n: (t if n.startswith(keep_double) or t.dtype == torch.long else t.float()).contiguous() for n, t in out.items()},
          HERE / "fedrsclip.safetensors")
