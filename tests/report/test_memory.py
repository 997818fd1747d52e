"""What the report says of memories: no more than the paired comparison allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptbench.record import MetricInfo, Run, Sample, Score, Turn
from promptbench.report.grid import lay_out
from promptbench.report.memory import Memories, base_of, groups_of, labels_of, memories
from promptbench.report.number import Scale
from promptbench.report.recollection import Far, Spent, answered, far, spent, tokens_by_turn
from promptbench.report.summary import summarise
from tests.report.chatted import chatted, remembering
from tests.report.records import METRIC, candidate, cases, completion, run, samples

N = 40
TOKENS = {"all": 100.0, "last:2": 40.0, "none": 10.0, "summary:60+last:1": 150.0}


def chat(table: dict[str, list[float]], **facts: object) -> tuple[Run, list[Sample]]:
    """A run of one prompt with so many memories; scores by memory."""
    friend = candidate("friend")
    made = run(candidates=tuple(remembering(friend, memory) for memory in table), **facts)  # type: ignore[arg-type]
    return made, samples({f"friend · {memory}": row for memory, row in table.items()})


def compared(table: dict[str, list[float]], **facts: object) -> Memories:
    made, rows = chat(table, **facts)
    grid = lay_out(made, cases(N), rows)
    costs = {each.name: Spent(N, TOKENS[each.memory], 20.0, 0.0, 0.5) for each in made.candidates}
    return memories(made, grid, summarise(made, cases(N), rows), costs, Scale(3))


def bits(share: float, shift: int = 0) -> list[float]:
    """Zeros and ones with this share of ones, in an order that differs by `shift`."""
    return [float((place * 7 + shift) % N < share * N) for place in range(N)]


def test_a_memory_is_as_good_only_if_the_interval_says_so():
    same = [0.5 + 0.001 * (place % 5) for place in range(N)]
    (told,) = compared({"all": same, "last:2": same[::-1], "none": [0.0] * N}).told
    assert told.startswith("last:2, at 40% of its tokens, is at most 0.0")
    assert "behind all" in told and "95% interval" in told


def test_if_every_cheaper_memory_is_worse_the_nearest_is_named():
    (told,) = compared({"all": bits(0.9), "last:2": bits(0.3), "none": [0.0] * N}).told
    assert told.startswith("all is better than every memory that reads less.")
    assert "The nearest is last:2, at 40% of its tokens: \N{MINUS SIGN}0.600" in told


def test_a_cheaper_memory_that_is_better_is_said_to_be():
    (told,) = compared({"all": bits(0.1), "last:2": bits(0.9), "none": bits(0.1, 3)}).told
    assert told.startswith("last:2, at 40% of its tokens, is better than all: +0.800")


def test_where_the_data_cannot_tell_nothing_is_claimed():
    (told,) = compared({"all": bits(0.5), "last:2": bits(0.5, 11), "none": [0.0] * N}).told
    assert told.startswith("No memory that reads less is shown to be as good as all.")
    assert "40 cases cannot tell more" in told


def test_of_memories_that_read_more_nothing_is_said():
    found = compared({"all": bits(0.5), "summary:60+last:1": bits(0.9)})
    assert found.told == ()
    assert found.rows[0].against is not None and found.rows[0].against.finding == "worse"


def test_nothing_is_compared_without_a_direction_or_a_second_memory():
    assert not compared({"all": bits(0.5), "none": bits(0.2)}, direction="none").compared
    alone = compared({"last:2": bits(0.5)})
    assert (alone.told, alone.compared, alone.several) == ((), False, False)


def test_lower_can_be_better():
    (told,) = compared({"all": bits(0.1), "last:2": bits(0.9)}, direction="lower").told
    assert told.startswith("all is better than every memory that reads less.")


def test_memories_are_held_against_that_of_their_own_prompt():
    friend, clerk = candidate("friend"), candidate("clerk")
    made = tuple(remembering(one, m) for one in (friend, clerk) for m in ("none", "last:2"))
    assert [[each.name for each in group] for group in groups_of(made)] == [
        ["friend · none", "friend · last:2"],
        ["clerk · none", "clerk · last:2"],
    ]
    costs = {each.name: Spent(1, TOKENS[each.memory], 1.0, 0.0, None) for each in made}
    assert base_of(made[:2], costs) == "friend · last:2", "without all, what reads the most"
    assert labels_of(made)["clerk · none"] == "clerk · none"
    assert labels_of(made[:2]) == {"friend · none": "none", "friend · last:2": "last:2"}


def looked(**changes: object) -> Far:
    made, rows = chat({"all": bits(0.5), "none": [0.0] * N})
    found, _ = chatted(made, cases(N), rows)
    found = [replace(each, variables=each.variables | changes) for each in found]
    return far(made, lay_out(made, found, rows), made.metrics[0])


def test_scores_are_told_by_distance_each_case_once():
    found = looked()
    assert found.by_distance and found.without == 0
    assert [each.text for each in found.columns] == ["1", "2", "3"]
    counts = [point.count for point in found.points["friend · all"] if point]
    assert counts == [14, 13, 13]
    means = [point.mean for point in found.points["friend · none"] if point]
    assert means == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("odd", ["far", None, -1, True])
def test_without_distances_the_turn_counts(odd: object):
    found = looked(distance=odd)
    assert not found.by_distance
    assert [each.text for each in found.columns] == ["2"]


def test_what_a_memory_costs_is_over_all_turns_that_a_model_answered():
    made, rows = chat({"summary:60+last:1": bits(0.5), "all": bits(0.5)})
    _, turns = chatted(made, cases(N), rows)
    given = replace(turns[0], key="", prompt_tokens=0)
    said = answered([*turns, given])
    found = spent(said["friend · summary:60+last:1"])
    # 20 and 22 tokens read, 2 and 10 written, 0 and 9 to remember.
    assert found == Spent(2 * N, 21.0, 6.0, 4.5, 1.0)
    assert found is not None and found.whole == 25.5
    whole = spent(said["friend · all"])
    assert whole is not None and whole.dropped == 0.0
    assert spent([]) is None
    columns, points = tokens_by_turn(said)
    assert [each.text for each in columns] == ["1", "2"]
    means = [point.mean for point in points["friend · summary:60+last:1"] if point]
    assert means == [20.0, 31.0]


def test_a_first_turn_has_nothing_to_drop():
    found = spent([Turn("a", "d", 0, 1, "Hi", "Hi", "key", prompt_tokens=5, output_tokens=1)])
    assert found == Spent(1, 5.0, 1.0, 0.0, None)


def test_a_case_without_a_score_is_in_no_mean():
    made, _ = chat({"all": [1.0]})
    rows = [
        Sample("friend · all", f"mail-{place}", 0, completion(), {METRIC: Score(METRIC, value)})
        for place, value in enumerate([1.0, None, 1.0])
    ]
    found, _ = chatted(made, cases(3), rows)
    told = far(made, lay_out(made, found, rows), MetricInfo(METRIC, METRIC, "higher"))
    assert [point and point.count for point in told.points["friend · all"]] == [1, None, 1]
