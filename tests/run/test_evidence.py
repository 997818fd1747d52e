"""Gates of a run: judged on its figures and on those of earlier runs, kept with it in the store."""

from __future__ import annotations

import pytest

from promptbench.error import SuiteError
from promptbench.record import Judgement
from promptbench.run.job import report_of, reports_folder
from promptbench.store.outcome import judgements
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, email

SUITE = "suites/mail.yaml"


def gated(workspace: Workspace, *gates: str) -> None:
    text = workspace.suite.read_text(encoding="utf-8").split("gates:")[0]
    lines = "".join(f"  - {gate}\n" for gate in gates)
    workspace.write(SUITE, f"{text}gates:\n{lines}")


def verdicts(workspace: Workspace, *gates: str, **options: object) -> list[str]:
    gated(workspace, *gates)
    return [each.verdict for each in workspace.run(**options).judgements]


def one(workspace: Workspace, gate: str, **options: object) -> Judgement:
    gated(workspace, gate)
    (found,) = workspace.run(**options).judgements
    return found


def test_bounds_are_held_against_the_figures_of_the_summary(workspace: Workspace):
    result = workspace.run()
    best = result.summary.standings[0]
    found = best.figures["rougeL"].estimate
    assert found is not None
    low, mean = found.low, found.mean
    assert verdicts(
        workspace,
        f"rougeL >= {low - 1e-4:.6f}",
        f"rougeL >= {low + 1e-4:.6f}",
        f"mean rougeL >= {mean - 1e-4:.6f}",
        f"mean rougeL >= {mean + 1e-4:.6f}",
        f"rougeL <= {found.high + 1e-4:.6f}",
        f"rougeL <= {found.high - 1e-4:.6f}",
    ) == ["passed", "failed", "passed", "failed", "passed", "failed"]


def test_the_default_candidate_is_the_best_ranked_and_all_are_all(workspace: Workspace):
    first, last = workspace.run().summary.standings
    ours, theirs = (each.figures["rougeL"].estimate for each in (first, last))
    assert ours and theirs
    between = (ours.mean + theirs.mean) / 2
    gated(
        workspace,
        f"mean rougeL >= {between:.6f}",
        f"mean rougeL >= {between:.6f} for all",
        f"mean rougeL >= {between:.6f} for {last.candidate.name}",
        "mean rougeL >= 0 for all",
    )
    found = workspace.run().judgements
    assert [each.verdict for each in found] == ["passed", "failed", "failed", "passed"]
    assert found[0].candidate == first.candidate.name
    assert found[1].candidate == found[2].candidate == last.candidate.name


def test_gates_change_neither_the_run_nor_what_is_generated(workspace: Workspace):
    first = workspace.run()
    gated(workspace, "rougeL >= 0")
    second = workspace.run()
    assert (second.run_id, second.generated) == (first.run_id, 0)


def test_the_report_shows_the_gates_and_is_built_again_byte_for_byte(workspace: Workspace):
    gated(workspace, "rougeL >= 0.9", "not worse than latest", "words >= 0")
    result = workspace.run()
    page = result.report.read_bytes()
    assert b'id="gates"' in page
    workspace.suite.unlink()
    with workspace.store() as store:
        _, path = report_of(store, result.run_id, reports_folder(workspace.folder))
        assert judgements(store, result.run_id) == result.judgements
    assert path.read_bytes() == page
    assert [each.verdict for each in result.judgements] == ["failed", "undecided", "passed"]


def test_a_gate_that_is_taken_away_leaves_the_report(workspace: Workspace):
    gated(workspace, "rougeL >= 0.9")
    workspace.run()
    workspace.edit(SUITE, "gates:\n  - rougeL >= 0.9\n", "")
    result = workspace.run()
    assert result.judgements == ()
    assert b'id="gates"' not in result.report.read_bytes()


# Not worse than another run


def test_without_an_earlier_run_it_is_undecided(workspace: Workspace):
    found = one(workspace, "not worse than latest by more than 0.02")
    assert (found.verdict, found.figure) == ("undecided", "")
    assert "no earlier complete run" in found.reason


def test_the_same_outputs_are_not_worse(workspace: Workspace):
    first = workspace.run()
    workspace.edit(SUITE, "description: Short", "description: Very short")
    found = one(workspace, "not worse than latest")
    assert (found.verdict, found.mean) == ("passed", 0)
    assert f"against {first.run_id}:{found.candidate}" in found.figure


def test_what_was_asked_the_very_same_is_not_worse_on_a_metric_of_yes_and_no(workspace: Workspace):
    workspace.run()
    workspace.edit(SUITE, "description: Short", "description: Very short")
    found = one(workspace, "words not worse than latest for all")
    assert (found.verdict, found.low, found.high) == ("passed", 0, 0)


