"""Random prompts through the packed engine: each is answered once, and as it is alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptbench.model.local.engine import PackedEngine
from promptbench.model.local.local import LocalModel
from promptbench.model.local.scheduler import Scheduler
from promptbench.model.local.shelf import Shelf
from promptbench.model.protocol import Setup
from promptbench.record import Request
from tests.model.tiny import WORDS, request, write_tiny

SLOW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(SLOW, max_examples=400)
Wanted = list[tuple[int, list[str], int, float]]
prompts = st.lists(
    st.tuples(
        st.sampled_from([0, 3, 9]),  # words of a beginning that several share
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=12),
        st.integers(1, 8),
        st.sampled_from([0.0, 1.2]),
    ),
    min_size=1,
    max_size=9,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    folder = write_tiny(tmp_path_factory.mktemp("fuzz") / "llama", "llama")
    return LocalModel("./llama", folder, Setup(folder))


def run(model: LocalModel, asked: list[Request], rows: int, chunk: int) -> dict[str, list[int]]:
    """The tokens of every answer; each comes once."""
    engine = model.engine
    assert isinstance(engine, PackedEngine)
    shelf = Shelf(engine.runner.shape, engine.budget)
    scheduler = Scheduler(engine.runner, engine.ends, shelf, rows, chunk)
    with torch.inference_mode():
        done = [row for finished in scheduler.run(asked) for row in finished]
    found = {row.request.key: list(row.tokens) for row in done}  # type: ignore[union-attr]
    assert len(done) == len(found) == len(asked)
    assert all(len(found[one.key]) <= one.sampling.max_tokens for one in asked)
    return found


def answered_as_alone(model: LocalModel, wanted: Wanted, rows: int, chunk: int) -> None:
    """Side by side, in either order, every answer has the tokens that it has by itself."""
    made = [
        request(model, " ".join([*WORDS[:shared], *words]), max_tokens=most, temperature=warmth)
        for shared, words, most, warmth in wanted
    ]
    asked = list({one.key: one for one in made}.values())
    together = run(model, asked, rows, chunk)
    alone = {k: v for one in asked for k, v in run(model, [one], 1, 64).items()}
    assert together == alone
    assert run(model, asked[::-1], rows + 1, chunk + 3) == alone


@SLOW
@given(wanted=prompts, rows=st.integers(1, 5), chunk=st.integers(1, 40))
def test_whatever_the_rows_and_the_chunk_each_prompt_is_answered_as_alone(
    model: LocalModel, wanted: Wanted, rows: int, chunk: int
):
    answered_as_alone(model, wanted, rows, chunk)


@pytest.mark.long
@MANY
@given(wanted=prompts, rows=st.integers(1, 9), chunk=st.integers(1, 80))
def test_with_many_rows_and_chunks_each_prompt_is_answered_as_alone(
    model: LocalModel, wanted: Wanted, rows: int, chunk: int
):
    answered_as_alone(model, wanted, rows, chunk)
