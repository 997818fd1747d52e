"""Commands that are typed wrongly, and a run that is stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest import MonkeyPatch

from promptbench.model.local.local import LocalModel
from tests.errors.workspace import DATA, PROMPT, RUN, SUITE, Entry, command, template


def interrupted(workspace: Path, patch: MonkeyPatch) -> list[str]:
    def stream(self: LocalModel, requests: Any) -> Iterator[Any]:
        signal.raise_signal(signal.SIGINT)
        yield from ()

    patch.setattr(LocalModel, "stream", stream)
    return list(RUN)


RENDER = ("render", SUITE, "--prompt", "plain", "--case")
SPLIT = ("split", DATA, "--out", "parts")
ABLATE = ("ablate", SUITE, "--prompt", "plain")


def no_blocks(workspace: Path, patch: MonkeyPatch) -> list[str]:
    template("{{ subject }}: {{ body }}\n")(workspace, patch)
    return list(ABLATE)


def only_one_block(workspace: Path, patch: MonkeyPatch) -> list[str]:
    template("{% block all %}{{ subject }}: {{ body }}{% endblock %}\n")(workspace, patch)
    return list(ABLATE)


ENTRIES = [
    Entry("unknown-verb", "misspelt a verb", command("rum", SUITE)),
    Entry("unknown-subverb", "misspelt a verb of `models`", command("models", "pul", "smollm2")),
    Entry("unknown-option", "misspelt an option", command("run", SUITE, "--limmit", "3")),
    Entry("missing-argument", "named no suite", command("run")),
    Entry("extra-argument", "named two suites", command("run", SUITE, "suites/other.yaml")),
    Entry("missing-option", "left out an option that is needed", command("render", SUITE)),
    Entry("missing-value", "gave an option no value", command("run", SUITE, "--limit")),
    Entry("limit-zero", "asked for no cases", command("run", SUITE, "--limit", "0")),
    Entry("limit-text", "gave a word for a number", command("run", SUITE, "--limit", "few")),
    Entry(
        "unknown-export-format",
        "asked for a table format that there is not",
        command("export", "email-1", "--format", "xlsx"),
    ),
    Entry("unknown-case", "rendered a case that there is not", command(*RENDER, "email-9"), SUITE),
    Entry(
        "unknown-case-split",
        "rendered a case of another split",
        command(*RENDER, "email-4"),
        SUITE,
    ),
    Entry(
        "validate-case",
        "asked `validate` for one case",
        command("validate", SUITE, "--case", "email-1"),
    ),
    Entry(
        "unknown-group",
        "split by a field that the rows lack",
        command(*SPLIT, "--group", "thread"),
        f"{DATA}:1",
    ),
    Entry("too-few-to-split", "split too few rows", command(*SPLIT, "--test", "0.01"), DATA),
    Entry(
        "nothing-for-train",
        "left nothing for train",
        command(*SPLIT, "--test", "0.6", "--dev", "0.4"),
    ),
    Entry(
        "unknown-block",
        "left out a block that the prompt lacks",
        command(*ABLATE, "--block", "instructions"),
        PROMPT,
    ),
    Entry(
        "no-blocks", "asked what the blocks are worth of a prompt that has none", no_blocks, PROMPT
    ),
    Entry("only-block", "left out the block that holds all of a prompt", only_one_block, PROMPT),
    Entry("interrupted", "pressed Ctrl-C during a run", interrupted, code=130),
]
