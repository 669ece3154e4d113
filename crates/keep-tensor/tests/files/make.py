"""Makes the small files beside it with the libraries that people make such files with.

    python -m venv venv && venv/bin/pip install torch numpy safetensors gguf
    venv/bin/python make.py

The files are committed; this script says what they are and lets a later version of a library be tried.
"""

import collections
import pathlib

import gguf
import numpy as np
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).parent


def values(count, dtype):
    """Numbers that differ, in any type."""
    return (torch.arange(count) % 2 == 0) if dtype == torch.bool else torch.arange(count).to(dtype)


SAFETENSORS = [
    torch.bool, torch.uint8, torch.int8, torch.uint16, torch.int16, torch.uint32, torch.int32, torch.uint64,
    torch.int64, torch.float8_e4m3fn, torch.float8_e5m2, torch.float16, torch.bfloat16, torch.float32,
    torch.float64, torch.complex64,
]


def make_safetensors():
    few = {"a": values(6, torch.float32).reshape(2, 3), "b.bias": values(4, torch.bfloat16)}
    safetensors.torch.save_file(few, HERE / "few.safetensors", metadata={"format": "pt"})
    each = {str(dtype).split(".")[1]: values(4, dtype).reshape(2, 2) for dtype in SAFETENSORS}
    safetensors.torch.save_file(each, HERE / "dtypes.safetensors")
    odd = {
        "scalar": torch.tensor(1.5),
        "empty": torch.zeros(0, 3),
        "é\n\"quoted\"": values(3, torch.int16),
        "unknown": values(5, torch.float8_e8m0fnu),
    }
    safetensors.torch.save_file(odd, HERE / "odd.safetensors")


def make_torch():
    layer = collections.OrderedDict(weight=values(6, torch.float32).reshape(2, 3), bias=values(2, torch.float32))
    torch.save(layer, HERE / "state.pt")

    shared = values(12, torch.bfloat16)
    checkpoint = {
        "model": torch.nn.Linear(3, 2).state_dict(),
        "step": 7,
        "rates": [0.1, 0.2],
        "tied": {"first": shared.reshape(3, 4), "second": shared.reshape(3, 4)},
        "view": values(10, torch.int64)[2:5],
        "turned": values(6, torch.float16).reshape(2, 3).t(),
        "scalar": torch.tensor(3, dtype=torch.int8),
        "empty": torch.zeros(0),
        "parameter": torch.nn.Parameter(values(2, torch.float64)),
        "list": [values(3, torch.int32), (values(2, torch.uint8),)],
        5: values(2, torch.int16),
    }
    torch.save(checkpoint, HERE / "checkpoint.pt")
    torch.save(checkpoint, HERE / "old.pt", _use_new_zipfile_serialization=False)

    kinds = SAFETENSORS + [torch.complex128]
    torch.save({str(kind).split(".")[1]: values(4, kind) for kind in kinds}, HERE / "dtypes.pt")

    model = torch.nn.Linear(2, 2)
    adam = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    adam.step()
    torch.save({"model": model.state_dict(), "optimizer": adam.state_dict()}, HERE / "adam.pt")

    # A whole module: its classes are named in the pickle, and its tensors lie in their attributes.
    torch.save(model, HERE / "module.pt")
    torch.save(values(4, torch.float32), HERE / "tensor.pt")
    torch.save({"quantised": torch.quantize_per_tensor(torch.ones(4), 0.5, 0, torch.qint8)}, HERE / "quantised.pt")
    torch.save({"a": values(4, torch.float32)}, HERE / "protocol4.pt", pickle_protocol=4)
    unknown = {"scales": values(4, torch.float8_e8m0fnu), "pairs": torch.ones(2, dtype=torch.complex32)}
    torch.save(unknown | {"bytes": values(3, torch.int64).untyped_storage()}, HERE / "unknown.pt")
    tagged = values(3, torch.float32)
    tagged.tag = "an attribute"
    sparse = torch.eye(2).to_sparse()
    torch.save({"tagged": tagged, "sparse": sparse}, HERE / "wrapped.pt")


def make_numpy():
    np.save(HERE / "f4.npy", np.arange(6, dtype="<f4").reshape(2, 3))
    np.save(HERE / "fortran.npy", np.asfortranarray(np.arange(6, dtype="<f8").reshape(2, 3)))
    np.save(HERE / "big.npy", np.arange(3, dtype=">i4"))
    np.save(HERE / "object.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    np.save(HERE / "record.npy", np.zeros(3, dtype=[("x", "<f4"), ("y", "<i2")]))
    np.save(HERE / "text.npy", np.array(["a", "bc"]))
    np.save(HERE / "scalar.npy", np.array(7, dtype="u1"))
    np.save(HERE / "empty.npy", np.zeros((0, 4)))
    with open(HERE / "version2.npy", "wb") as file:
        np.lib.format.write_array(file, np.arange(4, dtype="c16"), version=(2, 0))
    with open(HERE / "version3.npy", "wb") as file:
        np.lib.format.write_array(file, np.zeros(2, dtype=[("ü", "<f4")]), version=(3, 0))
    arrays = {"a": np.arange(6, dtype="<f2").reshape(3, 2), "b": np.arange(4, dtype=">u2"), "c": np.array([True])}
    np.savez(HERE / "stored.npz", **arrays)
    np.savez_compressed(HERE / "packed.npz", **arrays)


def make_gguf():
    writer = gguf.GGUFWriter(HERE / "some.gguf", "llama")
    writer.add_block_count(1)
    writer.add_name("tiny")
    writer.add_array("tokenizer.ggml.tokens", ["a", "bc", ""])
    writer.add_array("numbers", [1, 2, 3])
    writer.add_tensor("token_embd.weight", np.arange(8, dtype=np.float32).reshape(2, 4))
    writer.add_tensor("half", np.arange(4, dtype=np.float16))
    brain = np.arange(4, dtype=np.uint16)
    writer.add_tensor("brain", brain.view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    block = gguf.quants.quantize(np.arange(64, dtype=np.float32).reshape(2, 32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("blk.0.ffn.weight", block, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


torch.manual_seed(0)
make_safetensors()
make_torch()
make_numpy()
make_gguf()
