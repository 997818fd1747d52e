"""What a report tells of judges: constant answers, parsed verdicts, position, agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from promptbench.metric.pointwise import RATED
from promptbench.record import Case, Control, MetricInfo, Run, Sample, Score
from promptbench.report.grid import lay_out
from promptbench.report.judging import Judging, judging, noted
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.summary import summarise_grid
from tests.report.records import METRIC, cases, completion, run

N = 12
FORGED = "forged verdict"
RATING = {"metric": "judge", "scale": [1, 5], "human": "", "rated": ""}
HELPFUL = MetricInfo("helpful", "helpful, judged by m", "higher", 1.0, 5.0, settings=RATING)
KIND = replace(HELPFUL, name="kind", label="kind, judged by m")
PREFERRED = MetricInfo(
    "preferred", "preferred", "higher", settings={"metric": "judge", "against": "reference"}
)


def judged_run(*metrics: MetricInfo) -> Run:
    return run("plain", metrics=(MetricInfo(METRIC, METRIC, "higher"), *metrics))


def samples(**values: Sequence[Score]) -> list[Sample]:
    """One sample a case, each metric with a score for it."""
    count = len(next(iter(values.values())))
    return [
        Sample(
            "plain",
            f"mail-{place}",
            0,
            completion(),
            {METRIC: Score(METRIC, 0.5)} | {name: found[place] for name, found in values.items()},
        )
        for place in range(count)
    ]


def rated(name: str, *values: float | None) -> list[Score]:
    parsed = [(1.0, 0.0 if value is None else 1.0) for value in values]
    return [
        Score(name, value, "" if value is not None else "no", parts)
        for value, parts in zip(values, parsed, strict=True)
    ]


def control(name: str, metric: str, *values: float | None) -> list[Control]:
    return [
        Control(name, f"mail-{place}", score) for place, score in enumerate(rated(metric, *values))
    ]


def look(
    of: Run,
    found: Sequence[Sample],
    controls: Sequence[Control] = (),
    over: Sequence[Case] | None = None,
) -> Judging:
    grid = lay_out(of, over or cases(N), found)
    seen = judging(of, grid, summarise_grid(of, grid), controls)
    assert seen is not None
    return seen


def test_a_run_without_judges_has_no_such_section():
    plain = run("plain")
    grid = lay_out(plain, cases(N), [])
    assert judging(plain, grid, summarise_grid(plain, grid), []) is None
    assert 'id="judges"' not in build_page(Material(plain, cases(N), []))


def test_candidates_and_constant_answers_stand_side_by_side():
    of = judged_run(HELPFUL)
    found = look(
        of,
        samples(helpful=rated("helpful", *[5, None] * 6)),
        control(FORGED, "helpful", *[1.0, 2.0] * 6),
    )
    (judge,) = found.judges
    plain, forged = judge.rows
    assert (plain.name, plain.control, plain.scored, plain.texts) == ("plain", False, 6, 12)
    assert (plain.parsed, plain.asked) == (6, 12)
    assert forged.estimate is not None and forged.estimate.mean == 1.5
    assert (forged.name, forged.control, forged.scored) == (FORGED, True, 12)
    assert judge.position is None


def test_a_constant_answer_that_is_clearly_worse_fools_nobody():
    of = judged_run(HELPFUL)
    found = look(
        of,
        samples(helpful=rated("helpful", *[5, 4] * 6)),
        control(FORGED, "helpful", *[1.0, 2.0] * 6),
    )
    assert found.judges[0].warnings == ()


def test_a_constant_answer_that_gets_more_is_told_plainly():
    of = judged_run(HELPFUL)
    found = look(
        of,
        samples(helpful=rated("helpful", *[1, 2] * 6)),
        control(FORGED, "helpful", *[5.0] * 12),
    )
    (warning,) = found.judges[0].warnings
    assert warning == (
        "This judge can be fooled: a constant answer (forged verdict) gets 5.00, the best"
        " candidate there, plain, 1.50 (on the same 12 cases)."
    )
    grid = lay_out(of, cases(N), [])
    assert noted(summarise_grid(of, grid), found).notes[-1] == (
        "The judge helpful can be fooled by a constant answer (forged verdict): do not rely on"
        " its scores; see the report's judges."
    )


def test_a_difference_that_is_not_significant_is_no_defence():
    of = judged_run(HELPFUL)
    found = look(
        of,
        samples(helpful=rated("helpful", *[3, 2, 5, 1] * 3)),
        control(FORGED, "helpful", *[2.0, 3.0, 1.0, 4.0] * 3),
    )
    (warning,) = found.judges[0].warnings
    assert "gets 2.50, the best candidate there, plain, 2.75, and on 12 cases" in warning
    assert "is not significant (p = " in warning


def test_only_cases_that_both_have_are_compared():
    of = judged_run(HELPFUL)
    found = look(
        of,
        samples(helpful=rated("helpful", *[1] * 6, *[5] * 6)),
        control(FORGED, "helpful", *[3.0] * 6),
    )
    assert (
        "gets 3.00, the best candidate there, plain, 1.00 (on the same 6 cases)"
        in (found.judges[0].warnings[0])
    )


def test_position_bias_is_counted():
    orders = [(1.0, 1.0), (0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.5, 1.0), (0.0, 1.0)]
    scores = [Score("preferred", 0.5, "", (2.0, 2.0, *order)) for order in orders]
    scores += [Score("preferred", None, "no", (2.0, 1.0)), Score("preferred", 0.5, "same")]
    found = look(judged_run(PREFERRED), samples(preferred=scores), over=cases(8))
    at = found.judges[0].position
    assert at is not None
    assert (at.pairs, at.contradictions) == (6, 3)
    # First place won: one of two, one of two, both, both, none (its other order is a tie), none.
    assert (at.decided, at.first) == (11, 6)
    (plain,) = found.judges[0].rows
    assert (plain.asked, plain.parsed) == (14, 13)


def test_judges_of_one_scale_are_compared_with_each_other():
    of = judged_run(
        HELPFUL, KIND, replace(HELPFUL, name="other", settings=RATING | {"scale": [0, 9]})
    )
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 4.4] * 2
    found = look(
        of,
        samples(
            helpful=rated("helpful", *values),
            kind=rated("kind", *values[:-1], None),
            other=rated("other", *values),
        ),
    )
    (both,) = found.accords
    assert (both.first, both.second, both.texts) == ("helpful", "kind", 11)
    assert both.kappa is not None and both.kappa.mean == pytest.approx(1.0)
    assert both.alpha is not None and both.alpha.mean == pytest.approx(1.0)


def test_agreement_of_ratings_that_are_all_equal_has_no_value():
    of = judged_run(HELPFUL, KIND)
    same = {name: rated(name, *[1.0] * 12) for name in ("helpful", "kind")}
    (both,) = look(of, samples(**same)).accords
    assert (both.texts, both.kappa, both.alpha) == (12, None, None)


def people(**settings: str) -> MetricInfo:
    return replace(HELPFUL, settings=RATING | {"human": "rating"} | settings)


def test_a_judge_is_compared_with_people_on_the_texts_that_they_rated():
    of = judged_run(people(rated="summary"))
    ratings = [1, 2, 3, 4, 5, "4", "x", None, True, 2, 3, 4]
    over = [
        replace(case, variables={**case.variables, "rating": rating})
        for case, rating in zip(cases(N), ratings, strict=True)
    ]
    said = control(RATED, "helpful", 1, 2, 3, 4, 5, 4, 3, 3, 3, None, 3, 4)
    found = look(of, samples(helpful=rated("helpful", *[3] * 12)), said, over)
    (accord,) = found.accords
    assert (accord.first, accord.second, accord.texts) == ("helpful", "people", 8)
    assert accord.kappa is not None and accord.kappa.mean == pytest.approx(1.0)
    assert [row.name for row in found.judges[0].rows] == ["plain"]


def test_a_judge_is_compared_with_people_on_the_outputs_that_they_rated():
    of = judged_run(people())
    over = [
        replace(case, variables={**case.variables, "rating": {"plain": 5 - place % 5, "odd": 1}})
        for place, case in enumerate(cases(N))
    ]
    values = [1 + place % 5 for place in range(N)]
    (accord,) = look(of, samples(helpful=rated("helpful", *values)), (), over).accords
    assert accord.texts == N
    assert accord.alpha is not None and accord.alpha.mean < -0.5


def test_a_rating_that_belongs_to_no_text_is_no_agreement():
    of = judged_run(people())
    over = [replace(case, variables={**case.variables, "rating": 3}) for case in cases(N)]
    (accord,) = look(of, samples(helpful=rated("helpful", *[3] * N)), (), over).accords
    assert (accord.texts, accord.kappa, accord.alpha) == (0, None, None)


def test_the_page_says_it_all_and_escapes_names():
    hostile = replace(HELPFUL, name="<b>kind</b>", label="<b>kind</b>, judged by m")
    of = judged_run(hostile, replace(HELPFUL), PREFERRED)
    found = samples(
        **{"<b>kind</b>": rated("<b>kind</b>", *[2, 3] * 6)},
        helpful=rated("helpful", *[3, 2] * 6),
        preferred=[Score("preferred", 0.5, "", (2.0, 2.0, 1.0, 0.0))] * 12,
    )
    said = control("<i>forged</i>", "<b>kind</b>", *[5.0] * 12)
    page = build_page(Material(of, cases(N), found, controls=said))
    section = page.split('<section id="judges"')[1].split("</section>")[0]
    assert "&lt;b&gt;kind&lt;/b&gt;, judged by m" in section
    assert "<b>kind" not in section and "<i>forged" not in section
    assert (
        "The judge &lt;b&gt;kind&lt;/b&gt; can be fooled by a constant answer (&lt;i&gt;forged"
        in page
    )
    assert "contradicts itself on 12 of 12 pairs (100%)" in section
    assert "in 24 of 24 decided verdicts (100%" in section
    assert "No constant answer was tried" in section
    assert '<a href="#judges">' in page
    assert page == build_page(Material(of, cases(N), found, controls=said))