def test_other_answers_to_the_very_same_requests_are_compared(
    workspace: Workspace, fake: FakeBackend
):
    """A server's model may change behind its name, and --fresh asks it again to find out."""
    workspace.edit(SUITE, "words: {max: 8}", "words: {max: 100}")
    workspace.many(*[email(number, number) for number in range(12)])
    fake.behaviour.words = (8, 12)
    workspace.run(prompts=("plain",))
    fake.behaviour.words = (1, 1)
    found = one(workspace, "not worse than latest", prompts=("plain",), fresh=True)
    assert (found.verdict, found.mean is not None and found.mean < 0) == ("failed", True)


FLUENT = """\
from promptbench.metric.own import metric

@metric(low=0, high=1)
def fluent(text, case):
    return 1.0 if len(text.split()) > 6 else None
"""


def test_a_case_that_lost_its_score_is_not_left_out(workspace: Workspace, fake: FakeBackend):
    """Else a prompt whose answers nobody can score is not worse than any other."""
    workspace.write("suites/own.py", FLUENT)
    workspace.edit(SUITE, "  - rougeL\n", "  - own.py:fluent\n")
    fake.behaviour.words = (8, 12)
    before = workspace.run(prompts=("plain",))
    fake.behaviour.words = (5, 8)
    claim = f"not worse than {before.run_id} by more than"
    gated(workspace, f"{claim} 0.1", f"{claim} 1")
    after = workspace.run(prompts=("plain",), fresh=True)
    lost = sum(s.scores["fluent"].value is None for s in workspace.samples(after.run_id))
    assert 0 < lost < 6
    assert [each.verdict for each in after.judgements] == ["failed", "passed"]
    assert after.judgements[0].figure.endswith(f"{6 - lost} of 6 cases")
    assert after.judgements[0].reason == (
        f"{lost} cases have no score here, but in {before.run_id}:plain: with the worst there is"
        f" for them the mean is {-lost / 6:+.3f}"
    )
    fake.behaviour.words = (1, 1)
    found = one(workspace, "not worse than latest", prompts=("plain",), fresh=True)
    assert (found.verdict, found.reason) == ("failed", "no output has a score")


def test_a_clear_loss_is_worse_and_a_wide_margin_forgives_it(
    workspace: Workspace, fake: FakeBackend
):
    workspace.edit(SUITE, "words: {max: 8}", "words: {max: 100}")
    workspace.many(*[email(number, number) for number in range(40)])
    first = workspace.run(prompts=("plain",))
    workspace.edit(SUITE, "max_tokens: 16", "max_tokens: 1")
    gates = [f"not worse than {first.run_id} by more than {by}" for by in ("0.02", "0.9")]
    assert verdicts(workspace, *gates, prompts=("plain",)) == ["failed", "passed"]


def test_an_earlier_run_is_compared_on_the_cases_that_are_the_same(workspace: Workspace):
    workspace.run()
    changed = {**email(0), "body": "Dear all, this is another email."}
    workspace.cases("test", changed, *map(email, range(1, 8)))
    found = one(workspace, "not worse than latest")
    assert "5 of 8 cases" in found.figure
    workspace.cases("test", *map(email, range(50, 56)))
    found = one(workspace, "not worse than latest", split="test")
    assert found.verdict == "undecided"
    assert "no case is the same" in found.reason


def test_a_metric_that_measures_something_else_there_is_undecided(workspace: Workspace):
    workspace.run()
    workspace.edit(SUITE, "words: {max: 8}", "words: {max: 9}")
    found = one(workspace, "words not worse than latest")
    assert found.verdict == "undecided"
    assert "does not measure words in the same way" in found.reason


def test_a_candidate_that_the_other_run_lacks_meets_its_best(workspace: Workspace):
    first = workspace.run()
    workspace.edit(
        SUITE,
        "  - ../prompts/brief.j2\n",
        "  - ../prompts/brief.j2\n  - {name: new, file: ../prompts/plain.j2}\n",
    )
    found = one(workspace, "not worse than latest for new")
    assert f"against {first.run_id}:{first.summary.best}" in found.figure


def test_a_run_that_is_not_in_the_store_is_an_error_before_anything_runs(
    workspace: Workspace, fake: FakeBackend
):
    gated(workspace, "not worse than mail-00000000")
    with pytest.raises(SuiteError, match="there is no run 'mail-00000000'") as caught:
        workspace.run()
    assert caught.value.where.endswith("mail.yaml:18")
    assert fake.asked == []


def test_a_candidate_that_is_not_run_now_is_undecided(workspace: Workspace):
    found = one(workspace, "rougeL >= 0 for brief", prompts=("plain",))
    assert (found.verdict, found.reason) == ("undecided", "brief is not in this run")


def test_a_wrong_gate_is_found_before_anything_runs(workspace: Workspace, fake: FakeBackend):
    gated(workspace, "words >= 0", "rogueL >= 0.3")
    with pytest.raises(SuiteError, match="no metric 'rogueL'") as caught:
        workspace.run()
    assert caught.value.where.endswith("mail.yaml:19")
    assert fake.asked == []


def test_an_outage_fails_the_gate(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.failing = ("Meeting",)
    found = one(workspace, "rougeL >= 0")
    assert (found.verdict, found.reason) == ("failed", "no output has a score")
