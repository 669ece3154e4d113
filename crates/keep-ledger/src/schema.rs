//! The ledger's tables.

use keep_db::Schema;

/// Records, their details, the stored parts of the tree, and what an opening needs quickly.
pub static SCHEMA: Schema = Schema {
    owner: "ledger",
    steps: &["CREATE TABLE ledger_record (
    seq INTEGER PRIMARY KEY,
    log INTEGER NOT NULL,
    utc_ms INTEGER NOT NULL,
    monotonic_ns INTEGER NOT NULL,
    boot BLOB NOT NULL,
    pid INTEGER NOT NULL,
    started_ticks INTEGER NOT NULL,
    principal TEXT NOT NULL,
    namespace TEXT NOT NULL,
    action TEXT NOT NULL,
    phase TEXT NOT NULL,
    refers_to INTEGER,
    digest BLOB NOT NULL,
    exact BLOB,
    leaf BLOB NOT NULL
) STRICT;
CREATE TABLE ledger_detail (
    seq INTEGER PRIMARY KEY,
    salt BLOB NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE TABLE ledger_tree (
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    peaks BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    key BLOB NOT NULL,
    head_size INTEGER NOT NULL,
    head_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE ledger_head (
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL,
    pinned INTEGER NOT NULL
) STRICT;
CREATE TABLE ledger_key (
    seq INTEGER PRIMARY KEY,
    public BLOB NOT NULL
) STRICT;
CREATE TABLE ledger_open_intent (
    seq INTEGER PRIMARY KEY
) STRICT;"],
};
