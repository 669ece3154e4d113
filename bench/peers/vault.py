"""Decrypting a vault's file with pyrage, the age format for Python, as JSON.

Reads the identity and the vault from their files each time, as a program does that was just started.

Usage: python3 bench/peers/vault.py HOME
"""

import json
import pathlib
import statistics
import sys
import time

import pyrage

TIMES = 45


def decrypt(home: pathlib.Path) -> bytes:
    lines = (home / "config/identity").read_text().splitlines()
    key = next(line for line in lines if not line.startswith("#"))
    identity = pyrage.x25519.Identity.from_str(key)
    return pyrage.decrypt((home / "data/vault.age").read_bytes(), [identity])


def main() -> None:
    home = pathlib.Path(sys.argv[1])
    assert decrypt(home).startswith(b"keep-vault/1\n")
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        decrypt(home)
        times.append((time.perf_counter() - start) * 1e3)
    row = {"name": "python pyrage, decrypting the same file", "value": statistics.median(times), "unit": "ms"}
    json.dump(row, sys.stdout)


main()
