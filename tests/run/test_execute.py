from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from promptbench.error import PromptbenchError, RunError, StoreError
from promptbench.metric.protocol import Metric
from promptbench.record import Case, Completion, Sample, Score
from promptbench.run import plan as plan_module
from promptbench.run.execute import begin, generate, score
from promptbench.store.database import Store
from tests.fake import FakeBackend, FakeModel, complete
from tests.run.workspace import Notes, Workspace, email


def expected(workspace: Workspace, **options: object) -> dict[tuple[str, str, int], str]:
    """What each cell must hold, from its own request alone."""
    plan = workspace.plan(**options)
    return {
        (plan.ready[s.candidate].candidate.name, plan.cases[s.case].id, s.repeat): complete(
            plan.request(s)
        ).text
        for s in plan.slots
    }


def outputs(samples: list[Sample]) -> dict[tuple[str, str, int], str]:
    return {(s.candidate, s.case_id, s.repeat): s.completion.text for s in samples if s.completion}


# Reuse


def test_every_output_goes_to_its_own_case(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.order = 5
    result = workspace.run(repeats=2)
    assert outputs(workspace.samples(result.run_id)) == expected(workspace, repeats=2)


def test_a_second_run_generates_nothing_and_says_the_same(workspace: Workspace, fake: FakeBackend):
    first = workspace.run()
    page = first.report.read_bytes()
    asked = len(fake.asked)
    second = workspace.run()
    assert (first.generated, first.reused) == (12, 0)
    assert (second.generated, second.reused) == (0, 12)
    assert len(fake.asked) == asked
    assert (second.run_id, second.report.read_bytes()) == (first.run_id, page)


def test_a_full_run_after_a_limited_one_generates_the_rest_and_the_counts_reconcile(
    workspace: Workspace, fake: FakeBackend
):
    limited = workspace.run(limit=2)
    notes = Notes()
    full = workspace.run(notes)
    assert (limited.generated, full.generated, full.reused) == (4, 8, 4)
    assert (notes.total, notes.missing) == (12, 8)
    assert max(Counter(fake.asked).values()) == 1
    assert full.run_id != limited.run_id
    assert {f.cases for s in full.summary.standings for f in s.figures.values()} == {6}
    assert outputs(workspace.samples(full.run_id)) == expected(workspace)
    assert len(workspace.samples(limited.run_id)) == 4


def test_a_mix_of_cached_and_fresh_outputs_is_not_shifted(workspace: Workspace, fake: FakeBackend):
    workspace.cases("test", email(1), email(3), email(4))
    workspace.run()
    workspace.cases("test", *map(email, range(6)))
    fake.behaviour.order = 11
    fake.behaviour.batch = 2
    result = workspace.run()
    assert (result.generated, result.reused) == (6, 6)
    assert outputs(workspace.samples(result.run_id)) == expected(workspace)


def test_another_metric_is_scored_from_the_stored_outputs(workspace: Workspace, fake: FakeBackend):
    workspace.run()
    workspace.edit("suites/mail.yaml", "  - rougeL\n", "  - rougeL\n  - exact\n")
    asked = len(fake.asked)
    result = workspace.run()
    assert (result.generated, len(fake.asked)) == (0, asked)
    assert {tuple(s.scores) for s in workspace.samples(result.run_id)} == {
        ("exact", "rougeL", "words")
    }


def test_repeats_are_samples_of_their_own(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "max_tokens: 16", "max_tokens: 16, temperature: 1")
    result = workspace.run(repeats=3)
    assert result.generated == 36
    by_case: dict[tuple[str, str], set[str]] = {}
    for (candidate, case_id, _), text in outputs(workspace.samples(result.run_id)).items():
        by_case.setdefault((candidate, case_id), set()).add(text)
    assert [len(texts) for texts in by_case.values()] == [3] * 12


def test_equal_requests_of_a_prompt_are_generated_once_and_fill_all_their_cells(
    workspace: Workspace, fake: FakeBackend
):
    workspace.cases("test", email(1), {**email(1), "id": "twin"}, email(2))
    notes = Notes()
    result = workspace.run(notes)
    assert len(fake.asked) == len(set(fake.asked)) == 4
    assert (result.generated, result.reused, result.errors) == (4, 2, 0)
    assert (notes.total, notes.missing) == (6, 4)
    found = outputs(workspace.samples(result.run_id))
    assert found == expected(workspace)
    assert found["plain", "mail-1", 0] == found["plain", "twin", 0]


@pytest.mark.parametrize("fresh", [False, True])
def test_equal_requests_of_two_candidates_are_generated_once(
    workspace: Workspace, fake: FakeBackend, fresh: bool
):
    workspace.edit(
        "suites/mail.yaml",
        "sampling: {max_tokens: 16}",
        "sampling: [{name: one, max_tokens: 16}, {name: two, max_tokens: 16, top_k: 5}]",
    )
    result = workspace.run(fresh=fresh)
    assert len(fake.asked) == len(set(fake.asked)) == 12
    assert (result.generated, result.reused, result.errors) == (12, 12, 0)
    assert outputs(workspace.samples(result.run_id)) == expected(workspace)


# Errors


def test_an_error_is_stored_and_not_scored(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.failing = ("number 2:",)
    result = workspace.run()
    failed = [s for s in workspace.samples(result.run_id) if s.completion and s.completion.error]
    assert [(s.candidate, s.case_id) for s in failed] == [("plain", "mail-2"), ("brief", "mail-2")]
    assert {s.completion.error for s in failed if s.completion} == {"the fake model failed"}
    assert [s.scores for s in failed] == [{}, {}]
    assert result.errors == 2
    figures = [s.figures["words"] for s in result.summary.standings]
    assert [(f.scored, f.cases, f.errors) for f in figures] == [(5, 6, 1)] * 2


def test_a_run_with_errors_is_failed_and_the_same_command_tries_them_again(
    workspace: Workspace, fake: FakeBackend
):
    fake.behaviour.failing = ("number 2:",)
    first = workspace.run()
    with workspace.store() as store:
        assert store.run(first.run_id).status == "failed"
    fake.behaviour.failing = ()
    fake.asked.clear()
    second = workspace.run()
    assert second.run_id == first.run_id
    assert (second.generated, second.reused, second.errors) == (2, 10, 0)
    assert len(fake.asked) == 2
    assert outputs(workspace.samples(second.run_id)) == expected(workspace)
    assert all(len(s.scores) == 2 for s in workspace.samples(second.run_id))
    with workspace.store() as store:
        assert store.run(first.run_id).status == "complete"


def test_an_error_is_not_reused_by_another_run(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.failing = ("number 1:",)
    assert workspace.run(limit=2).errors == 2
    fake.behaviour.failing = ()
    result = workspace.run()
    assert (result.generated, result.reused, result.errors) == (10, 2, 0)


def test_a_request_that_the_model_never_answers_is_counted_as_failed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    whole = FakeModel.stream

    def forgetful(model: FakeModel, requests: object) -> object:
        for batch in whole(model, requests):  # type: ignore[arg-type]
            yield batch[1:]

    monkeypatch.setattr(FakeModel, "stream", forgetful)
    result = workspace.run()
    assert (result.generated, result.errors) == (8, 4)


@pytest.mark.parametrize("twice", [False, True])
def test_an_answer_to_what_was_not_asked_is_an_error(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, twice: bool
):
    whole = FakeModel.stream

    def confused(model: FakeModel, requests: object) -> object:
        for batch in whole(model, requests):  # type: ignore[arg-type]
            yield [*batch, batch[0] if twice else replace(batch[0], key="nobody's")]

    monkeypatch.setattr(FakeModel, "stream", confused)
    with pytest.raises(RunError, match="fake:a answered"):
        workspace.run()


# Interruptions


@pytest.mark.parametrize(
    ("broken", "status"),
    [(KeyboardInterrupt(), "interrupted"), (RunError("out of memory"), "failed")],
)
def test_what_stops_a_run_loses_no_stored_batch_and_the_same_command_continues(
    workspace: Workspace, fake: FakeBackend, broken: BaseException, status: str
):
    fake.behaviour.breaks_after = 3
    fake.behaviour.broken = broken
    with pytest.raises(type(broken)):
        workspace.run()
    run_id = workspace_run(workspace)
    with workspace.store() as store:
        assert store.run(run_id).status == status
        assert len(store.filled(run_id)) == 9
    fake.behaviour.breaks_after = None
    result = workspace.run()
    assert (result.run_id, result.generated, result.reused) == (run_id, 3, 9)
    assert max(Counter(fake.asked).values()) == 1
    assert outputs(workspace.samples(run_id)) == expected(workspace)


def workspace_run(workspace: Workspace) -> str:
    """The only run."""
    with workspace.store() as store:
        (line,) = store.runs()
        return line.id


def test_a_watcher_hears_of_a_batch_only_when_it_is_stored(workspace: Workspace):
    class Checking(Notes):
        def generated(self, batch: list[Completion]) -> None:
            super().generated(batch)
            with workspace.store() as store:
                assert set(store.reusable([done.key for done in batch])) == {
                    done.key for done in batch
                }

    notes = Checking()
    workspace.run(notes)
    assert [len(batch) for batch in notes.batches] == [3, 3, 3, 3]


# --fresh


def test_fresh_generates_anew_into_a_new_run_and_keeps_the_old_one(
    workspace: Workspace, fake: FakeBackend
):
    first = workspace.run()
    fresh = workspace.run(fresh=True)
    assert (fresh.generated, fresh.reused) == (12, 0)
    assert set(Counter(fake.asked).values()) == {2}
    assert fresh.run_id == f"{first.run_id}-2"
    assert outputs(workspace.samples(first.run_id)) == outputs(workspace.samples(fresh.run_id))
    with workspace.store() as store:
        assert len(list(store.query("SELECT id FROM completion"))) == 24
    assert workspace.run(fresh=True).run_id == f"{first.run_id}-3"


def test_an_interrupted_fresh_run_continues(workspace: Workspace, fake: FakeBackend):
    first = workspace.run()
    fake.behaviour.breaks_after, fake.behaviour.broken = 6, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        workspace.run(fresh=True)
    fake.behaviour.breaks_after = None
    result = workspace.run(fresh=True)
    assert (result.run_id, result.generated, result.reused) == (f"{first.run_id}-2", 6, 6)


def test_an_interrupted_fresh_run_reuses_nothing_from_before_it_whoever_continues_it(
    workspace: Workspace, fake: FakeBackend
):
    first = workspace.run()
    fake.behaviour.breaks_after, fake.behaviour.broken = 6, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        workspace.run(fresh=True)
    fake.behaviour.breaks_after = None
    result = workspace.run()
    assert (result.run_id, result.generated, result.reused) == (f"{first.run_id}-2", 6, 6)


# Scores


class Wary:
    """A metric that leaves what it does not understand unscored, and counts what it was asked."""

    needs_references = False

    def __init__(self, inner: Metric) -> None:
        self.inner = inner
        self.info = inner.info
        self.asked: list[str] = []

    def score(self, completion: Completion, case: Case) -> Score:
        self.asked.append(case.id)
        if case.id == "mail-1":
            return Score(self.info.name, None, "it does not parse")
        return self.inner.score(completion, case)


def test_unscored_is_stored_with_its_reason_and_never_as_0(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    build = plan_module.metrics_of
    monkeypatch.setattr(plan_module, "metrics_of", lambda *specs: tuple(map(Wary, build(*specs))))
    result = workspace.run(prompts=("plain",))
    scores = {s.case_id: s.scores["words"] for s in workspace.samples(result.run_id)}
    assert scores["mail-1"] == Score("words", None, "it does not parse")
    assert all(score.value is not None for case, score in scores.items() if case != "mail-1")
    figure = result.summary.standings[0].figures["words"]
    assert (figure.scored, figure.unscored, figure.cases) == (5, 1, 6)


def test_only_missing_scores_are_computed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    build = plan_module.metrics_of
    monkeypatch.setattr(plan_module, "metrics_of", lambda *specs: tuple(map(Wary, build(*specs))))
    plan = workspace.plan(prompts=("plain",))
    with workspace.store() as store:
        work = begin(plan, store)
        list(generate(plan, store, work))
        kept = Score("words", 0.125)
        store.save_scores(work.run_id, [((0, 2, 0), [kept])])
        score(plan, store, work.run_id)
        asked = {metric.info.name: metric.asked for metric in plan.metrics if is_wary(metric)}
        assert asked["words"] == [f"mail-{n}" for n in (0, 1, 3, 4, 5)]
        assert asked["rougeL"] == [f"mail-{n}" for n in range(6)]
        assert dict(cell_scores(store, work.run_id, "words"))[0, 2, 0] == kept
        score(plan, store, work.run_id)
        assert (len(asked["words"]), len(asked["rougeL"])) == (5, 6)


def is_wary(metric: object) -> bool:
    return isinstance(metric, Wary)


def cell_scores(store: Store, run_id: str, metric: str) -> list[tuple[object, Score]]:
    return [(cell, found) for cell, found in store.scores(run_id) if found.metric == metric]


def test_more_cells_than_are_scored_at_once_are_all_scored(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("promptbench.run.execute.SCORED_AT_ONCE", 5)
    result = workspace.run()
    assert [len(s.scores) for s in workspace.samples(result.run_id)] == [2] * 12


def test_a_metric_that_breaks_loses_no_output(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    def broken(metric: Wary, text: str, case: Case) -> Score:
        raise PromptbenchError("the metric broke")

    build = plan_module.metrics_of
    with monkeypatch.context() as patch:
        patch.setattr(plan_module, "metrics_of", lambda *specs: tuple(map(Wary, build(*specs))))
        patch.setattr(Wary, "score", broken)
        with pytest.raises(PromptbenchError, match="the metric broke"):
            workspace.run()
    result = workspace.run()
    assert (result.generated, result.reused, result.errors) == (0, 12, 0)


def test_a_plan_whose_digest_begins_like_anothers_does_not_go_on_with_its_run(
    workspace: Workspace,
):
    plan = workspace.plan()
    alike = replace(plan, digest=plan.digest[:8] + "0" * 56)
    with workspace.store() as store:
        first = begin(plan, store)
        assert begin(plan, store).run_id == first.run_id
        store.set_status(first.run_id, "complete")
        with pytest.raises(StoreError, match=f"another plan's run has the id {first.run_id}"):
            begin(alike, store)
        assert store.run(first.run_id).status == "complete"
