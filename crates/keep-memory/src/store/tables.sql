-- A namespace that holds memories, or once did. The index is addressed by it and by places in it.
CREATE TABLE memory_space (
    id         INTEGER PRIMARY KEY,
    namespace  TEXT NOT NULL UNIQUE,
    next_place INTEGER NOT NULL DEFAULT 0,
    memories   INTEGER NOT NULL DEFAULT 0 CHECK (memories >= 0)
) STRICT;

-- An id is unique within its namespace only: whether another namespace has it is nobody's business.
CREATE TABLE memory (
    seq           INTEGER PRIMARY KEY,
    space         INTEGER NOT NULL REFERENCES memory_space (id),
    place         INTEGER NOT NULL,
    id            TEXT NOT NULL,
    version       INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    title         TEXT,
    text          TEXT NOT NULL,
    tags          TEXT NOT NULL,
    importance    INTEGER NOT NULL,
    confidence    REAL NOT NULL,
    trust         TEXT NOT NULL,
    source        TEXT NOT NULL,
    written_by    TEXT NOT NULL,
    edited_by     TEXT,
    speaker       TEXT,
    said_ms       INTEGER,
    valid_from_ms INTEGER,
    valid_to_ms   INTEGER,
    recorded_ms   INTEGER NOT NULL,
    edited_ms     INTEGER NOT NULL,
    retired_ms    INTEGER,
    expires_ms    INTEGER,
    pinned        INTEGER NOT NULL DEFAULT 0,
    quarantine    TEXT,
    flag          TEXT,
    UNIQUE (space, id),
    UNIQUE (space, place)
) STRICT;
CREATE INDEX memory_expiring ON memory (expires_ms) WHERE expires_ms IS NOT NULL;
CREATE INDEX memory_held ON memory (space, place) WHERE quarantine IS NOT NULL;

CREATE TABLE memory_tag (
    space INTEGER NOT NULL,
    tag   TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (space, tag, place)
) STRICT, WITHOUT ROWID;

-- How a memory read before each of its edits.
CREATE TABLE memory_version (
    memory    INTEGER NOT NULL REFERENCES memory (seq) ON DELETE CASCADE,
    version   INTEGER NOT NULL,
    edited_ms INTEGER NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (memory, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE memory_link (
    source    INTEGER NOT NULL REFERENCES memory (seq) ON DELETE CASCADE,
    kind      TEXT NOT NULL,
    target    INTEGER NOT NULL REFERENCES memory (seq) ON DELETE CASCADE,
    strength  REAL NOT NULL,
    reason    TEXT,
    made_ms   INTEGER NOT NULL,
    made_by   TEXT NOT NULL,
    PRIMARY KEY (source, kind, target),
    CHECK (source <> target)
) STRICT, WITHOUT ROWID;
CREATE INDEX memory_link_target ON memory_link (target);

-- Which memories a memory was made from.
CREATE TABLE memory_parent (
    child  INTEGER NOT NULL REFERENCES memory (seq) ON DELETE CASCADE,
    parent INTEGER NOT NULL REFERENCES memory (seq) ON DELETE CASCADE,
    PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX memory_parent_child ON memory_parent (child);

-- Counted apart from the memory, so that a recall rewrites no text.
CREATE TABLE memory_use (
    memory      INTEGER PRIMARY KEY REFERENCES memory (seq) ON DELETE CASCADE,
    recalls     INTEGER NOT NULL,
    recalled_ms INTEGER NOT NULL
) STRICT;
