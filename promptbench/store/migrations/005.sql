-- What the metrics of a run asked a model, and the completion that they read: by fingerprint.
CREATE TABLE answer (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    completion INTEGER NOT NULL REFERENCES completion (id),
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX answer_completion ON answer (completion);

-- What such a metric makes of texts that are no candidate's: constant answers, texts that people
-- rated. The case is its position in the run.
CREATE TABLE control (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    metric TEXT NOT NULL,
    name TEXT NOT NULL,
    "case" INTEGER NOT NULL,
    value REAL,
    reason TEXT NOT NULL,
    parts BLOB NOT NULL,
    PRIMARY KEY (run, metric, name, "case")
) WITHOUT ROWID;
