"""What metrics ask of models: asked once, stored before it is read, and read into scores."""

from __future__ import annotations

from collections import Counter

import pytest

from promptbench.error import ModelError, RunError, SuiteError
from promptbench.metric.trial import FORGED, POLITE
from promptbench.model.spec import BACKENDS
from promptbench.record import Control, Request, Sample, Score
from promptbench.run.ask import SAMPLED, sampled
from promptbench.run.job import report_of, reports_folder
from promptbench.run.jury import rival_of
from promptbench.run.race import SMALLEST_ROUND
from promptbench.store.answer import controls
from tests.fake import FakeBackend
from tests.run.judged import PAIR, JudgeBackend, with_judges
from tests.run.workspace import Notes, Workspace, email

CELLS, CONTROLS = 12, 12  # two prompts on six cases; two constant answers on each


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> JudgeBackend:
    """The backend of the judges, registered for one test."""
    backend = JudgeBackend()
    monkeypatch.setitem(BACKENDS, "judge", backend)
    return backend


@pytest.fixture
def judged(workspace: Workspace, judge: JudgeBackend) -> Workspace:
    """A workspace with one judge that rates."""
    return with_judges(workspace)


def scores(samples: list[Sample], metric: str = "helpful") -> list[Score]:
    return [sample.scores[metric] for sample in samples]


def tried(workspace: Workspace, run_id: str) -> list[Control]:
    with workspace.store() as store:
        return list(controls(store, run_id))


def generated_twice(workspace: Workspace) -> int:
    with workspace.store() as store:
        sql = "SELECT count(*) - count(DISTINCT key) FROM completion"
        return int(next(store.query(sql))[0])


# Asking


def test_every_output_is_rated_and_so_are_constant_answers(judged: Workspace, judge: JudgeBackend):
    notes = Notes()
    result = judged.run(notes)
    samples = judged.samples(result.run_id)
    assert all(score.value in (1, 2, 3, 4, 5) for score in scores(samples))
    assert notes.asked == [(CELLS + CONTROLS, CELLS + CONTROLS)]
    assert len(judge.seen) == CELLS + CONTROLS
    found = tried(judged, result.run_id)
    assert Counter(each.name for each in found) == {POLITE: 6, FORGED: 6}
    assert {each.case_id for each in found} == {f"mail-{n}" for n in range(6)}


def test_each_text_is_judged_for_its_own_case(judged: Workspace, judge: JudgeBackend):
    judge.behaviour.order = 7

    def own(request: Request) -> str:
        text = request.messages[0].text
        return f" {1 + int(text.partition('in room ')[2][0]) % 5}"

    judge.say = own
    result = judged.run()
    for sample in judged.samples(result.run_id):
        assert sample.scores["helpful"].value == 1 + int(sample.case_id[-1]) % 5
    for each in tried(judged, result.run_id):
        assert each.score.value == 1 + int(each.case_id[-1]) % 5


def test_a_second_run_asks_nothing_and_says_the_same(judged: Workspace, judge: JudgeBackend):
    first = judged.run()
    page, asked = first.report.read_bytes(), len(judge.asked)
    notes = Notes()
    second = judged.run(notes)
    assert (second.run_id, second.report.read_bytes()) == (first.run_id, page)
    assert len(judge.asked) == asked
    assert generated_twice(judged) == 0


def test_the_report_is_built_from_the_store_alone(judged: Workspace, judge: JudgeBackend):
    result = judged.run()
    page = result.report.read_bytes()
    judge.behaviour.breaks_after = 0
    with judged.store() as store:
        _, path = report_of(store, result.run_id, reports_folder(judged.folder))
    assert path.read_bytes() == page
    assert b'id="judges"' in page


def test_what_was_answered_before_a_break_is_not_asked_again(
    judged: Workspace, judge: JudgeBackend
):
    judge.behaviour.breaks_after = 3
    with pytest.raises(RunError):
        judged.run()
    assert len(judge.asked) == 9
    judge.behaviour.breaks_after = None
    notes = Notes()
    result = judged.run(notes)
    assert notes.asked == [(CELLS + CONTROLS, CELLS + CONTROLS - 9)]
    assert max(Counter(judge.asked).values()) == 1
    assert all(score.value is not None for score in scores(judged.samples(result.run_id)))


def test_ctrl_c_leaves_the_run_to_be_continued(judged: Workspace, judge: JudgeBackend):
    judge.behaviour.breaks_after, judge.behaviour.broken = 2, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        judged.run()
    with judged.store() as store:
        assert [line.status for line in store.runs()] == ["interrupted"]
    judge.behaviour.breaks_after = None
    assert judged.run().errors == 0
    assert max(Counter(judge.asked).values()) == 1


def test_equal_outputs_are_judged_once(judged: Workspace, judge: JudgeBackend):
    judged.run(repeats=3)
    assert len(judge.seen) == CELLS + CONTROLS


