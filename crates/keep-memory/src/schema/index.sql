-- The index over memories. Everything here follows from the memories and can be made again from them.
-- A memory is addressed by its space and its place in it.

-- One row a space. `form` says which program's way of reading text made the rest.
CREATE TABLE memory_index_space (
    space INTEGER PRIMARY KEY,
    form INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    places INTEGER NOT NULL,
    memories INTEGER NOT NULL,
    words INTEGER NOT NULL
) STRICT;

-- Where a word occurs, and how often: one list for every 4,096 places. The space comes first, so that
-- what is written together lies together: most spaces are small, and a search looks at few of them.
CREATE TABLE memory_index_term (
    space INTEGER NOT NULL,
    term TEXT NOT NULL,
    block INTEGER NOT NULL,
    postings BLOB NOT NULL,
    PRIMARY KEY (space, term, block)
) STRICT, WITHOUT ROWID;

-- What is known of 256 memories beside their words and vectors. The key is the space and the leaf's number.
CREATE TABLE memory_index_leaf (
    key INTEGER PRIMARY KEY,
    space INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX memory_index_leaf_stamp ON memory_index_leaf (space, stamp);

-- A memory's own vector. The key is the space and the place.
CREATE TABLE memory_index_vector (
    key INTEGER PRIMARY KEY,
    vector BLOB NOT NULL
) STRICT;

-- Who speaks in a space. A name goes with the last memory that it said.
CREATE TABLE memory_index_speaker (
    space INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name TEXT,
    memories INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (space, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX memory_index_speaker_name ON memory_index_speaker (space, name);

-- The last turn of each conversation, which is known here by a hash of its name.
CREATE TABLE memory_index_talk (
    space INTEGER NOT NULL,
    talk INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (space, talk)
) STRICT, WITHOUT ROWID;

-- Which embedders made the vectors.
CREATE TABLE memory_index_embedder (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    UNIQUE (name, version, digest)
) STRICT;
