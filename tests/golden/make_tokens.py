"""Makes tokens.json: strings and the ids that open_clip gives them with CLIP's vocabulary.

    python make_tokens.py        # needs open_clip_torch, ftfy

Strings that ftfy takes for wrongly decoded text are left out: our tokenizer does not repair those.
"""
import json
import pathlib
import random

import ftfy
from open_clip.tokenizer import SimpleTokenizer

random.seed(3)
plain = """a photo of a cat|a satellite photo of a railway station|hello world !|A centered satellite photo of dense_residential.
X X X X storage tanks.|it's the dog's; they'll say we've, I'm, he'd, you're|DON'T SHOUT'S|100,000 m² at 3.5 km/h|e-mail: a@b.org
2024-01-31T12:00:00Z|  leading and   inner\tspaces \n and lines\r\n|word|a|.|...|!?!?|''''|'|"quoted" text|(parentheses) [brackets] {braces}
C++ & C#|100% of $5 = £4 ≈ €4.50 ≠ ¥600|under_score and-hyphen|path/to\\\\file|#hashtag @mention|a+b=c*d/e^f~g`h|x<y>z
naïve café Ångström Øresund Straße GROẞ İstanbul ISTANBUL ıI ΑΒΓΣ ΟΔΥΣΣΕΥΣ Σ ΑΣ. ΑΣΑ|ÀÉÎÕÜ àéîõü ÇçŁłŻżĐđ|Привет, мир! ЁЛКА|مرحبا بالعالم ١٢٣
שלום עולם|नमस्ते दुनिया १२३|สวัสดีชาวโลก|你好，世界！|こんにちは世界 カタカナ ｶﾀｶﾅ|안녕하세요 세계|𝒜𝓁𝓅𝒽𝒶 𝔸𝔹ℂ|½ ⅔ Ⅳ ⅷ ① ㊀|🛰️ satellite 🌍🌎🌏|👩‍🚀👨‍👩‍👧‍👦
🇩🇪🇫🇷|👍🏽|a\u0301 e\u0308 n\u0303 decomposed|ﬁne ﬂuﬀy oﬃce ﬄ ﬅ ﬆ|Ĳ ĳ ŉ Ǆ ǅ ǆ Ǉ ǈ ǉ Ǌ ǋ ǌ Ǳ ǲ ǳ|“curly” ‘quotes’ ‚low‛ „low‟ ʼ|ＦＵＬＬ　ｗｉｄｔｈ！？|soft\u00adhyphen
zero\u200bwidth\u200cjoin\u200der\u2060|nb\u00a0space thin\u2009space em\u2003space|line\u2028para\u2029sep|\ufeffbom at start|bell\x07 null\x00 esc\x1b[31mred\x1b[0m vt\x0bff\x0c us\x1f
del\x7f|next\x85line|object\ufffc repl\ufffd|&amp; &lt;b&gt; &quot;q&quot; &#39;a&#39; &#x1F6F0; &eacute; &nbsp; &hellip;|&amp;amp; &amp;lt;|AT&T R&D fish & chips &unknown; &#xZZ;
<b>bold</b> &amp; more|5 &lt; 6|ſ long s 'ſ|K kelvin Å angstrom Ω ohm|ǅungla|ﷺ|ꙮ Ꙁ|𐐀𐐁 𐐨|ᏣᎳᎩ ꮳ|ქართული ᲥᲐᲠ|ա Աբգ և|ẞ ß|Ω ω ώ Ώ|ⅰ Ⅰ|Ⓐ ⓐ|² ³ ¹ ₁|٠١٢ ०१२ ௧
¿Qué? ¡Sí!|«guillemets» ‹single›|— – ‐ ‑ ‒ ―|… ‥ ․|• ‣ · ∙|† ‡ § ¶|© ® ™ ℠|← ↑ → ↓ ⇒|∀x∈ℝ: ⌈x⌉ = −⌊−x⌋|√2 ≈ 1.414|H₂O CO₂|♠♥♦♣ ♪♫|☀☁☂☃|✓ ✗|α-helix β-sheet|Ünïcödé"""
strings = [s.encode().decode("unicode_escape").encode("latin-1").decode() if "\\" in s and "\\\\" not in s and all(ord(c) < 128 for c in s) else s
           for line in plain.split("\n") for s in line.split("|")]
classes = "agricultural airplane baseballdiamond beach buildings chaparral denseresidential forest freeway golfcourse " \
          "harbor intersection mediumresidential mobilehomepark overpass parkinglot river runway sparseresidential " \
          "storagetanks tenniscourt BareLand StorageTanks RailwayStation"
strings += [f"a satellite image of {name}." for name in classes.split()]
alphabets = ["abcdefghijklmnopqrstuvwxyz ", "ABCDEFGHIJ klmnop'.,-0123456789 ", "äöüßÄÖÜéèêçñ ÅØæœ ", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя АБВГД ",
             "αβγδεζηθικλμνξοπρσςτυφχψω ΑΒΓΔΣ ", "漢字仮名交じり文ひらがなカタカナ、。 ", "🛰🌍🚀🌊🏙🌲 ab", "!\"#$%()*+,-./:;=?@[]^_`{}~ ab12", "กขคงจฉช ําิี่้ ", "אבגדה ابتثج ",
             "ＡＢＣａｂｃ１２３ ｶﾞｷﾞ ", "\u0300\u0301\u0308\u0327aeiouc "]
for alphabet in alphabets:
    strings += ["".join(random.choice(alphabet) for _ in range(random.randint(1, 40))) for _ in range(14)]

tokenizer = SimpleTokenizer()
kept, dropped = [], []
for s in strings:
    repaired = ftfy.fix_text(s) != ftfy.fix_text(s, fix_encoding=False)
    (dropped if repaired else kept).append(s)
entries = [{"text": s, "ids": tokenizer.encode(s)} for s in kept]
path = pathlib.Path(__file__).parent / "tokens.json"
path.write_text("[\n" + ",\n".join(json.dumps(e) for e in entries) + "\n]\n")
print(len(entries), "strings;", len(dropped), "left out:", dropped)
