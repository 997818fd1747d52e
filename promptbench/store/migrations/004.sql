-- How near an output is to the nearest training target: `value` from 0 to 1, and the train case.
-- `own` is the same of the case's references, NULL where it has none.
CREATE TABLE nearness (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    candidate INTEGER NOT NULL,
    "case" INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    value REAL NOT NULL,
    own REAL,
    train TEXT NOT NULL,
    target TEXT NOT NULL REFERENCES body (digest),
    PRIMARY KEY (run, candidate, "case", repeat)
) WITHOUT ROWID;