def test_votes_are_questions_of_their_own(judged: Workspace, judge: JudgeBackend):
    judged.edit("suites/mail.yaml", "fields: [body]", "fields: [body]\n      votes: 3")
    result = judged.run()
    assert len(judge.seen) == 3 * (CELLS + CONTROLS)
    assert {request.repeat for request in judge.seen} == {0, 1, 2}
    assert all(score.parts == (3.0, 3.0) for score in scores(judged.samples(result.run_id)))


def test_a_fresh_run_asks_anew(judged: Workspace, judge: JudgeBackend):
    judged.run()
    asked = len(judge.asked)
    judge.behaviour.breaks_after = judge.batches + 2
    with pytest.raises(RunError):
        judged.run(fresh=True)
    judge.behaviour.breaks_after = None
    judged.run(fresh=True)
    assert len(judge.asked) == 2 * asked


# Fingerprints and the plan


def test_another_judge_is_another_run_and_asked_anew(judged: Workspace, judge: JudgeBackend):
    first = judged.run()
    asked = len(judge.asked)
    judge.behaviour.weights = "trained further"
    second = judged.run()
    assert second.run_id != first.run_id
    assert len(judge.asked) == 2 * asked
    assert second.generated == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("5 = says", "4 = says"),
        ("fields: [body]", "fields: [subject, body]"),
        ("fields: [body]", "fields: [body]\n      scale: [1, 4]"),
        ("name: helpful", "name: kind"),
    ],
)
def test_another_rubric_is_another_run(judged: Workspace, old: str, new: str):
    before = judged.plan().digest
    judged.edit("suites/mail.yaml", old, new)
    assert judged.plan().digest != before


def test_the_manifest_names_the_judge(judged: Workspace):
    result = judged.run()
    with judged.store() as store:
        facts = store.run(result.run_id).manifest["judges"]
    assert list(facts) == ["judge:one"]
    assert len(facts["judge:one"]["identity"]) == 64


def test_a_judge_may_be_a_model_of_the_suite(workspace: Workspace, fake: FakeBackend):
    with_judges(workspace)
    workspace.edit("suites/mail.yaml", "  - fake:a", "  - {model: fake:a, name: small}")
    workspace.edit("suites/mail.yaml", "judge:one", "small")
    plan = workspace.plan()
    assert plan.jury["small"] is plan.ready[0].model


# Failures


def test_a_verdict_that_does_not_parse_is_unscored_and_never_asked_again(
    judged: Workspace, judge: JudgeBackend
):
    judge.say = lambda request: " no idea"
    result = judged.run()
    assert result.errors == 0
    for score in scores(judged.samples(result.run_id)):
        assert score.value is None
        assert "does not parse" in score.reason
    asked = len(judge.asked)
    judged.run()
    assert len(judge.asked) == asked


def test_a_judge_that_fails_is_an_error_and_tried_again(judged: Workspace, judge: JudgeBackend):
    judge.behaviour.failing = ("room 3",)
    result = judged.run()
    assert result.errors == 4  # two prompts and two constant answers
    failed = [s for s in judged.samples(result.run_id) if s.scores["helpful"].value is None]
    assert [sample.case_id for sample in failed] == ["mail-3", "mail-3"]
    assert failed[0].scores["helpful"].reason == "judge:one failed: the fake model failed"
    with judged.store() as store:
        assert store.run(result.run_id).status == "failed"
    judge.behaviour.failing = ()
    again = judged.run()
    assert (again.run_id, again.errors) == (result.run_id, 0)
    assert all(score.value is not None for score in scores(judged.samples(result.run_id)))


def test_what_does_not_fit_the_judge_is_unscored_and_nothing_is_cut(
    judged: Workspace, judge: JudgeBackend
):
    judged.cases("test", email(1), email(2) | {"body": "long " * 400 + "in room 2"})
    judge.behaviour.context = 400
    result = judged.run()
    by_case = {s.case_id: s.scores["helpful"] for s in judged.samples(result.run_id)}
    assert by_case["mail-1"].value is not None
    assert by_case["mail-2"].value is None
    assert by_case["mail-2"].reason.startswith("the question does not fit judge:one: it needs")
    assert not any("long long" in request.encoded.text for request in judge.seen)
    assert result.errors == 0


# Pairs


def test_pairs_with_the_reference_are_asked_in_both_orders(
    workspace: Workspace, judge: JudgeBackend
):
    with_judges(workspace, PAIR.format(against="reference"))
    judge.say = lambda request: ' "A"' if "better" in request.messages[-1].text else " 3"
    result = workspace.run()
    for score in scores(workspace.samples(result.run_id), "preferred"):
        assert (score.value, score.parts) == (0.5, (2.0, 2.0, 1.0, 0.0))
    assert len(judge.seen) == 3 * (CELLS + CONTROLS)


