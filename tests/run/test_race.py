"""A race: who is beaten beyond doubt stops early, the rest runs as ever, and it can be resumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from promptbench.error import SuiteError
from promptbench.metric.protocol import Metric
from promptbench.record import Case, Completion, MetricInfo, Request, Score
from promptbench.run import job
from promptbench.run import race as race_module
from promptbench.run.job import Result, report_of, reports_folder
from promptbench.run.plan import Plan, make_plan
from promptbench.run.race import check_race, rounds
from tests import fake as fake_module
from tests.fake import FakeBackend
from tests.run.workspace import Notes, Workspace, email

SUITE = "suites/mail.yaml"
CASES = 160
WORSE = "Say nothing at all."


@pytest.fixture
def racing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Two prompts that answer alike, and one that never gets a word right."""
    rows = [email(number, number) for number in range(CASES)]
    workspace.many(*rows)
    workspace.edit(
        SUITE, "  - ../prompts/brief.j2\n", "  - ../prompts/brief.j2\n  - ../prompts/bad.j2\n"
    )
    workspace.write(
        "prompts/bad.j2",
        '{% extends "plain.j2" %}{% block instruction %}' + WORSE + "{% endblock %}",
    )
    monkeypatch.setattr(fake_module, "answer", answer)
    return workspace


def answer(request: Request) -> list[str]:
    """The reference for most cases, or nonsense where it is asked for."""
    text = request.encoded.text
    return ["zebra"] if WORSE in text else ["The meeting is on friday at noon"]


def done(workspace: Workspace, result: Result) -> dict[str, int]:
    """How many outputs each candidate has."""
    found: dict[str, int] = {}
    for sample in workspace.samples(result.run_id):
        found[sample.candidate] = found.get(sample.candidate, 0) + (sample.completion is not None)
    return found


def test_a_candidate_that_is_beaten_stops_early_and_the_run_is_complete(
    racing: Workspace, fake: FakeBackend
):
    notes = Notes()
    result = racing.run(notes, race=True)
    outputs = done(racing, result)
    ((name, cases, total, saved),) = notes.stops
    assert (name, total) == ("bad", CASES)
    assert 0 < cases < CASES
    assert outputs == {"plain": CASES, "brief": CASES, "bad": cases}
    assert saved == CASES - cases
    assert (result.errors, result.generated) == (0, 2 * CASES + cases)
    assert len(fake.asked) == len(set(fake.asked)) == result.generated
    with racing.store() as store:
        run = store.run(result.run_id)
    assert (run.status, run.stopped) == ("complete", {"bad": cases})
    assert run.manifest["command"].endswith("--race")


def test_the_report_says_so_and_never_ranks_it_before_one_that_finished(racing: Workspace):
    result = racing.run(race=True)
    assert result.summary.standings[-1].candidate.name == "bad"
    (cases,) = [n for n in result.summary.notes if n.startswith("bad: stopped after ")]
    assert f"of {CASES} cases by the race" in cases
    assert not any("not there" in note for note in result.summary.notes)
    page = result.report.read_text(encoding="utf-8")
    assert f"of {CASES} cases</small>" in page
    result.report.unlink()
    with racing.store() as store:
        _, path = report_of(store, result.run_id, reports_folder(racing.folder))
    assert path.read_text(encoding="utf-8") == page


def test_it_is_compared_on_the_cases_that_both_have(racing: Workspace):
    result = racing.run(race=True)
    stopped = done(racing, result)["bad"]
    (against,) = [c for c in result.summary.comparisons if c.other == "bad"]
    assert against.difference is not None
    assert against.difference.n == stopped


def test_candidates_that_are_as_good_all_finish(racing: Workspace):
    result = racing.run(race=True, prompts=("plain", "brief"))
    assert done(racing, result) == {"plain": CASES, "brief": CASES}
    assert not any("stopped" in note for note in result.summary.notes)


def test_the_same_command_finds_everything_done(racing: Workspace, fake: FakeBackend):
    first = racing.run(race=True)
    page = first.report.read_bytes()
    asked = len(fake.asked)
    notes = Notes()
    second = racing.run(notes, race=True)
    assert (second.run_id, second.generated, len(fake.asked)) == (first.run_id, 0, asked)
    assert second.report.read_bytes() == page


@pytest.mark.parametrize("after", [1, 5, 14, 30])
def test_a_race_that_was_interrupted_goes_on_to_the_same_end(
    racing: Workspace, fake: FakeBackend, after: int
):
    whole = racing.run(race=True)
    expected, stops = done(racing, whole), dict(whole.summary.standings[-1].figures)
    (racing.folder / ".promptbench" / "store.sqlite").unlink()
    fake.batches = 0
    fake.behaviour.breaks_after, fake.behaviour.broken = after, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        racing.run(race=True)
    fake.behaviour.breaks_after = None
    again = racing.run(race=True)
    assert again.run_id == whole.run_id
    assert done(racing, again) == expected
    assert dict(again.summary.standings[-1].figures) == stops


