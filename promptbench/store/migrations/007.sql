-- What people said of two outputs for one case, not knowing whose they were. Candidates and the
-- case are positions in the run, `left` and `right` the sides on which the outputs stood.
CREATE TABLE rating (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    rater TEXT NOT NULL,
    "case" INTEGER NOT NULL,
    left_candidate INTEGER NOT NULL,
    left_repeat INTEGER NOT NULL,
    right_candidate INTEGER NOT NULL,
    right_repeat INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    note TEXT NOT NULL,
    seconds REAL NOT NULL,
    "references" INTEGER NOT NULL,
    PRIMARY KEY (run, rater, "case", left_candidate, left_repeat, right_candidate, right_repeat)
) WITHOUT ROWID;
