use keep_db::Schema;

/// Every run: what was asked, what decided, how it was confined, how it ended, and what it said within a
/// bound. Texts are redacted before they come here; what must be provable byte for byte is an HMAC.
pub static SCHEMA: Schema = Schema {
    owner: "exec",
    steps: &[
        "
CREATE TABLE exec_run (
    id            TEXT PRIMARY KEY,
    seq           INTEGER,
    namespace     TEXT NOT NULL,
    principal     TEXT NOT NULL,
    command       TEXT NOT NULL,
    exact         BLOB NOT NULL CHECK (length(exact) = 32),
    folder        TEXT NOT NULL,
    workspace     TEXT NOT NULL,
    risk          TEXT NOT NULL,
    analysis      TEXT NOT NULL,
    decision      TEXT NOT NULL CHECK (decision IN ('allow', 'ask')),
    rule          TEXT NOT NULL,
    profile       TEXT NOT NULL,
    tier          TEXT NOT NULL,
    secrets       TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('running', 'ended', 'failed')),
    owner         TEXT NOT NULL,
    started_ms    INTEGER NOT NULL,
    ended_ms      INTEGER,
    why           TEXT,
    code          INTEGER,
    signal        INTEGER,
    ended_by      TEXT,
    user_us       INTEGER,
    system_us     INTEGER,
    largest_bytes INTEGER,
    output        BLOB,
    output_bytes  INTEGER,
    output_digest TEXT,
    errors        BLOB,
    errors_bytes  INTEGER,
    errors_digest TEXT,
    tried         TEXT CHECK (tried IN ('pending', 'committed', 'discarded')),
    CHECK ((state = 'running') = (ended_ms IS NULL))
) STRICT;
CREATE INDEX exec_run_started ON exec_run (started_ms);
CREATE INDEX exec_run_tried ON exec_run (tried) WHERE tried = 'pending';
CREATE INDEX exec_run_running ON exec_run (owner) WHERE state = 'running';
",
        "
ALTER TABLE exec_run ADD COLUMN repeats TEXT;
ALTER TABLE exec_run ADD COLUMN conversation TEXT;
CREATE INDEX exec_run_repeats ON exec_run (repeats) WHERE repeats IS NOT NULL;
DROP INDEX exec_run_started;
CREATE INDEX exec_run_listed ON exec_run
    (started_ms, id, namespace, principal, state, owner, code, ended_by, repeats);
",
    ],
};
