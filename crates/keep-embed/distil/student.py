"""The student: one row a token, trained so that a text's rows add up to the direction of its teacher vector.

The loss of a batch is the mean of `1 - cos` to the teacher, plus half the divergence between how near the
teacher and the student find the batch's texts to each other, so that the order of neighbours is learned and
not the direction alone. A question and its answer come in the same batch.
"""

import time

import numpy as np

TAU = 20.0
KL_WEIGHT = 0.5
PEAK_RATE = 2e-3
BATCH = 512
# Adam's usual constants.
MOMENTUM, SPREAD, TINY = 0.9, 0.999, 1e-8


class Texts:
    """Token rows laid end to end, so that a batch's sums are one pass."""

    def __init__(self, rows):
        self.flat = np.concatenate(rows).astype(np.int32)
        self.ends = np.cumsum([len(row) for row in rows])
        self.starts = self.ends - [len(row) for row in rows]

    def batch(self, which):
        lengths = self.ends[which] - self.starts[which]
        begins = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(self.starts[which] - begins, lengths)
        return self.flat[places], begins, np.repeat(np.arange(len(which)), lengths)


def embed(table, texts, which):
    tokens, begins, _ = texts.batch(which)
    return unit(np.add.reduceat(table[tokens], begins, axis=0))


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def mean_cosine(table, texts, targets, which):
    parts = np.array_split(which, max(1, len(which) // 4096))
    return float(np.mean(np.concatenate([(embed(table, texts, p) * targets[p]).sum(1) for p in parts])))


def likeness(rows):
    """How a text's nearness spreads over the others of its batch."""
    score = TAU * (rows @ rows.T)
    np.fill_diagonal(score, -1e9)
    score -= score.max(axis=1, keepdims=True)
    np.exp(score, out=score)
    score /= score.sum(axis=1, keepdims=True)
    return score


def gradient(table, texts, targets, which):
    """The tokens of a batch, and how the loss changes with the row of each."""
    tokens, begins, owner = texts.batch(which)
    sums = np.add.reduceat(table[tokens], begins, axis=0)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    mine, theirs = sums / lengths, targets[which]
    apart = likeness(mine) - likeness(theirs)
    change = -theirs + KL_WEIGHT * TAU * ((apart + apart.T) @ mine)
    change -= (change * mine).sum(axis=1, keepdims=True) * mine
    change /= lengths * len(which)
    order = np.argsort(tokens, kind="stable")
    touched, firsts = np.unique(tokens[order], return_index=True)
    return touched, np.add.reduceat(change[owner[order]], firsts, axis=0)


def rate(step, steps):
    """One cycle: up for the first tenth, then down along a cosine."""
    warm = steps // 10
    if step < warm:
        return PEAK_RATE * (0.04 + 0.96 * step / warm)
    return PEAK_RATE * 0.5 * (1 + np.cos(np.pi * (step - warm) / (steps - warm)))


def batches(units, draw):
    """Units (a text, or a question and its answer) in random order, packed to batches."""
    packed, size = [], 0
    for unit_ in draw.permutation(len(units)):
        packed.append(units[unit_])
        size += len(units[unit_])
        if size >= BATCH:
            yield np.concatenate(packed)
            packed, size = [], 0


def train(table, texts, targets, units, held, epochs, seed=7, log=print):
    """Trains `table` in place. A row is moved only when its token occurs, so rare tokens keep their pace."""
    draw = np.random.default_rng(seed)
    mean, spread = np.zeros_like(table), np.zeros_like(table)
    steps = epochs * (sum(map(len, units)) // BATCH)
    step, began = 0, time.time()
    for epoch in range(epochs):
        for which in batches(units, draw):
            touched, grad = gradient(table, texts, targets, which)
            mean[touched] = m = MOMENTUM * mean[touched] + (1 - MOMENTUM) * grad
            spread[touched] = v = SPREAD * spread[touched] + (1 - SPREAD) * grad * grad
            step += 1
            m, v = m / (1 - MOMENTUM**step), v / (1 - SPREAD**step)
            table[touched] -= np.float32(rate(min(step, steps), steps)) * m / (np.sqrt(v) + TINY)
        log(f"epoch {epoch + 1}: held-out cosine {mean_cosine(table, texts, targets, held):.4f}, {time.time() - began:.0f} s")
