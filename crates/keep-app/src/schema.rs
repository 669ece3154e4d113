use keep_db::Schema;

/// The house's own tables: projects and what is trusted of them.
pub(crate) static SCHEMA: Schema = Schema {
    owner: "house",
    steps: &["
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
"],
};
