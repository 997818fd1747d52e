"""Which dialogues can be learned from, and what is said of those that cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from promptbench.curve.option import CurveOptions
from promptbench.curve.workflow import field_of
from promptbench.error import DataError, SuiteError
from promptbench.suite.read import read_suite
from promptbench.tune.material import Material
from tests.tune.talks import CHATML, PATH, TALK, given, talk_material, write_rows, write_talk

GOOD = given("good", ("w10", "w20"), ("w11", "w21"))


def taught(material: Material) -> dict[str, tuple[str, ...]]:
    """The replies that are learned, by dialogue."""
    assert material.lesson.talks
    return {each.name: each.replies for each in material.lesson.talks.dialogues}


def test_replies_are_those_given_and_the_first_references(tmp_path: Path):
    mixed = {
        "id": "mixed",
        "turns": [
            {"user": "w10", "assistant": "w20"},
            {"user": "w11", "references": ["w21", "w22"]},
            {"user": "w12", "assistant": "w23"},
            {"user": "w13", "references": ["w24"]},
        ],
    }
    material = talk_material(write_talk(tmp_path, CHATML, [TALK, GOOD, mixed]))
    assert taught(material) == {
        "t": ("w20 w21", "w22", "w23 w24 w25"),
        "good": ("w20", "w21"),
        "mixed": ("w20", "w21", "w23", "w24"),
    }
    assert [case.id for case in material.cases] == ["t/3", "good/2", "mixed/4"]


def test_the_rows_references_are_the_last_reply(tmp_path: Path):
    row = {"id": "r", "turns": [{"user": "w10", "assistant": "w20"}, "w11"], "references": ["w21"]}
    assert taught(talk_material(write_talk(tmp_path, CHATML, [row]))) == {"r": ("w20", "w21")}


def test_what_comes_after_the_last_known_reply_is_not_learned(tmp_path: Path):
    row = {"id": "r", "turns": [*GOOD["turns"], "w12", "w13"]}
    assert taught(talk_material(write_talk(tmp_path, CHATML, [row]))) == {"r": ("w20", "w21")}


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        (["w10", "w11"], "dialogue 'bad' gives no reply to learn from"),
        (["w10", {"user": "w11", "references": []}], "gives no reply to learn from"),
        (
            [{"user": "w10", "assistant": "w20"}, "w11", {"user": "w12", "references": ["w21"]}],
            "gives no reply to turn 2, but to a later one",
        ),
        (
            [{"user": "w10", "assistant": " "}, {"user": "w11", "references": ["w20"]}],
            "gives no reply to turn 1, but to a later one",
        ),
    ],
)
def test_a_dialogue_without_its_replies_is_named_with_its_line(
    tmp_path: Path, turns: list[Any], message: str
):
    workspace = write_talk(tmp_path, CHATML, [GOOD, {"id": "bad", "turns": turns}])
    with pytest.raises(DataError, match=message) as caught:
        talk_material(workspace)
    assert caught.value.where.endswith("talk/train.jsonl:2")
    assert '"assistant"' in caught.value.hint


def test_a_played_user_teaches_nothing(tmp_path: Path):
    row = {"id": "bad", "goal": "w10", "turns": 3, "references": ["w20"]}
    with pytest.raises(DataError, match="user of dialogue 'bad' is played by a model") as caught:
        talk_material(write_talk(tmp_path, CHATML, [row]))
    assert caught.value.where.endswith("talk/train.jsonl:1")


def test_a_reply_with_an_end_in_its_middle_is_refused(tmp_path: Path):
    row = given("bad", ("w10", "w20 </s> w21"), ("w11", "w22"))
    with pytest.raises(DataError, match="reply of turn bad/1 holds the text of a token that ends"):
        talk_material(write_talk(tmp_path, CHATML, [row]))


def test_dev_is_watched_where_its_replies_are_known(tmp_path: Path):
    workspace = write_talk(tmp_path)
    free = {"id": "free", "turns": ["w10", {"user": "w11", "references": ["w20"]}]}
    write_rows(workspace, "dev", [free, given("d", ("w30 w31", "w32"), ("w33", "w34"))])
    assert [one.case_id for one in talk_material(workspace).dev] == ["d/2"]


def test_a_dialogue_that_a_judged_split_holds_is_a_leak(tmp_path: Path):
    workspace = write_talk(tmp_path, CHATML, [TALK, GOOD])
    write_rows(workspace, "test", [{**GOOD, "id": "same"}, given("e", ("w35 w36", "w37"))])
    with pytest.raises(SuiteError, match="1 of 2 test cases leak from train: same/2 equals"):
        talk_material(workspace)
    assert set(taught(talk_material(workspace, allow_leaks=True))) == {"t"}


def test_a_dialogue_that_a_prompt_shows_is_not_trained_on(tmp_path: Path):
    rows = [given(f"r{n}", (f"w{n}", "w20"), (f"w{n + 9}", "w21")) for n in range(5)]
    shown = "[{file: ../prompts/friend.j2, examples: {count: 2, seed: 0}}]"
    workspace = write_talk(tmp_path, CHATML, rows, prompts=shown)
    material = talk_material(workspace)
    shots = material.rendering.shots or ()
    assert {f"r{n}" for n in range(5)} - set(taught(material)) == {e["dialogue"] for e in shots}
    assert len(shots) == 2


def test_a_smaller_draw_of_dialogues_is_part_of_a_larger_one(tmp_path: Path):
    rows = [given(f"r{n}", (f"w{n}", "w20"), (f"w{n + 20}", "w21")) for n in range(8)]
    workspace = write_talk(tmp_path, CHATML, rows)
    few, more = (taught(talk_material(workspace, limit=n)) for n in (3, 6))
    assert (len(few), len(more)) == (3, 6)
    assert set(few) < set(more)


def test_there_is_no_curve_of_a_chat(tmp_path: Path):
    workspace = write_talk(tmp_path)
    with pytest.raises(SuiteError, match="there is no curve of a chat"):
        field_of(read_suite(workspace.folder / PATH), CurveOptions(), None)  # type: ignore[arg-type]
