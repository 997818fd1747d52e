"""Mistakes in what comes after a run: comparing, planning the next one; and racing."""

from __future__ import annotations

from pathlib import Path

from pytest import MonkeyPatch

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
]
