"""Mistakes in what comes after a run: comparing, planning the next one; and racing."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from pytest import MonkeyPatch

from promptbench.run.job import store_path
from promptbench.store.database import Store
from tests.errors.workspace import (
    DATA,
    RUN,
    SUITE,
    SUITE_TEXT,
    Entry,
    Prepare,
    command,
    email,
    lines,
    put,
    run_once,
)
from tests.run.rated import rating_file


def after_run(*arguments: str) -> Prepare:
    """A command after a run; {run} stands for its id."""

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        run = run_once()
        return [argument.format(run=run) for argument in arguments]

    return prepare


def after_two(name: str, text: str, *more: str) -> Prepare:
    """`compare` of two runs, before and after a file was changed."""

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        first = run_once()
        put(workspace, name, text)
        return ["compare", first, run_once(), *more]

    return prepare


OTHER_DATA = lines(email(1), email(2, subject="Another meeting"), email(7))
OTHER_WORDS = SUITE_TEXT.replace("{max: 60}", "{max: 50}")
POWER = ("power", SUITE)


def after_rating(old: str, new: str) -> Prepare:
    """`import-ratings` of a file in which something is wrong."""

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        run = run_once()
        with closing(Store(store_path(workspace))) as store:
            found = json.dumps(rating_file(store, run, ["left", "tie"]))
        assert old in found
        put(workspace, "ratings.json", found.replace(old, new, 1))
        return ["import-ratings", "ratings.json"]

    return prepare


ENTRIES = [
    Entry(
        "compare-unknown-run",
        "compared a run that there is not",
        after_run("compare", "{run}", "email-before"),
    ),
    Entry(
        "compare-unknown-candidate",
        "misspelt a candidate to compare",
        after_run("compare", "{run}:plane", "{run}:short"),
    ),
    Entry("compare-itself", "compared a run with itself", after_run("compare", "{run}", "{run}")),
    Entry(
        "compare-unknown-metric",
        "compared on a metric that the runs lack",
        after_run("compare", "{run}:plain", "{run}:short", "--metric", "rogueL"),
    ),
    Entry("compare-other-data", "compared runs over different data", after_two(DATA, OTHER_DATA)),
    Entry(
        "compare-other-settings",
        "compared on a metric whose settings differ",
        after_two(SUITE, OTHER_WORDS, "--metric", "words"),
    ),
    Entry(
        "backends-unknown-prompt",
        "misspelt the prompt to compare backends on",
        command("backends", SUITE, "--prompt", "plian"),
        SUITE,
    ),
    Entry(
        "view-unknown-run",
        "looked at a run that there is not",
        after_run("view", "email-before", "--no-open"),
    ),
    Entry(
        "view-reserved-port",
        "served the runs on a port of the system's",
        command("view", "--no-open", "--port", "80"),
    ),
    Entry(
        "power-no-run",
        "planned a suite that was never run",
        command(*POWER),
    ),
    Entry(
        "power-unknown-metric",
        "planned for a metric that the run lacks",
        after_run(*POWER, "--metric", "rogueL"),
    ),
    Entry(
        "power-large-effect",
        "planned for an effect that cannot be",
        after_run(*POWER, "--effect", "3"),
    ),
    Entry("power-zero", "planned for no effect", command(*POWER, "--effect", "0")),
    Entry("race-of-one", "raced a single candidate", command(*RUN, "--race", "--prompt", "plain")),
    Entry(
        "ratings-missing",
        "imported a file of ratings that is not there",
        after_run("import-ratings", "ratings.json"),
        "ratings.json",
    ),
    Entry(
        "ratings-version",
        "imported ratings of another version",
        after_rating('"version": 1', '"version": 2'),
        "ratings.json",
    ),
    Entry(
        "ratings-unknown-case",
        "imported a rating of a case that the run lacks",
        after_rating('"case": "email-2"', '"case": "email-9"'),
        "ratings.json: rating 2",
    ),
    Entry(
        "ratings-verdict",
        "imported a verdict that there is not",
        after_rating('"verdict": "tie"', '"verdict": "even"'),
        "ratings.json: rating 2",
    ),
]
