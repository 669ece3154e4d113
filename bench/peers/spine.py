"""Durable inserts of the ledger's payload through Python's own sqlite3, as JSON.

Needs only the standard library, so it runs without an environment of its own. immudb, the other
peer one would want here, is a Go server that no package registry carries; it is not measured.

Usage: python3 bench/peers/spine.py FOLDER
"""

import json
import pathlib
import sqlite3
import sys
import time

DETAIL = '{"path":"src/main.rs","bytes":1234,"note":"a detail of ordinary length"}'
ROW = ("user:bench", "project:bench", "bench.append", "done", DETAIL)


def rate(path: pathlib.Path, batch: int, total: int) -> float:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE log(seq INTEGER PRIMARY KEY, at INTEGER, principal TEXT, namespace TEXT, action TEXT, phase TEXT, detail TEXT)")
    start = time.perf_counter()
    for _ in range(total // batch):
        db.execute("BEGIN IMMEDIATE")
        for _ in range(batch):
            db.execute("INSERT INTO log(at, principal, namespace, action, phase, detail) VALUES (?,?,?,?,?,?)", (time.time_ns(), *ROW))
        db.execute("COMMIT")
    elapsed = time.perf_counter() - start
    db.close()
    return total / elapsed


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    json.dump(
        [
            {"name": "python sqlite3, one a transaction", "value": rate(folder / "py-one.db", 1, 1000), "unit": "/s"},
            {"name": "python sqlite3, 512 a transaction", "value": rate(folder / "py-many.db", 512, 102_400), "unit": "/s"},
        ],
        sys.stdout,
    )


main()
