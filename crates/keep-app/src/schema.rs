use keep_db::Schema;

/// The house's own tables: projects, what is trusted of them, and requests that came under a key.
pub(crate) static SCHEMA: Schema = Schema {
    owner: "house",
    steps: &[
        "
CREATE TABLE house_project (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    root       TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE house_project_alias (
    name    TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES house_project (id) ON DELETE CASCADE
) STRICT;
CREATE TABLE house_trust (
    root      TEXT PRIMARY KEY,
    closure   TEXT NOT NULL,
    by        TEXT NOT NULL,
    pinned_ms INTEGER NOT NULL
) STRICT;
",
        "
CREATE TABLE house_request (
    principal TEXT NOT NULL,
    key       BLOB NOT NULL,
    request   BLOB NOT NULL,
    at_ms     INTEGER NOT NULL,
    done      INTEGER NOT NULL DEFAULT 0,
    answer    BLOB,
    PRIMARY KEY (principal, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX house_request_by_age ON house_request (principal, at_ms);
",
    ],
};
