"""Writes the table that the crate compiles in; its layout is described in the crate's README."""

import hashlib
import struct

import numpy as np

MAGIC = b"KEEPEMB\0"
FORMAT = 1
NO_TOKEN = 0xFFFF


def trie(words):
    """The vocabulary as a tree of bytes, level by level: first child, label and token of each node."""
    root = {}
    for token, word in enumerate(words):
        node = root
        for byte in word.encode():
            node = node.setdefault(byte, {})
        node[None] = token
    first, labels, tokens = [], [0], []
    level = [root]
    # A node's children are numbered when its turn comes, so they lie side by side.
    for node in level:
        tokens.append(node.get(None, NO_TOKEN))
        first.append(len(level))
        children = sorted((byte, child) for byte, child in node.items() if byte is not None)
        labels.extend(byte for byte, _ in children)
        level.extend(child for _, child in children)
    first.append(len(level))
    return (
        np.array(first, dtype="<u4"),
        np.array(tokens, dtype="<u2"),
        np.array(labels, dtype="u1"),
    )


def quantise(rows):
    """Each row as int8 and the factor that brings it back."""
    scales = (np.abs(rows).max(axis=1) / 127).astype("<f4")
    factors = np.where(scales > 0, scales, 1)[:, None]
    return scales, np.rint(rows / factors).astype("i1")


def write(path, words, rows, version):
    """Writes `rows`, one for each of `words`; returns the digest of everything behind the header."""
    first, tokens, labels = trie(words)
    scales, quantised = quantise(rows)
    body = b"".join(part.tobytes() for part in (first, scales, tokens, labels, quantised))
    digest = hashlib.sha256(body).digest()
    counts = struct.pack("<5I", FORMAT, version, len(words), rows.shape[1], len(labels))
    path.write_bytes(MAGIC + counts + digest + body)
    return digest.hex()
