"""A chat is trained on and run: what was learned is said, and said as the training watched it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from promptbench.run.job import run_suite
from promptbench.run.option import Options
from promptbench.tune.finetune import finetune
from tests.run.workspace import Notes, Workspace
from tests.tune.talks import CHATML, CUTTING, LLAMA2, PATH, given, write_rows, write_talk
from tests.tune.test_resume import Interrupting
from tests.tune.toy import options

CODES = {f"w{key}": f"w{10 + key} w{34 + key}" for key in range(10, 16)}


def write_codes(folder: Path, template: str) -> Workspace:
    """Dialogues in which two keys are named, one after the other; their codes are replied."""
    keys = list(CODES)
    pairs = [(one, other) for one in keys for other in keys if one != other]
    rows = [
        given(f"r{n}", *((key, CODES[key]) for key in pair)) for n, pair in enumerate(pairs[:24])
    ]
    held = [given(f"h{n}", *((key, CODES[key]) for key in p)) for n, p in enumerate(pairs[24:])]
    workspace = write_talk(folder, template, rows)
    write_rows(workspace, "dev", held[:3])
    write_rows(workspace, "test", held[3:])
    return workspace


def mean(workspace: Workspace, spec: str, split: str = "test") -> float:
    """The share of checked turns that a checkpoint answers as it should."""
    result = run_suite(workspace.folder / PATH, Options(models=(spec,), split=split), Notes())
    assert result.errors == 0
    scores = [sample.scores["exact"].value for sample in workspace.samples(result.run_id)]
    return sum(map(float, scores)) / len(scores)


def tuned(workspace: Workspace, **settings: Any) -> Any:
    """Train on the codes."""
    watcher = Interrupting()
    found = finetune(workspace.folder / PATH, options(batch=8, **settings), watcher)
    return found, watcher.notes


@pytest.mark.parametrize("template", [CHATML, LLAMA2, CUTTING], ids=["chatml", "llama2", "cutting"])
def test_replies_are_learned_and_so_is_to_stop(tmp_path: Path, template: str):
    workspace = write_codes(tmp_path, template)
    found, notes = tuned(workspace, epochs=30, learning_rate=5e-3, patience=30)
    said = found.manifest
    assert mean(workspace, "./checkpoints/base") == 0
    assert mean(workspace, found.spec) >= 0.6
    before, after = said["dev_loss"]
    assert after < before / 4
    assert said["chat"]["replies"] == 48
    assert said["data"]["train"] == (48 if template == CUTTING else 24)
    assert len(said["data"]["cases"]) == said["chat"]["dialogues"] == 24
    assert any("on 24 dialogues" in note and "8 examples a step" in note for note in notes)
    both = Options(models=("./checkpoints/base", found.spec))
    assert len(run_suite(workspace.folder / PATH, both, Notes()).summary.standings) == 2


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_suites_metric_is_watched_as_a_run_measures_it(tmp_path: Path, method: str):
    workspace = write_codes(tmp_path, CHATML)
    rate = 5e-3 if method == "full" else 2e-2
    found, _ = tuned(
        workspace, epochs=15, learning_rate=rate, patience=15, stop_on="metric", method=method
    )
    values = [value for _, _, value in found.manifest["looks"]]
    best = values[found.manifest["best"] - 1]
    assert best == max(values) >= 1 / 3
    assert mean(workspace, found.spec, "dev") == pytest.approx(best)
