-- Bodies that many rows share, such as cases and templates, under their SHA-256.
CREATE TABLE body (
    digest TEXT PRIMARY KEY,
    json TEXT NOT NULL
) WITHOUT ROWID;

-- One execution of a plan. `plan` is the digest of all that decides its results;
-- `serial` counts the times that it was begun anew; `fresh` runs reuse nothing from before them.
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    serial INTEGER NOT NULL,
    fresh INTEGER NOT NULL,
    suite TEXT NOT NULL,
    created TEXT NOT NULL,
    status TEXT NOT NULL,
    seconds REAL NOT NULL DEFAULT 0,
    header TEXT NOT NULL REFERENCES body (digest),
    UNIQUE (plan, serial)
) WITHOUT ROWID;

CREATE TABLE run_case (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    body TEXT NOT NULL REFERENCES body (digest),
    PRIMARY KEY (run, position)
) WITHOUT ROWID;

-- A prompt as the model saw it, under its request's fingerprint.
CREATE TABLE request (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    ids BLOB NOT NULL,
    messages TEXT NOT NULL
) WITHOUT ROWID;

-- Everything that came back, errors included. A fingerprint may have several: the newest
-- without an error is the one that is reused.
CREATE TABLE completion (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL REFERENCES request (key),
    created TEXT NOT NULL,
    text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    finish_reason TEXT NOT NULL,
    seconds REAL NOT NULL,
    error TEXT NOT NULL
);
CREATE INDEX completion_key ON completion (key, error, id);

-- Which completion fills a cell of a run: candidate and case by their position in the run.
CREATE TABLE sample (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    candidate INTEGER NOT NULL,
    "case" INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    completion INTEGER NOT NULL REFERENCES completion (id),
    PRIMARY KEY (run, candidate, "case", repeat)
) WITHOUT ROWID;
CREATE INDEX sample_completion ON sample (completion);

CREATE TABLE score (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    candidate INTEGER NOT NULL,
    "case" INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    metric TEXT NOT NULL,
    value REAL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, candidate, "case", repeat, metric)
) WITHOUT ROWID;
