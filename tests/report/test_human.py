"""What a report tells of human eyes: preferences, win rates, whose side metrics take, agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from promptbench.record import (
    Case,
    Completion,
    Direction,
    MetricInfo,
    Preference,
    Rating,
    Run,
    Sample,
    Score,
)
from promptbench.report.grid import lay_out
from promptbench.report.human import Human, human
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.preference import counts, votes
from tests.report.records import METRIC, cases, completion, run

NAMES = ("a", "b", "c")


def rating(
    case: int,
    left: str,
    right: str,
    verdict: Preference,
    *,
    rater: str = "Ada",
    note: str = "",
    references: bool = False,
    repeat: int = 0,
) -> Rating:
    return Rating(
        rater, f"mail-{case}", left, right, repeat, repeat, verdict, note, 2.0, references
    )


def output(name: str, case: int, text: str, **values: float | None) -> Sample:
    scores = {metric: Score(metric, value) for metric, value in values.items()}
    return Sample(name, f"mail-{case}", 0, completion(text), scores)


def look(
    ratings: Sequence[Rating],
    *,
    names: Sequence[str] = NAMES[:2],
    over: Sequence[Case] | None = None,
    samples: Sequence[Sample] = (),
    of: Run | None = None,
) -> Human:
    of = of or run(*names)
    found = human(of, lay_out(of, over or cases(12), samples), ratings, names)
    assert found is not None
    return found


def test_without_ratings_there_is_nothing_to_tell_but_the_button_is_there():
    made = run(*NAMES[:2])
    assert human(made, lay_out(made, cases(2), []), [], NAMES[:2]) is None
    page = build_page(Material(made, cases(2), []))
    assert 'id="rate-open"' in page and 'id="human-pairs"' not in page


def test_a_single_candidate_cannot_be_rated():
    assert 'id="rate"' not in build_page(Material(run("a"), cases(2), []))


def test_sides_are_undone():
    found = votes(
        [
            rating(0, "a", "b", "left"),
            rating(1, "b", "a", "left"),
            rating(2, "b", "a", "right"),
            rating(3, "b", "a", "tie"),
            rating(4, "b", "a", "skip"),
        ],
        ["a", "b"],
    )
    assert [(each.first, each.second, each.worth) for each in found] == [
        ("a", "b", 1.0),
        ("a", "b", 0.0),
        ("a", "b", 1.0),
        ("a", "b", 0.5),
    ]
    assert counts(each.worth for each in found) == (2, 1, 1)


def test_repeats_are_turned_with_their_sides():
    (found,) = votes([Rating("Ada", "mail-0", "b", "a", 3, 1, "left")], ["a", "b"])
    assert (found.first_repeat, found.second_repeat, found.worth) == (1, 3, 0.0)


def test_a_preference_has_the_exact_sign_test_and_half_ties():
    """9 wins, 1 loss, 2 ties: (9 + 1) / 12; two-sided sign test of 9 to 1: 2 * 11 / 1024."""
    verdicts: list[Preference] = ["left"] * 9 + ["right"] + ["tie"] * 2
    found = look([rating(case, "a", "b", verdict) for case, verdict in enumerate(verdicts)])
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.wins, pair.ties, pair.losses) == ("a", "b", 9, 2, 1)
    assert pair.estimate.mean == pytest.approx(10 / 12)
    assert pair.p_value == pytest.approx(22 / 1024)
    assert pair.p_holm == pair.p_value
    assert 0.5 < pair.estimate.low < 10 / 12 < pair.estimate.high < 1
    assert (pair.estimate.n, pair.decided) == (12, 10)
    assert (found.left, found.decided, found.seconds) == (9, 10, 24.0)
    assert found.rates == ()


def test_cases_of_one_cluster_are_flipped_together():
    """12 wins in 3 clusters of 4: of 8 patterns of signs, 2 are as far from 0."""
    ratings = [rating(case, "a", "b", "left") for case in range(12)]
    alone, together = look(ratings), look(ratings, over=cases(12, cluster_size=4))
    assert alone.pairs[0].p_value == pytest.approx(2 / 2**12)
    assert together.pairs[0].p_value == pytest.approx(2 / 8)
    assert together.pairs[0].estimate.low < alone.pairs[0].estimate.low


def test_several_people_on_one_case_count_as_one_case():
    """Two of three say a: the case is worth 2/3, and one case tells no interval."""
    ratings = [
        rating(0, "a", "b", verdict, rater=rater)
        for rater, verdict in (("Ada", "left"), ("Bob", "left"), ("Cem", "right"))
    ]
    (pair,) = look(ratings).pairs
    assert (pair.wins, pair.losses, pair.estimate.n, pair.decided) == (2, 1, 1, 1)
    assert pair.estimate.mean == pytest.approx(2 / 3)
    assert pair.estimate.low != pair.estimate.low
    assert pair.p_value == 1.0


def test_pairs_are_corrected_together_and_three_candidates_ranked():
    """a beats b and c always, b beats c in 4 of 6; Holm takes the smallest p three times."""
    ratings = [rating(case, "a", other, "left") for other in "bc" for case in range(6)]
    ratings += [rating(case, "c", "b", "right" if case < 4 else "left") for case in range(6)]
    found = look(ratings, names=NAMES)
    assert [(each.first, each.second) for each in found.pairs] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    # 2 / 64, and 2 * (1 + 6 + 15) / 64.
    assert [each.p_value for each in found.pairs] == pytest.approx([2 / 64, 2 / 64, 44 / 64])
    assert [each.p_holm for each in found.pairs] == pytest.approx([6 / 64, 6 / 64, 44 / 64])
    assert [each.candidate for each in found.rates] == ["a", "b", "c"]
    assert [each.estimate.mean for each in found.rates] == pytest.approx([1, 4 / 12, 2 / 12])
    assert [(each.wins, each.ties, each.losses) for each in found.rates] == [
        (12, 0, 0),
        (4, 0, 8),
        (2, 0, 10),
    ]
    assert found.even
    # Winning always is no certainty.
    assert found.rates[0].estimate.low < 0.8
    assert not look(ratings[:9], names=NAMES).even
    # Whoever was not rated does not count.
    assert look(ratings, names=(*NAMES, "d")).even


def metrics(*directions: Direction) -> Run:
    infos = tuple(MetricInfo(f"m{at}", f"m{at}", way) for at, way in enumerate(directions))
    return run("a", "b", metrics=infos)


def test_a_metric_takes_sides():
    """Decided: a, a, a, b. m0 says a, b, equal, b: (1 + 0 + 1/2 + 1) / 4. m1 is lower-better."""
    values = {"a": [3, 1, 2, 1], "b": [1, 3, 2, 3]}
    samples = [
        output(name, case, name, m0=value, m1=value, m2=value if case < 2 else None, m3=value)
        for name, found in values.items()
        for case, value in enumerate(found)
    ]
    ratings = [rating(case, "a", "b", "left") for case in range(3)]
    ratings += [
        rating(3, "a", "b", "right"),
        rating(4, "a", "b", "tie"),
        rating(5, "a", "b", "skip"),
    ]
    of = metrics("higher", "lower", "higher", "none")
    of = replace(
        of,
        metrics=(
            *of.metrics[:2],
            replace(of.metrics[2], settings={"metric": "judge"}),
            *of.metrics[3:],
        ),
    )
    found = look(ratings, of=of, samples=samples)
    told = {each.name: each for each in found.sides}
    assert [each.name for each in found.sides] == ["m0", "m2", "m1"]
    assert told["m0"].estimate is not None and told["m1"].estimate is not None
    assert told["m0"].estimate.mean == pytest.approx(2.5 / 4)
    assert told["m1"].estimate.mean == pytest.approx(1.5 / 4)
    assert (told["m0"].ties, told["m0"].unscored, told["m0"].estimate.n) == (1, 0, 4)
    assert told["m2"].estimate is not None
    assert (told["m2"].kind, told["m2"].unscored, told["m2"].estimate.n) == ("judge", 2, 2)
    assert told["m2"].estimate.mean == 0.5


def test_a_metric_without_a_score_says_so():
    found = look([rating(0, "a", "b", "left")])
    (side,) = found.sides
    assert (side.name, side.estimate, side.unscored) == (METRIC, None, 1)


def test_people_are_compared_where_they_rated_the_same():
    """Ada and Bob share five pairs. Verdicts of Ada: 1 1 0 0 t, of Bob: 1 1 0 1 t.

    Of the four that both decided, three agree. Kappa with quadratic weights: disagreement 4 / 5
    on the scale 0, 1, 2. By chance: Ada 2 2 1 (0, 2, 1), Bob 1 3 1, so
    (2*3*4 + 2*1*4 + 2*1 + 2*1 + 1*1 + 1*3) / 25 = 40 / 25, and 1 - (4 / 5) / (40 / 25) = 1 / 2.
    """
    ada: list[Preference] = ["left", "left", "right", "right", "tie", "left"]
    bob: list[Preference] = ["right", "right", "left", "right", "tie"]
    ratings = [rating(case, "a", "b", verdict) for case, verdict in enumerate(ada)]
    # Bob saw them on the other sides.
    ratings += [rating(case, "b", "a", verdict, rater="Bob") for case, verdict in enumerate(bob)]
    found = look(ratings)
    (accord,) = found.accords
    assert (accord.first, accord.second, accord.texts) == ("Ada", "Bob", 5)
    assert accord.kappa is not None
    assert accord.kappa.mean == pytest.approx(0.5)
    (people,) = [each for each in found.sides if each.kind == "person"]
    assert people.estimate is not None
    assert (people.estimate.mean, people.estimate.n) == (0.75, 4)
    assert found.alpha is None
    assert found.raters == (("Ada", 6), ("Bob", 5))


def test_people_who_rated_nothing_in_common_are_not_compared():
    found = look([rating(0, "a", "b", "left"), rating(1, "a", "b", "left", rater="Bob")])
    assert found.accords == ()
    assert not [each for each in found.sides if each.kind == "person"]


def test_three_people_have_one_alpha():
    verdicts: list[Preference] = ["left", "right", "left", "tie"]
    ratings = [
        rating(case, "a", "b", verdict, rater=rater)
        for rater in ("Ada", "Bob", "Cem")
        for case, verdict in enumerate(verdicts)
    ]
    found = look(ratings)
    assert found.alpha is not None and found.alpha.mean == 1.0
    assert len(found.accords) == 3


def test_few_ratings_are_said_to_tell_nothing():
    few = look([rating(case, "a", "b", "left") for case in range(5)])
    assert few.limits[0] == (
        "a against b: 5 decided cases, too few to tell anything: six of six would be the first"
        " proof."
    )
    more = look([rating(case, "a", "b", "left") for case in range(10)])
    assert "must win at least 9 of 10" in more.limits[0]
    assert "210 for 60%, 54 for 70% and 23 for 80%" in more.limits[1]


def test_identical_outputs_are_counted():
    samples = [output(name, case, f"{name if case else ''}") for name in "ab" for case in range(3)]
    (pair,) = look([rating(1, "a", "b", "left")], samples=samples).pairs
    assert pair.same == 1
    broken = Sample("a", "mail-0", 0, Completion("k", "", 1, 0, "", 0.1, "it broke"))
    (pair,) = look([rating(1, "a", "b", "left")], samples=[broken, *samples[1:]]).pairs
    assert pair.same == 0


def test_the_page_tells_it_and_links_notes_to_their_cases():
    attack = "</q><script>1</script>"
    ratings = [
        rating(2, "b", "a", "left", note=attack, rater=attack, references=True),
        rating(1, "b", "a", "tie", note="alike"),
        rating(0, "a", "b", "skip", note="both bad"),
    ]
    samples = [output(name, case, f"{name}{case}") for name in "ab" for case in range(3)]
    page = build_page(Material(run("a", "b"), cases(3), samples, ratings=ratings))
    section = page[page.index('<section id="human"') :]
    section = section[: section.index("</section>")]
    assert "<script>" not in section
    assert '<a href="#case-3">case <bdi>mail-2</bdi></a>, b rather than a: ' in section
    assert "b and a alike" in section and "a and b, skipped" in section
    notes = section[section.index("Notes") :]
    assert notes.index("both bad") < notes.index("alike") < notes.index("&lt;/q&gt;")
    assert "2 ratings and 1 skipped by" in section
    assert "1 with the references in sight" in section
    assert page == build_page(Material(run("a", "b"), cases(3), samples, ratings=ratings))
