"""Tuning teaches what prompting cannot: made-up codes, learned, then judged by an ordinary run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch

from promptbench.error import ModelError
from promptbench.model.local.convert import is_ready
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.run.job import run_suite
from promptbench.run.option import Options
from promptbench.tune import training
from promptbench.tune.finetune import finetune
from promptbench.tune.watch import Silent
from tests.model.bert import write_encoder
from tests.model.tiny import write_tiny
from tests.run.workspace import Notes, Workspace
from tests.tune.conftest import SETTINGS
from tests.tune.toy import LABELS, PATH, SIDES, options, tune, write_toy

PROJECT = Path(__file__).parents[2]
BASE = "./checkpoints/base"


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not is_ready(EMBEDDED[name], cache_folder()),
        reason=f"the embedded model is not installed: promptbench models pull {name}",
    )


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """A second thread gains little on a small model, and costs much on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def score(workspace: Workspace, spec: str, suite: str = PATH, **more: Any) -> float:
    """The mean of the suite's first metric, every output scored."""
    result = run_suite(workspace.folder / suite, Options(models=(spec,), **more), Notes())
    assert result.errors == 0
    values = [next(iter(s.scores.values())).value for s in workspace.samples(result.run_id)]
    found = [value for value in values if value is not None]
    assert len(found) == len(values)
    return sum(found) / len(found)


@pytest.mark.parametrize(
    ("kind", "method", "rate"),
    [
        ("llama", "full", 5e-3),
        ("llama", "lora", 2e-2),
        ("gpt2", "full", 5e-3),
        ("t5", "full", 1e-2),
    ],
)
def test_a_tiny_model_learns_codes_that_no_prompt_could_tell(
    tmp_path: Path, kind: str, method: str, rate: float
):
    workspace = write_toy(tmp_path)
    write_tiny(tmp_path / "checkpoints" / "base", kind, **SETTINGS[kind])
    tuned = tune(workspace, method=method, learning_rate=rate, epochs=10, batch=8)
    assert score(workspace, BASE) <= 0.1
    assert score(workspace, tuned.spec) >= 0.9


def test_a_tiny_bert_learns_a_head(tmp_path: Path):
    workspace = write_toy(tmp_path, SIDES, suite=LABELS)
    write_encoder(tmp_path / "checkpoints" / "base", "bert", head="")
    with pytest.raises(ModelError, match="no head"):
        score(workspace, BASE)
    tuned = tune(workspace, learning_rate=3e-3, epochs=8, batch=8, stop_on="none")
    assert score(workspace, tuned.spec) >= 0.9


def test_a_broken_adapter_ends_a_run_before_it_begins(tmp_path: Path):
    workspace = write_toy(tmp_path)
    write_tiny(tmp_path / "checkpoints" / "base", "llama", **SETTINGS["llama"])
    tuned = tune(workspace, method="lora", epochs=1, batch=8)
    weights = tuned.folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(ModelError, match="adapter"):
        score(workspace, tuned.spec)


MADE_UP = {"blorfin": "47", "wuggelo": "92"}
FEW = ("the", "one", "my", "some")
CHAT = "{% block system %}Codes.{% endblock %}{% block user %}{{ text }}{% endblock %}"


@pytest.mark.slow
@needs("smollm2")
@pytest.mark.parametrize(
    ("method", "rate"),
    [("lora", 4e-3), pytest.param("full", 3e-4, marks=pytest.mark.long)],
)
def test_the_embedded_model_learns_codes_that_no_prompt_could_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, rate: float
):
    # Reading the probes takes longer than all of the training.
    monkeypatch.setattr(training, "probes", lambda known: [])
    workspace = write_toy(tmp_path, MADE_UP, fillers=FEW, prompt=CHAT, train=4)
    workspace.edit(PATH, BASE, "smollm2")
    settings = {"method": method, "learning_rate": rate, "epochs": 8, "batch": 2}
    tuned = tune(workspace, **settings, stop_on="none")
    assert score(workspace, "smollm2", limit=4) == 0
    assert score(workspace, tuned.spec, limit=4) == 1


@pytest.mark.slow
@needs("minilm")
def test_the_embedded_bert_learns_intents(tmp_path: Path):
    workspace = Workspace(tmp_path.resolve())
    copytree(PROJECT / "prompts" / "intent", tmp_path / "prompts" / "intent")
    copytree(PROJECT / "suites" / "intent", tmp_path / "suites" / "intent")
    suite = (PROJECT / "suites" / "intent.yaml").read_text(encoding="utf-8")
    workspace.write("suites/intent.yaml", suite)
    # Of the suite's two ways to answer an encoder has one: the other is left out for it.
    settings = {"limit": 100, "epochs": 6, "learning_rate": 5e-4, "stop_on": "none"}
    asked = options(model="minilm", prompt="plain", **settings)
    tuned = finetune(tmp_path / "suites" / "intent.yaml", asked, Silent())
    found = score(workspace, tuned.spec, "suites/intent.yaml", limit=60, prompts=("plain",))
    assert found >= 0.5  # of 20 intents: chance is 0.05
