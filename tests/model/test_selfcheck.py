from __future__ import annotations

from pathlib import Path

import pytest
import torch

from promptbench.model.local.engine import PackedEngine
from promptbench.model.local.local import LocalModel
from promptbench.model.local.selfcheck import check_model
from promptbench.model.protocol import Setup


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_a_model_that_runs_rightly_is_exact(opened: dict[str, LocalModel], kind: str):
    verdict = check_model(opened[kind])
    assert verdict.exact
    assert all(way.equal + way.ties == verdict.requests for way in verdict.ways)


def test_an_engine_that_computes_something_else_is_found(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    model = LocalModel("./llama", folders["llama"], Setup(folders["llama"]))
    engine = model.engine
    assert isinstance(engine, PackedEngine)
    forward = engine.runner.forward

    def wrong(*arguments: object) -> torch.Tensor:
        return -forward(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(engine.runner, "forward", wrong)
    verdict = check_model(model)
    assert not verdict.exact
    assert verdict.ways[0].widest > 1e-3
