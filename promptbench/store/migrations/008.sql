-- What was said in the dialogues of a chat, turn by turn. The candidate is a position in the run, and
-- so is the case, which is NULL for a turn that is not checked. `kept` is a JSON list of numbers.
CREATE TABLE turn (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    candidate INTEGER NOT NULL,
    dialogue TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    user TEXT NOT NULL,
    reply TEXT NOT NULL,
    key TEXT NOT NULL,
    "case" INTEGER,
    kept TEXT NOT NULL,
    summary TEXT NOT NULL,
    mood REAL NOT NULL,
    rule TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    memory_tokens INTEGER NOT NULL,
    PRIMARY KEY (run, candidate, dialogue, repeat, number)
) WITHOUT ROWID;
