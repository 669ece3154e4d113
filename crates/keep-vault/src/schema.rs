use keep_db::Schema;

/// What is on record of the vault's file: the version that was written last, and the one that a process
/// was about to write. The secrets themselves are never here.
pub static SCHEMA: Schema = Schema {
    owner: "vault",
    steps: &["
CREATE TABLE vault_head (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    vault        TEXT NOT NULL,
    version      INTEGER NOT NULL,
    digest       BLOB NOT NULL CHECK (length(digest) = 32),
    signer       BLOB NOT NULL CHECK (length(signer) = 32),
    next_vault   TEXT,
    next_version INTEGER,
    next_digest  BLOB CHECK (length(next_digest) = 32),
    next_signer  BLOB CHECK (length(next_signer) = 32),
    CHECK ((next_vault IS NULL) = (next_version IS NULL)
       AND (next_vault IS NULL) = (next_digest IS NULL)
       AND (next_vault IS NULL) = (next_signer IS NULL))
) STRICT;
CREATE TABLE vault_try (
    at_ms INTEGER NOT NULL
) STRICT;
"],
};
