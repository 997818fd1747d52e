-- What became of the gates of a run's suite, in their order.
CREATE TABLE judgement (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (run, position)
) WITHOUT ROWID;

-- The candidates that a race took out as beaten, and after how many cases.
CREATE TABLE stop (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    candidate INTEGER NOT NULL,
    cases INTEGER NOT NULL,
    PRIMARY KEY (run, candidate)
) WITHOUT ROWID;
