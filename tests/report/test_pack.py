import json
import random
from dataclasses import replace
from typing import Any

import pytest

from promptbench.record import Case, Message, MetricInfo, Sample, Score, Section, Seen
from promptbench.report.grid import lay_out
from promptbench.report.pack import CASES, CHARACTERS, pack, rounded
from promptbench.report.sent import written
from tests.report.packed import parts, unpacked
from tests.report.records import METRIC, cases, completion, run, sample, samples


def page_of(made, found, rows, names):
    packed = pack(made, lay_out(made, found, rows), names, {})
    return f'<script id="packed">{packed}</script>'


def test_a_text_that_occurs_again_and_again_is_kept_once():
    body = "The same long email for everybody. " * 20
    found = [Case(f"mail-{place}", {"body": body}, (body,)) for place in range(CASES + 1)]
    rows = [Sample("a", case.id, 0, completion(body)) for case in found]
    made = run("a")
    head, _, *blocks = parts(pack(made, lay_out(made, found, rows), ["a"], {}))
    assert [block["texts"] for block in blocks] == [[body], []]
    # The second block's case needs the first block.
    assert head["needs"] == [0] * CASES + [[0]]
    assert [block[:2] for block in head["blocks"]] == [[0, 0], [CASES, 1]]


def test_a_case_finds_its_texts_in_its_block_and_in_those_that_it_needs():
    draw = random.Random(0)
    pool = [f"text {place} " * 400 for place in range(300)]
    found = [
        Case(f"case-{place}", {"a": draw.choice(pool), "b": f"own {place} " * 500}, ())
        for place in range(400)
    ]
    rows = [
        Sample(name, case.id, 0, completion(draw.choice(pool))) for case in found for name in "xy"
    ]
    made = run("x", "y")
    head, *rest = parts(pack(made, lay_out(made, found, rows), ["x", "y"], {}))
    figures, blocks = rest[:2], rest[2:]
    assert len(blocks) == len(head["blocks"]) > 3
    assert sum(len(block["texts"]) for block in blocks) == head["texts"]
    starts = [block[1] for block in head["blocks"]]
    ends = [*starts[1:], head["texts"]]
    firsts = [block[0] for block in head["blocks"]]
    for number, (_, _, variables, _) in enumerate(head["cases"]):
        own = max(block for block, first in enumerate(firsts) if first <= number)
        there = {own, *(head["needs"][number] or ())}
        places = [text for _, text in variables] + [rows[number][0][0] for rows in figures]
        for place in places:
            assert any(starts[block] <= place < ends[block] for block in there)
    for block in blocks[:-1]:
        # A block ends with the case that fills it.
        assert sum(map(len, block["texts"])) < CHARACTERS + 4 * max(map(len, pool))


def test_what_is_packed_comes_out_again():
    metrics = tuple(MetricInfo(name, name, "higher") for name in (METRIC, "judge"))
    made = run("a", "b", repeats=2, metrics=metrics)
    scores = {
        METRIC: Score(METRIC, 1 / 3, "no answer was read"),
        "judge": Score("judge", None, "no verdict"),
    }
    done = completion("Été \ud800 \U0001f600 </script>", tokens=7, seconds=0.12345, reason="length")
    rows = [
        Sample("b", "mail-0", 0, done, scores),
        Sample("a", "mail-1", 1, completion("half", error="gone"), {}),
    ]
    found = unpacked(page_of(made, cases(2, cluster_size=1), rows, ["b", "a"]))
    assert found["cases"][1] == {
        "id": "mail-1",
        "cluster": "thread-1",
        "variables": {"subject": "Subject 1", "body": "Dear team,\nline two of 1."},
        "references": ["Reference 1."],
    }
    first, second = found["outputs"]
    assert first == [
        [
            {
                "text": "Été \ud800 \U0001f600 </script>",
                "values": [0.333333, None],
                "ending": "length",
                "prompt_tokens": 100,
                "output_tokens": 7,
                "seconds": 0.123,
                "error": 0,
                "more": {"why": {"1": "no verdict"}, "said": ["no answer was read"]},
            },
            None,
        ],
        [None, None],
    ]
    assert second[0] == [None, None]
    assert second[1][1]["error"] == 1
    assert second[1][1]["more"] == {"error": "gone"}


