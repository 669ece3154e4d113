use keep_db::Schema;

/// Names, versions and marks, and what lies where in the store. The store alone is enough to restore what
/// it holds; these tables make that quick, find what is stored already, and say what may go.
pub static SCHEMA: Schema = Schema {
    owner: "artifact",
    steps: &["
CREATE TABLE artifact (
    id        INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name      TEXT NOT NULL,
    last      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (namespace, name)
) STRICT;
CREATE TABLE artifact_bundle (
    id        INTEGER PRIMARY KEY,
    blob      BLOB NOT NULL UNIQUE CHECK (length(blob) = 32),
    bytes     INTEGER NOT NULL,
    idle_ms   INTEGER,
    condemned INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE artifact_version (
    id        INTEGER PRIMARY KEY,
    artifact  INTEGER NOT NULL REFERENCES artifact(id),
    number    INTEGER NOT NULL,
    manifest  INTEGER NOT NULL REFERENCES artifact_bundle(id),
    made_ms   INTEGER NOT NULL,
    made_by   TEXT NOT NULL,
    sums      TEXT NOT NULL,
    UNIQUE (artifact, number)
) STRICT;
CREATE TABLE artifact_tag (
    version INTEGER NOT NULL REFERENCES artifact_version(id) ON DELETE CASCADE,
    tag     TEXT NOT NULL,
    PRIMARY KEY (version, tag)
) STRICT, WITHOUT ROWID;
CREATE TABLE artifact_use (
    bundle  INTEGER NOT NULL REFERENCES artifact_bundle(id),
    version INTEGER NOT NULL REFERENCES artifact_version(id) ON DELETE CASCADE,
    PRIMARY KEY (bundle, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_use_version ON artifact_use (version);
CREATE TABLE artifact_pending (
    id       INTEGER PRIMARY KEY,
    artifact INTEGER NOT NULL REFERENCES artifact(id),
    number   INTEGER NOT NULL,
    owner    TEXT NOT NULL
) STRICT;
CREATE TABLE artifact_hold (
    bundle  INTEGER NOT NULL REFERENCES artifact_bundle(id),
    pending INTEGER NOT NULL REFERENCES artifact_pending(id) ON DELETE CASCADE,
    PRIMARY KEY (bundle, pending)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_hold_pending ON artifact_hold (pending);
CREATE TABLE artifact_chunk (
    hash   BLOB NOT NULL CHECK (length(hash) = 32),
    bundle INTEGER NOT NULL REFERENCES artifact_bundle(id) ON DELETE CASCADE,
    start  INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    PRIMARY KEY (hash, bundle)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_chunk_bundle ON artifact_chunk (bundle);
CREATE TABLE artifact_region (
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    bytes   INTEGER NOT NULL,
    content INTEGER NOT NULL,
    version INTEGER NOT NULL REFERENCES artifact_version(id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    PRIMARY KEY (hash, bytes, content, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_region_version ON artifact_region (version);
"],
};
