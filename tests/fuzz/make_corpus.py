"""Makes the seed corpora, corpus/TARGET/*, from tests/golden and a few lines of its own; tiny, so that fuzzers are quick.

    python make_corpus.py        # needs nothing but Python

Only corpus/hdf5 is written by the program's own writers: `ninja -C build fuzz_h5_corpus`, then
`build/tests/fuzz_h5_corpus tests/fuzz/corpus/hdf5`.
"""
import gzip
import json
import pathlib
import shutil
import struct
import zipfile

HERE = pathlib.Path(__file__).parent / "corpus"
GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
for target in HERE.iterdir():
    if target.name != "hdf5":
        shutil.rmtree(target)


def put(target, name, content):
    (HERE / target).mkdir(parents=True, exist_ok=True)
    (HERE / target / name).write_bytes(content)


def safetensors(header, data):
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(type, shape, begin, end):
    return {"dtype": type, "shape": shape, "data_offsets": [begin, end]}


put("safetensors", "two", safetensors({"__metadata__": {"format": "pt"}, "a": entry("F32", [2], 0, 8),
                                       "b": entry("BF16", [1, 3], 8, 14)}, bytes(14)))
put("safetensors", "types", safetensors({t: entry(t, [1], i * 8, i * 8 + 8) for i, t in enumerate(["F64", "I64"])}, bytes(16)))
put("safetensors", "empty", safetensors({}, b""))
for name in ("state", "wrapped", "script", "protocol4", "command", "legacy"):
    content = (GOLDEN / "torch" / f"{name}.pt").read_bytes()
    put("torch", name, content)
    put("zip", name, content)
    if name != "legacy":
        with zipfile.ZipFile(GOLDEN / "torch" / f"{name}.pt") as archive:
            put("pickle", name, next(archive.read(n) for n in archive.namelist() if n.endswith("data.pkl")))

# The smallest CLIP of our own: one layer a tower, one channel a head.
w, mlp, tokens, sizes = 1, 1, 514, {}
for tower in ("vision", "text"):
    for norm in ("norm1", "norm2"):
        sizes |= {f"{tower}.layers.0.{norm}.{p}": [w] for p in ("weight", "bias")}
    for part, rows in (("attention.in", 3 * w), ("attention.out", w), ("mlp.in", mlp), ("mlp.out", w)):
        sizes |= {f"{tower}.layers.0.{part}.weight": [rows, w], f"{tower}.layers.0.{part}.bias": [rows]}
    sizes |= {f"{tower}.norm_after.{p}": [w] for p in ("weight", "bias")} | {f"{tower}.projection": [w, 1]}
sizes |= {"vision.norm_before.weight": [w], "vision.norm_before.bias": [w], "vision.class_token": [w], "logit_scale": [],
          "vision.patch.weight": [w, 3, 1, 1], "vision.positions": [2, w], "text.tokens": [tokens, w], "text.positions": [3, w]}
tower = {"width": w, "layers": 1, "heads": 1, "mlp_width": mlp}
config = json.dumps({"embed_dim": 1, "activation": "gelu", "vision": tower | {"image_size": 1, "patch_size": 1},
                     "text": tower | {"context_length": 3, "vocabulary_size": tokens}})
header, end = {"__metadata__": {"format": "fedorbit-clip-1", "config": config, "merges": ""}}, 0
for name, shape in sizes.items():
    count = 1
    for size in shape:
        count *= size
    header[name] = entry("F16", shape, end, end + 2 * count)
    end += 2 * count
put("clip", "one", safetensors(header, bytes(end)))

merges = (GOLDEN / "clip_open_clip/merges.txt").read_bytes()
put("vocabulary", "merges", b"m" + merges)
put("vocabulary", "compressed", b"z" + gzip.compress(merges, mtime=0))
put("vocabulary", "json", b"j" + (GOLDEN / "clip_resnet/tokenizer.json").read_bytes())
put("text", "plain", "A photo of the caf\u00e9's 2 runways & rivers.".encode())
put("text", "references", b"&amp;lt;b&gt; &#x1F6F0; &#65 &notit; &NTILDE; <b>\n&eacute;")
put("text", "controls", "\x1b[31mred\x1b[0m \x85\x9f \u00ad\u200b\ufeff \ufb01 \uff21\u3000\u02bc\u201c\u0149 \u0345\U0001f468\u200d\U0001f680".encode())
put("configuration", "own", b"f" + config.encode())
put("configuration", "resnet", b"f" + json.dumps(json.loads(config) | {"vision": {
    "width": 2, "layers": 0, "heads": 4, "mlp_width": 0, "image_size": 64, "patch_size": 32, "stages": [1, 1, 1, 1]}}).encode())