@pytest.mark.parametrize("number", [0, 1])
def test_a_run_of_few_cases_is_packed(number: int):
    made = run("a")
    found = unpacked(page_of(made, cases(number), samples({"a": [0.5] * number}), ["a"]))
    assert len(found["cases"]) == len(found["outputs"][0]) == number


def test_a_value_that_is_no_number_is_none_and_has_a_reason():
    rows = [sample("a", 0, float("nan"))]
    found = unpacked(page_of(run("a"), cases(1), rows, ["a"]))
    assert found["outputs"][0][0][0]["values"] == [None]
    assert found["outputs"][0][0][0]["more"]["why"] == {"0": "not a finite number"}


def test_numbers_are_kept_to_six_digits():
    assert rounded(0.1 + 0.2) == 0.3
    assert rounded(123456.7) == 123457.0
    assert rounded(None) is None


def test_a_variable_that_is_no_text_is_written_as_json():
    assert written("as it is") == "as it is"
    assert json.loads(written({"é": [1, None]})) == {"é": [1, None]}


EXAMPLES = "Two examples of how it is done. " * 20


def content(*prompts: Seen, rows: list[Any] | None = None, repeats: int = 1) -> Any:
    made = run("a", "b", repeats=repeats)
    grid = lay_out(made, cases(2), rows or [])
    packed = pack(made, grid, ["a", "b"], {one.key: one for one in prompts})
    return unpacked(f'<script id="packed">{packed}</script>')


def seen(key: str, body: str) -> Seen:
    text = EXAMPLES + body
    sections = (Section("examples", 0, len(EXAMPLES)), Section("input", len(EXAMPLES), len(text)))
    return Seen(key, f"<s>{text}", (Message("user", text, sections),))


def row(name: str, case: int, key: str, repeat: int = 0) -> Any:
    return sample(name, case, 0.5, repeat=repeat, done=replace(completion(), key=key))


def test_a_text_that_prompts_and_cases_share_is_there_once():
    made = cases(2)
    bodies = [str(each.variables["body"]) * 2 for each in made]
    found = content(
        seen("one", bodies[0]),
        seen("two", bodies[1]),
        seen("foreign", "of another run"),
        rows=[row("a", 0, "one"), row("a", 1, "two")],
    )
    assert sum(EXAMPLES in text for text in found["texts"]) == 1
    assert "of another run" not in found["texts"]
    assert found["kinds"] == [["", ""], ["user", "examples"], ["user", "input"]]
    outputs = found["outputs"][0]
    texts = [
        "".join(found["texts"][text] for _, text in found["prompts"][cell[0]["more"]["prompt"]][0])
        for cell in outputs
    ]
    assert texts == [f"<s>{EXAMPLES}{body}" for body in bodies]


def test_repeats_share_a_prompt():
    found = content(
        seen("one", "ask"),
        seen("two", "ask"),
        rows=[row("a", 0, "one"), row("a", 0, "two", 1)],
        repeats=2,
    )
    assert len(found["prompts"]) == 1
    assert [each["more"]["prompt"] for each in found["outputs"][0][0]] == [0, 0]


def test_tokens_are_lengths_in_utf16_units_and_log_probabilities():
    done = replace(completion("a👍b"), logprobs=(-0.126, -2.0, -0.5, 0.0), ends=(1, 1, 2, 3))
    found = content(rows=[sample("a", 0, 0.5, done=done)])
    assert found["outputs"][0][0][0]["more"]["tokens"] == [[1, 0, 2, 1], [-0.13, -2.0, -0.5, 0.0]]


def test_log_probabilities_without_ends_are_left_out():
    done = replace(completion("ab"), logprobs=(-0.1, -2.0))
    found = content(rows=[sample("a", 0, 0.5, done=done)])
    assert found["outputs"][0][0][0]["more"] == {}