def test_a_candidate_is_compared_with_another_ones_output_for_the_same_case(
    workspace: Workspace, judge: JudgeBackend
):
    with_judges(workspace, PAIR.format(against="plain"))
    judge.say = lambda request: ' "B"' if "better" in request.messages[-1].text else " 3"
    result = workspace.run()
    samples = workspace.samples(result.run_id)
    texts = {(s.candidate, s.case_id): s.completion.text for s in samples if s.completion}
    found = {(s.candidate, s.case_id): s.scores["preferred"] for s in samples}
    pairs = [r.messages[0].text for r in judge.seen if "text A begins" in r.messages[0].text]
    assert len(pairs) == 2 * (6 + CONTROLS)
    for number in range(6):
        name = f"mail-{number}"
        own = [text for text in pairs if f"at {number} in room" in text]
        mine, rival = texts["brief", name], texts["plain", name]
        assert sum(f"\n{mine}\n" in text and f"\n{rival}\n" in text for text in own) == 2
        assert all(f"\n{rival}\n" in text for text in own)
        assert (found["brief", name].value, found["brief", name].parts[2:]) == (0.5, (0.0, 1.0))
        assert (found["plain", name].value, found["plain", name].parts) == (0.5, ())
        assert found["plain", name].reason == "both texts are the same: nothing was asked"


def test_the_rival_is_the_one_beside_the_candidate(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "  - fake:a", "  - fake:a\n  - fake:b")
    candidates = [ready.candidate for ready in workspace.plan().ready]
    names = [each.name for each in candidates]
    assert names == ["plain · fake:a", "brief · fake:a", "plain · fake:b", "brief · fake:b"]
    assert [rival_of(candidates, place, "plain") for place in range(4)] == [0, 0, 2, 2]
    assert [rival_of(candidates, place, "brief · fake:a") for place in range(4)] == [1] * 4
    assert rival_of(candidates, None, "brief") == 1


# The reference's likelihood


def test_the_candidates_model_is_asked_for_the_reference(workspace: Workspace, fake: FakeBackend):
    old = "  - words: {max: 8}\n"
    new = "  - reference_logprob\n  - reference_perplexity\n"
    workspace.edit("suites/mail.yaml", old, new)
    result = workspace.run()
    assert len(fake.asked) == 2 * CELLS  # both figures come from one answer
    for sample in workspace.samples(result.run_id):
        assert sample.scores["reference_logprob"].value is not None
        assert sample.scores["reference_perplexity"].value is not None
    assert workspace.run().run_id == result.run_id
    assert len(fake.asked) == 2 * CELLS


# Before anything runs


def refused(workspace: Workspace, kind: type[Exception] = SuiteError) -> str:
    with pytest.raises(kind) as raised:
        workspace.plan()
    return str(raised.value)


def test_an_unknown_rival_is_refused(workspace: Workspace, judge: JudgeBackend):
    with_judges(workspace, PAIR.format(against="plane"))
    text = refused(workspace)
    assert "mail.yaml:21: metric 'preferred': no candidate of this run is 'plane'" in text
    assert "Did you mean 'plain'? Allowed: brief, plain, reference." in text


def test_an_unknown_field_is_refused(judged: Workspace):
    judged.edit("suites/mail.yaml", "fields: [body]", "fields: [boddy]")
    assert "metric 'helpful': no case has a field 'boddy'" in refused(judged)


def test_an_unknown_judge_is_refused_at_its_line(judged: Workspace):
    judged.edit("suites/mail.yaml", "judge:one", "smolm2")
    assert "mail.yaml:16: unknown model 'smolm2'" in refused(judged, ModelError)


def test_a_judge_must_be_able_to_write(judged: Workspace, judge: JudgeBackend):
    judge.writes = False
    assert "metric 'helpful' asks judge:one, which is" in refused(judged, ModelError)


def test_likelihoods_need_a_model_that_tells_them(judged: Workspace, judge: JudgeBackend):
    judge.chooses = False
    judged.plan()
    judged.edit("suites/mail.yaml", "fields: [body]", "fields: [body]\n      verdict: likelihood")
    assert "how likely a given answer is, and it does not tell" in refused(judged, ModelError)


def test_the_reference_needs_a_candidate_that_tells_likelihoods(
    workspace: Workspace, judge: JudgeBackend
):
    judge.chooses = False
    workspace.edit("suites/mail.yaml", "fake:a", "judge:a")
    workspace.edit("suites/mail.yaml", "  - rougeL\n", "  - reference_perplexity\n")
    assert "it does not tell" in refused(workspace, ModelError)


# Which cases


def test_the_sampled_cases_are_the_same_whatever_their_order():
    ids = [f"mail-{n}" for n in range(50)]
    chosen = {ids[place] for place in sampled(ids)}
    assert len(chosen) == SAMPLED
    assert {ids[::-1][place] for place in sampled(ids[::-1])} == chosen


def test_a_race_is_judged_round_by_round(judged: Workspace, judge: JudgeBackend):
    judged.many(*map(email, range(SMALLEST_ROUND + 8)))
    judged.edit("suites/mail.yaml", "metrics:", "primary: helpful\nmetrics:")
    result = judged.run(race=True)
    assert result.errors == 0
    assert max(Counter(judge.asked).values()) == 1