def test_a_run_without_the_race_generates_the_rest(racing: Workspace):
    raced = racing.run(race=True)
    full = racing.run()
    assert full.run_id != raced.run_id
    assert full.generated == CASES - done(racing, raced)["bad"]
    assert set(done(racing, full).values()) == {CASES}


def test_after_a_full_run_there_is_nothing_to_save(racing: Workspace):
    racing.run()
    raced = racing.run(race=True)
    assert raced.generated == 0
    assert set(done(racing, raced).values()) == {CASES}
    with racing.store() as store:
        assert store.run(raced.run_id).stopped == {}


def test_an_error_of_a_running_candidate_leaves_the_run_failed(
    racing: Workspace, fake: FakeBackend
):
    fake.behaviour.failing = ("number 7:",)
    result = racing.run(race=True)
    with racing.store() as store:
        assert store.run(result.run_id).status == "failed"
    assert result.errors >= 2
    fake.behaviour.failing = ()
    assert racing.run(race=True).errors == 0


def test_an_output_that_two_candidates_share_is_generated_for_the_one_that_still_runs(
    racing: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(race_module, "start", Rigged)
    racing.edit(SUITE, "  - ../prompts/bad.j2\n", "  - {name: twin, file: ../prompts/plain.j2}\n")
    result = racing.run(race=True)
    assert done(racing, result)["twin"] == CASES
    assert result.errors == 0


class Rigged:
    """A race in which the first candidate is beaten at once."""

    def __init__(self, names: list[str], limits: tuple[float, float]) -> None:
        self.beaten = tuple(names[:1])

    def add_all(self, batch: object) -> Rigged:
        return self


# The order of the cases


def cases(count: int, size: int = 0) -> list[Case]:
    return [Case(f"c{n}", {}, (), f"g{n // size}" if size else "") for n in range(count)]


def flat(found: list[list[tuple[int, ...]]]) -> list[int]:
    return [case for units in found for unit in units for case in unit]


@pytest.mark.parametrize(
    ("count", "size"), [(200, 0), (200, 3), (15, 0), (17, 5), (1, 0), (40, 40)]
)
def test_every_case_is_in_one_round_and_no_cluster_is_parted(count: int, size: int):
    found = rounds(cases(count, size))
    assert sorted(flat(found)) == list(range(count))
    assert all(len(unit) <= max(size, 1) for units in found for unit in units)
    assert len(found) <= 8
    for units in found[:-1]:
        assert sum(map(len, units)) >= max(16, count / 8)


def test_the_order_is_shuffled_and_always_the_same():
    found = flat(rounds(cases(200)))
    assert found == flat(rounds(cases(200)))
    assert found != sorted(found)
    assert max(found[:25]) > 150


# What cannot be raced


@dataclass(frozen=True)
class Changed:
    """A metric under other information."""

    info: MetricInfo
    metric: Metric
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        return self.metric.score(completion, case)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"high": None}, "lowest and highest value are known; rougeL has no such bounds"),
        ({"low": None}, "no such bounds"),
        ({"direction": "none"}, "does not say"),
        ({"pool": "macro_f1"}, "made of all cases at once"),
    ],
)
def test_a_metric_that_cannot_be_raced_is_an_error(
    workspace: Workspace, change: dict[str, object], what: str
):
    plan = workspace.plan()

    info = replace(plan.metrics[0].info, **change)  # type: ignore[arg-type]
    changed = replace(plan, metrics=(Changed(info, plan.metrics[0]), plan.metrics[1]))
    with pytest.raises(SuiteError, match=what) as caught:
        check_race(changed)
    assert "--race" in caught.value.hint


def test_one_candidate_is_no_race(workspace: Workspace, fake: FakeBackend):
    with pytest.raises(SuiteError, match="needs two candidates"):
        workspace.run(race=True, prompts=("plain",))
    assert fake.asked == []


def test_a_metric_where_less_is_better_is_raced_the_other_way(
    racing: Workspace, monkeypatch: pytest.MonkeyPatch
):
    def turned(*arguments: Any) -> Plan:
        plan = make_plan(*arguments)
        first = plan.metrics[0]
        info = replace(first.info, direction="lower")
        return replace(plan, metrics=(Changed(info, first), *plan.metrics[1:]))

    monkeypatch.setattr(job, "make_plan", turned)
    result = racing.run(race=True)
    with racing.store() as store:
        assert set(store.run(result.run_id).stopped) == {"plain", "brief"}
    assert result.summary.best == "bad"
