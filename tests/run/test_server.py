"""A suite whose model is behind an API: run to its end, stored, and nothing asked twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.cli.ranking import as_json
from promptbench.error import ModelError, RunError, SuiteError
from promptbench.store.turn import turns
from tests.fake import FakeBackend
from tests.model.remote.server import CHAT, Answer, Asked, serving
from tests.run.chatting import write_chat
from tests.run.workspace import Workspace

MODEL = "{{model: 'openai:m@{base}', server: {{concurrency: 4, retries: 0{more}}}}}"


def served(workspace: Workspace, base: str, more: str = "") -> None:
    """Let the suite ask a server."""
    workspace.edit("suites/mail.yaml", "fake:a", MODEL.format(base=base, more=more))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))


def test_a_suite_on_a_server_is_run_once(workspace: Workspace, fake: FakeBackend):
    with serving() as server:
        served(workspace, server.base)
        first = workspace.run()
        asked = len(server.asked)
        second = workspace.run()
        assert (first.errors, first.generated) == (0, 12)
        assert asked == len(server.asked) == 12 + 1
        assert second.report.read_bytes() == second.report.read_bytes()
    offline = workspace.run()
    assert (offline.run_id, offline.generated) == (first.run_id, 0), "no server is needed"


def test_errors_are_stored_and_asked_again(workspace: Workspace, fake: FakeBackend):
    def behaviour(asked: Asked, number: int) -> Answer:
        busy = "number 3" in asked.body["messages"][-1]["content"]
        return Answer({"error": "busy"}, 503) if busy else Answer()

    with serving(behaviour) as server:
        served(workspace, server.base)
        first = workspace.run()
        assert first.errors == 2
        bad = [s for s in workspace.samples(first.run_id) if s.completion and s.completion.error]
        assert {s.case_id for s in bad} == {"mail-3"}
        assert all(not s.scores for s in bad)
        before = len(server.asked)
        server.behaviour = lambda asked, number: Answer()
        second = workspace.run()
        assert (second.errors, len(server.asked) - before) == (0, 2)


def test_a_budget_ends_a_run_that_goes_on_with_a_larger_one(
    workspace: Workspace, fake: FakeBackend
):
    with serving() as server:
        served(workspace, server.base, ", price: {input: 1000, output: 1000}")
        with pytest.raises(RunError, match="the budget of 0\\.5 is used up"):
            workspace.run(max_cost=0.5)
        spent = sum(7 + 2 for _ in server.asked) / 1000
        assert spent <= 0.5
        result = workspace.run(max_cost=50.0)
        assert (result.errors, len(server.asked)) == (0, 13)


def test_what_the_answers_cost_is_stored_and_told(workspace: Workspace, fake: FakeBackend):
    with serving() as server:
        served(workspace, server.base, ", price: {input: 100, output: 1000}")
        result = workspace.run()
    each = (7 * 100 + 2 * 1000) / 1e6
    found = [s.completion.cost for s in workspace.samples(result.run_id) if s.completion]
    assert found == [pytest.approx(each)] * 12
    assert [one.cost for one in result.summary.standings] == [pytest.approx(each)] * 2
    page = result.report.read_text()
    assert '<td class="figure" data-label="Cost">2.70</td>' in page
    assert '<th scope="row">cost of its answers</th><td>0.032</td>' in page
    row = as_json(result)["candidates"][0]
    assert row["cost"] == pytest.approx(each)


def test_without_a_price_nothing_is_said_of_cost(workspace: Workspace, fake: FakeBackend):
    page = workspace.run().report.read_text()
    assert 'data-label="Cost"' not in page
    assert "cost of its answers" not in page


def test_a_budget_needs_prices(workspace: Workspace, fake: FakeBackend):
    with serving() as server:
        served(workspace, server.base)
        with pytest.raises(SuiteError, match="--max-cost needs the price"):
            workspace.run(max_cost=1.0)


def test_what_a_server_says_is_text_alone(workspace: Workspace, fake: FakeBackend):
    body = {
        **CHAT,
        "choices": [{"message": {"content": "<script>x</script>"}, "finish_reason": "stop"}],
    }
    with serving(lambda asked, number: Answer(body)) as server:
        served(workspace, server.base)
        result = workspace.run()
    assert b"<script>x</script>" not in result.report.read_bytes()


@pytest.mark.parametrize("status", [200, 400])
def test_half_a_character_is_marked_and_stored(
    workspace: Workspace, fake: FakeBackend, status: int
):
    message = {"content": "cut off: \ud83d"}
    body = {**CHAT, "choices": [{"message": message, "finish_reason": "length"}]}
    bad = {"error": {"message": "cut off: \ud83d"}}
    with serving() as server:
        served(workspace, server.base)
        server.behaviour = lambda asked, number: (
            Answer(body if status == 200 else bad, status) if number else Answer()
        )
        result = workspace.run()
    for sample in workspace.samples(result.run_id):
        assert sample.completion
        assert "cut off: \ufffd" in (sample.completion.text or sample.completion.error)


def test_a_chat_on_a_server_knows_the_tokens_that_it_tells(tmp_path: Path):
    with serving() as server:
        chat = write_chat(tmp_path, "[all]", **{"fake:a": f"openai:m@{server.base}"})
        result = chat.run()
    with chat.store() as store:
        asked = [turn for turn in turns(store, result.run_id) if turn.key]
    assert {(turn.reply, turn.prompt_tokens) for turn in asked} == {("Hi!", 7)}


def test_a_budget_of_tokens_needs_a_model_that_counts_them(tmp_path: Path):
    with serving() as server:
        chat = write_chat(tmp_path, "[tokens: 60]", **{"fake:a": f"openai:m@{server.base}"})
        with pytest.raises(ModelError, match="does not tell how many a prompt has"):
            chat.run()
