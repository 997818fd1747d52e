"""Every mistake of the catalogue is made for real, and docs/errors.md says what then happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.errors.catalogue import ENTRIES, GROUPS, HEAD, row
from tests.errors.workspace import VALIDATE, Entry, command, happen

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
AGAIN = "python -m tests.errors.catalogue > docs/errors.md"

# What a user never has to know of.
PYTHON = re.compile(r"Traceback|Errno|\w+Error\b|Exception|\bNone|\bdict\b|\bstr\b|codec|at 0x")


def test_the_workspace_itself_holds_no_mistake():
    outcome = happen(Entry("none", "made no mistake", command(*VALIDATE), code=0))
    assert (outcome.code, outcome.message) == (0, "")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_mistake_leads_to_its_message_and_exit_code(entry):
    outcome = happen(entry)
    assert outcome.code == entry.code, outcome.message
    assert PYTHON.search(outcome.message) is None, outcome.message
    if entry.where:
        assert f"error: {entry.where}: " in outcome.message
    assert row(entry, outcome) in DOCS.read_text(encoding="utf-8").splitlines(), AGAIN


def test_the_page_holds_the_catalogue_and_nothing_else():
    page = DOCS.read_text(encoding="utf-8")
    assert page.startswith(HEAD)
    assert re.findall("^## (.+)$", page, re.MULTILINE) == list(GROUPS), AGAIN
    told = re.findall(r"^\| (You .+?) \| ", page, re.MULTILINE)
    assert told == [f"You {entry.did}" for entry in ENTRIES], AGAIN


def test_every_mistake_has_a_name_of_its_own():
    assert len(ENTRIES) >= 40
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    assert len({entry.did for entry in ENTRIES}) == len(ENTRIES)


def test_a_process_whose_output_finds_a_full_disk_ends_without_a_traceback():
    verb = [sys.executable, "-m", "promptbench", "schema"]
    with Path("/dev/full").open("wb", buffering=0) as full:
        done = subprocess.run(verb, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr == "error: the output cannot be used: No space left on device\n"


def test_a_bug_of_ours_is_owned_up_to_in_two_lines(monkeypatch):
    def broken(*arguments):
        raise KeyError("candidate")

    monkeypatch.setattr("promptbench.run.check.read_suite", broken)
    outcome = happen(Entry("bug", "met a bug", command(*VALIDATE)))
    assert outcome.code == 3
    assert outcome.message.startswith("error: a bug in promptbench: KeyError: 'candidate' (")
    assert "Please report it" in outcome.message
    assert "Traceback" not in outcome.message
