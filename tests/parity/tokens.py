"""Compares token ids with open_clip's on 10,000 seeded strings, and prints those that differ.

    python tokens.py PROBE VOCABULARY [GOLDEN]      # needs open_clip_torch, ftfy

PROBE is build/tests/probe, VOCABULARY CLIP's bpe_simple_vocab_16e6.txt.gz. Strings that ftfy takes for wrongly decoded
text are not drawn: our tokenizer does not repair those; how many were passed over is printed. Nor are characters that
this Python's Unicode does not know: libraries of different years take them for letters or not. GOLDEN is written if it
is named: every eighth string with a short hash of its ids, compressed, for tests/model.
"""
import gzip
import html.entities
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import tomllib
import unicodedata

import ftfy
from open_clip import OPENAI_IMAGENET_TEMPLATES
from open_clip.tokenizer import SimpleTokenizer

PROBE, VOCABULARY = sys.argv[1:3]
ROOT = pathlib.Path(__file__).parents[2]
draw = random.Random(20260)
names = [name for file in sorted((ROOT / "configs/names").glob("*.toml"))
         for name in tomllib.loads(file.read_text()).get("names", {}).values()]
names += "BareLand BaseballField Center denseResidential Storage_Tanks railway-station St.John's Farmland2 POND".split()
words = [w for t in OPENAI_IMAGENET_TEMPLATES for w in t("field").split()] + names + \
    "it's they're we've I'm he'd can't O'Brien's 3.5 1,000 km² 50% #1 @home a/b C++ e-mail naïve café Zürich São".split()
entities = sorted(html.entities.html5)
assigned = [chr(c) for c in range(0x20, 0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co", "Cc")]
blocks = [[c for c in assigned if low <= ord(c) < high] for low, high in
          [(0x20, 0x7F), (0xA0, 0x250), (0x250, 0x400), (0x370, 0x530), (0x530, 0x900), (0x900, 0x1000), (0x1000, 0x1E00),
           (0x1E00, 0x2000), (0x2000, 0x2C00), (0x2C00, 0x3100), (0x3000, 0x3400), (0x4E00, 0x9FFF), (0xA000, 0xAC00),
           (0xAC00, 0xD7A4), (0xF900, 0x10000), (0x10000, 0x11000), (0x1D400, 0x1D800), (0x1F000, 0x20000)]]
emoji = blocks[-1] + list("☀☁☂✈❤⚡⛵⛰") + ["👩‍🚀", "👨‍👩‍👧‍👦", "🇩🇪", "🏳️‍🌈", "👍🏽", "1️⃣", "🛰️"]
control = [chr(c) for c in [*range(0x20), 0x7F, *range(0x80, 0xA0), 0xAD, *range(0x200B, 0x2010), *range(0x2028, 0x202F),
                            *range(0x2060, 0x2070), 0xFEFF, 0xFFF9, 0xFFFC, 0xFFFD, 0xE000, 0xE0041]]

EDGES = [0, 1, 0xB, 0xD, 0x1F, 0x7F, 0x80, 0x81, 0x9F, 0xD800, 0xDFFF, 0xFDD0, 0xFFFE, 0x1FFFF, 0x10FFFF, 0x110000, 0xFFFFFFFFF]


def some(items, low, high, joint=""):
    return joint.join(draw.choice(items) for _ in range(draw.randint(low, high)))


def entity():
    name = draw.choice(entities)
    if draw.random() < 0.3:
        name = name.rstrip(";")
    return draw.choice(["&" + name, "&" + name, "&" + name + "x", f"&#{draw.randint(0, 70000)};", f"&#x{draw.choice([ord(draw.choice(assigned)), *EDGES]):x};",
                        f"&#{draw.randint(120, 170)}", "&amp;" + name, "&;", "& ", "&nosuch;", "<b>"])


KINDS = [
    (2500, lambda: draw.choice(OPENAI_IMAGENET_TEMPLATES)(draw.choice(names))),
    (2000, lambda: some(words, 1, 25, draw.choice([" ", "  ", ", ", "-", "\n", "\t"]))),
    (2500, lambda: some(draw.choice(blocks), 1, 30)),
    (500, lambda: some(assigned, 1, 20)),
    (800, lambda: some(emoji + words, 1, 12, draw.choice(["", " "]))),
    (700, lambda: "".join(draw.choice(control) if draw.random() < 0.3 else draw.choice(words) for _ in range(draw.randint(1, 12)))),
    (950, lambda: "".join(entity() if draw.random() < 0.5 else " " + draw.choice(words) for _ in range(draw.randint(1, 6)))),
    (50, lambda: some(words + emoji + blocks[2], 2000, 6000, draw.choice(["", " "]))),
]
strings, repaired = [], 0
for count, make in KINDS:
    while count:
        s = make()
        try:
            same = ftfy.fix_text(s) == ftfy.fix_text(s, fix_encoding=False)
        except UnicodeError:
            continue
        repaired += not same
        count -= same
        if same:
            strings.append(s)
tokenizer = SimpleTokenizer()
expected = [tokenizer.encode(s) for s in strings]


def short_hash(ids):
    """FNV-1a of the ids with spaces between, 32 bits folded out of 64."""
    value = 0xCBF29CE484222325
    for byte in " ".join(map(str, ids)).encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value >> 32 ^ value & 0xFFFFFFFF


with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place)
    (folder / "strings.json").write_text(json.dumps(strings))
    subprocess.run([PROBE, "tokens", VOCABULARY, folder / "strings.json", folder / "ids.json"], check=True)
    actual = json.loads((folder / "ids.json").read_text())
different = [(s, a, e) for s, a, e in zip(strings, actual, expected) if a != e]
for s, a, e in different[:20]:
    print(ascii(s)[:200], "\n  ours", repr(tokenizer.decode(a))[:150], "\n  open_clip", repr(tokenizer.decode(e))[:150])
print(f"{len(strings)} strings, {len(different)} with other ids; {repaired} passed over, which ftfy would re-decode")
if len(sys.argv) > 3:
    kept = [(s, short_hash(e)) for s, e in list(zip(strings, expected))[::8] if len(s) < 2000]
    with open(sys.argv[3], "wb") as file:
        file.write(gzip.compress("\n".join(f"{h} {json.dumps(s)}" for s, h in kept).encode(), 9, mtime=0))
sys.exit(bool(different))
