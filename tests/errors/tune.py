"""Mistakes in training a model of one's own, and in looking inside one."""

from __future__ import annotations

from pathlib import Path

from pytest import MonkeyPatch

from tests.errors.workspace import Entry, Prepare, command, email, file, lines, put

TEXT = "manuals/printer.txt"
ROWS = "manuals/notes.jsonl"
PRETRAIN = ("pretrain", "--arch", "gpt2", "--data", "manuals")
MODEL = "./checkpoints/tiny"
LOOK = ("anatomy", MODEL, "--text", ROWS, "--heads", "9.9")


def pages(*more: str) -> Prepare:
    """`pretrain` on enough text."""
    return file(ROWS, lines(*map(email, range(60))), (*PRETRAIN, *more))


def taken(workspace: Path, patch: MonkeyPatch) -> list[str]:
    """A name that a folder of another kind has."""
    put(workspace, "checkpoints/mine/notes.txt", "keep me")
    return pages("--name", "mine")(workspace, patch)


ENTRIES = [
    Entry("pretrain-no-data", "trained on a folder that there is not", command(*PRETRAIN)),
    Entry(
        "pretrain-little",
        "trained on a single line",
        file(TEXT, "Turn it off and on again.", PRETRAIN),
    ),
    Entry(
        "pretrain-not-utf8",
        "trained on a text that is not UTF-8",
        file(TEXT, b"first\nCaf\xe9", PRETRAIN),
        "printer.txt:2",
    ),
    Entry(
        "pretrain-nothing-to-read",
        "trained on files that are no text",
        file("manuals/photo.png", b"\x89PNG", PRETRAIN),
    ),
    Entry("pretrain-heads", "shared a width among too many heads", pages("--heads", "3")),
    Entry("pretrain-vocabulary", "asked for too small a vocabulary", pages("--vocabulary", "99")),
    Entry("pretrain-rate", "asked for a learning rate of 0", pages("--lr", "0")),
    Entry("pretrain-name", "gave a checkpoint a path for a name", pages("--name", "../mine")),
    Entry("pretrain-taken", "gave a checkpoint a name that is taken", taken),
    Entry("anatomy-of-nothing", "looked inside a model at nothing", command("anatomy", MODEL)),
    Entry(
        "anatomy-head",
        "looked at a head that there is not",
        file(ROWS, lines(*map(email, range(60))), LOOK),
    ),
]
