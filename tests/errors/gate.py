"""Mistakes in gates, and in the places that they are written to."""

from __future__ import annotations

from tests.errors.workspace import RUN, SUITE, VALIDATE, Entry, Prepare, command, suite

PRIMARY = "primary: rougeL\n"
LINE = f"{SUITE}:15"


def gate(text: str, *more: str, arguments: tuple[str, ...] = VALIDATE) -> Prepare:
    """The suite with gates."""
    lines = "".join(f"  - {line}\n" for line in (text, *more))
    return suite(PRIMARY, f"{PRIMARY}gates:\n{lines}", arguments)


ENTRIES = [
    Entry("gate-words", "wrote a gate that is none", gate("rougeL above 0.25"), LINE),
    Entry("gate-strict", "wrote a gate with > for >=", gate("rougeL > 0.25"), LINE),
    Entry("gate-metric", "misspelt the metric of a gate", gate("rogueL >= 0.25"), LINE),
    Entry("gate-number", "gave a gate a percentage", gate("rougeL >= 25%"), LINE),
    Entry("gate-range", "asked for more than a metric can be", gate("rougeL >= 25"), LINE),
    Entry(
        "gate-margin",
        "forgave a loss that a metric cannot have",
        gate("not worse than latest by more than 2"),
        LINE,
    ),
    Entry(
        "gate-candidate",
        "misspelt the candidate of a gate",
        gate("rougeL >= 0.25 for plane"),
        LINE,
    ),
    Entry("gate-twice", "wrote a gate twice", gate("words >= 0.5", "words >= 0.5"), f"{SUITE}:16"),
    Entry("gate-key", "misspelt a key of a gate", gate("{metric: rougeL, at_lest: 0.25}"), LINE),
    Entry("gate-text", "gave a gate text for a number", gate("{at_least: high}"), LINE),
    Entry(
        "gate-bounds",
        "gave a gate two bounds",
        gate("{metric: rougeL, at_least: 0.2, at_most: 0.3}"),
        LINE,
    ),
    Entry("gate-by", "gave a bound a margin", gate("{at_least: 0.2, by: 0.1}"), LINE),
    Entry(
        "gate-on",
        "asked for the mean of a comparison",
        gate("{not_worse_than: latest, on: mean}"),
        LINE,
    ),
    Entry(
        "gate-forms",
        "wrote a gate in words and keys at once",
        gate("{rule: rougeL >= 0.2, candidate: all}"),
        LINE,
    ),
    Entry(
        "gate-run",
        "named a run in a gate that is not in the store",
        gate("not worse than email-before", arguments=RUN),
        LINE,
    ),
    Entry(
        "junit-folder",
        "asked for a JUnit file in a folder that is not there",
        command(*RUN, "--junit", "out/junit.xml"),
        "out/junit.xml",
    ),
    Entry(
        "junit-is-folder",
        "named a folder as the JUnit file",
        command(*RUN, "--junit", "suites"),
        "suites",
    ),
]
