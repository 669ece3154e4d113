-- When a space's memories were last all counted as much as they are worth, and the place at which a round that
-- is under way goes on.
ALTER TABLE memory_space ADD COLUMN faded_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE memory_space ADD COLUMN fade_next INTEGER NOT NULL DEFAULT 0;
