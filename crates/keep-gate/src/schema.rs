use keep_db::Schema;

/// The gate's own tables.
pub static SCHEMA: Schema = Schema {
    owner: "gate",
    steps: &[
        "
CREATE TABLE gate_token (
    id           TEXT PRIMARY KEY,
    hash         BLOB NOT NULL CHECK (length(hash) = 32),
    principal    TEXT NOT NULL CHECK (principal NOT LIKE 'user:%'),
    scopes       TEXT NOT NULL,
    namespaces   TEXT NOT NULL,
    label        TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    last_used_ms INTEGER,
    revoked_ms   INTEGER
) STRICT;
CREATE TABLE gate_approval (
    id             TEXT PRIMARY KEY,
    digest         BLOB NOT NULL CHECK (length(digest) = 32),
    action         TEXT NOT NULL,
    namespace      TEXT NOT NULL,
    risk           TEXT NOT NULL,
    summary        TEXT NOT NULL,
    detail         TEXT NOT NULL,
    reason         TEXT NOT NULL,
    requester      TEXT NOT NULL,
    acting         TEXT NOT NULL,
    policy_version BLOB NOT NULL,
    created_ms     INTEGER NOT NULL,
    expires_ms     INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'denied', 'used')),
    answered_by    TEXT,
    answered_ms    INTEGER,
    note           TEXT,
    CHECK ((state = 'waiting') = (answered_by IS NULL)),
    CHECK (answered_by IS NULL OR answered_by <> requester),
    CHECK (answered_by IS NULL OR answered_by LIKE 'user:%')
) STRICT;
CREATE INDEX gate_approval_open ON gate_approval (requester, digest) WHERE state IN ('waiting', 'approved');
CREATE TABLE gate_switch (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    since_ms   INTEGER NOT NULL,
    by         TEXT NOT NULL,
    reason     TEXT NOT NULL
) STRICT;
CREATE TABLE gate_rate (
    principal TEXT PRIMARY KEY,
    minute    INTEGER NOT NULL,
    count     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE gate_code (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    last_step INTEGER NOT NULL,
    failures  INTEGER NOT NULL,
    since_ms  INTEGER NOT NULL
) STRICT;
",
        "
ALTER TABLE gate_approval ADD COLUMN conversation TEXT;
ALTER TABLE gate_approval ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0 CHECK (
    lasting = 0
    OR (lasting = 1 AND conversation IS NOT NULL AND state = 'approved' AND risk <> 'critical'
        AND expires_ms <= answered_ms + 28800000)
);
",
        "
ALTER TABLE gate_approval ADD COLUMN offers TEXT;
ALTER TABLE gate_approval ADD COLUMN suggestion TEXT CHECK (suggestion IS NULL OR state = 'denied');
",
        "
ALTER TABLE gate_approval ADD COLUMN withdrawn_ms INTEGER CHECK (
    withdrawn_ms IS NULL OR state IN ('waiting', 'approved')
);
",
    ],
};
