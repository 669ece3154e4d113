-- Where a word occurs, anew: behind the space comes the part of it, so that what is written at once lies together
-- however large the space is. With the word straight behind the space, each of a batch's two thousand words
-- rewrote a page of its own. The lists are made again from the memories; the form tells that they are gone.
DROP TABLE memory_index_term;
CREATE TABLE memory_index_term (
    space INTEGER NOT NULL,
    part INTEGER NOT NULL,
    term TEXT NOT NULL,
    block INTEGER NOT NULL,
    postings BLOB NOT NULL,
    PRIMARY KEY (space, part, term, block)
) STRICT, WITHOUT ROWID;