put("configuration", "open_clip", b"o" + (GOLDEN / "clip_open_clip/open_clip_config.json").read_bytes())
put("configuration", "hugging_face", b"h" + json.dumps({"model_type": "clip", "vision_config": {
    "num_attention_heads": 3, "hidden_size": 24, "hidden_act": "gelu", "layer_norm_eps": 1e-5}, "text_config": {
    "num_attention_heads": 2, "hidden_act": "gelu"}}).encode())


def npy(descr, shape, data, version=1):
    words = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    words += b" " * (-(len(words) + 11) % 16) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(words).to_bytes(2 if version == 1 else 4, "little") + words + data


for name, descr, shape, size in (("floats", "<f4", "(2, 3)", 24), ("halves", "<f2", "(4,)", 8), ("reals", "<f8", "()", 8),
                                 ("labels", "<i8", "(3,)", 24), ("integers", "<i4", "(1, 1, 2)", 8), ("none", "<f4", "(0, 5)", 0)):
    put("npy", name, npy(descr, shape, bytes(range(size)), 1 + size % 3))

# Messages (tests/fuzz/targets.cpp) of 29 numbers, 24 of them a matrix of 4 by 6, as src/algorithms/codecs/README.md has them.
scale, places = struct.pack("<f", 0.5), sum(place << 5 * j for j, place in enumerate((2, 3, 28)))
for letter, name, content in (
        ("f", "float32", scale * 29), ("h", "float16", b"\x00\x3c" * 29), ("b", "bfloat16", b"\x80\x3f" * 29),
        ("u", "uniform", scale + bytes([0o12] * 9) + scale + bytes(2)), ("s", "signs", scale + b"\xa5\x5a\x0f" + scale + b"\x11"),
        ("q", "qsgd", (scale + bytes([0x67] * 4)) * 3 + scale + bytes(3)),
        ("l", "listed", places.to_bytes(2, "little") + scale * 3), ("m", "mapped", bytes([0xff, 0xff, 1, 0]) + scale * 17),
        ("r", "random", scale * 6), ("p", "factors", scale * (4 + 6 + 5)),
        # A frame of one segment whose one block is stored as it is.
        ("z", "zstd", b"\x28\xb5\x2f\xfd\x20" + bytes([37]) + (37 << 3 | 1).to_bytes(3, "little") + (scale + bytes(24) + scale + bytes(5)))):
    put("message", name, letter.encode() + content)

put("options", "run", b"r" + b"""name = "one"
seed = 3
[model]
text_template = "a photo of a {}.;a \\"view\\" of a {}."
[training]
rounds = 1_0
participation = 0.5
[optimiser]
learning_rate = 1e-3
[evaluation]
linear_probe = false
""")
put("options", "dotted", b"r" + b"""training.rounds = 0x10
'data'.path = 'C:\\images'  # a comment
views = {count = 2, flip = 0.5}
[prompt]
context = 4
""")
put("options", "pretrain", b"p" + b"""seed = 1
[clip]
activation = "gelu"
[captions]
templates = \"\"\"a {view} photo of a {};\\
    {view} {}\"\"\"
described = inf
""")
put("options", "set", b"s" + b"strategy.momentum=0.9")
put("options", "set_text", b"s" + b"model.text_template=a photo of a {}.")
put("options", "names", b"n" + b"""# names
Port = ["harbor", "port"]
Golf_Course = "golf course"
""")

# What is changed in a good file: which file, then each change with its place, type, shape and values (h5_changes.cpp).
changes = ["000100030000020103", "010a05080000020103", "0205030303", "020601", "0109000001", "000204070609", "03081b0601000002ff",
           "04000501000001e0ff00"]
for kind in range(5):
    put("changed_hdf5", f"kind{kind}", bytes([kind]) + bytes.fromhex("".join(changes[kind:kind + 3])))

put("split", "whole", b"# FedOrbit split\n# data_sha256 = 0123abcd\n# images = 8\nimage,client,split\n0,0,train\n1,0,validation\n"
    b"2,0,test\n3,1,train\n4,-1,test\n5,-1,train\n6,2,unseen\n")
put("split", "columns", b"split,note,image,client\r\ntrain,a,4,0\r\n\r\ntest,,5,0\r\n")
