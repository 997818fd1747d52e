"""The benchmark of dialogues in a small form: both sides run, and say the same."""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path

import pytest

from benchmarks.chat import measure, user_texts
from tests.model.tiny import WORDS, write_tiny, write_tokenizer

TEMPLATE = "<s> {% for m in messages %}{{ ' w1 ' + m.content + ' w2 ' }}{% endfor %}"


def write_rows(path: Path, rows: list[list[str]]) -> Path:
    """Rows of turns, every second turn as a mapping."""
    lines = [
        {"id": f"r{n}", "turns": [t if i % 2 else {"user": t} for i, t in enumerate(turns)]}
        for n, turns in enumerate(rows)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def test_short_rows_are_joined_until_every_dialogue_has_its_turns(tmp_path: Path):
    data = write_rows(tmp_path / "d.jsonl", [["a", "b", "c"], ["d"], ["e", "f"]])
    assert user_texts(data, 3, 2) == [["a", "b"], ["c", "d"], ["e", "f"]]
    with pytest.raises(SystemExit, match="too few turns"):
        user_texts(data, 2, 4)


def test_two_dialogues_of_two_turns_come_out_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = write_tiny(tmp_path / "tiny", "llama")
    write_tokenizer(folder, template=TEMPLATE)
    draw = random.Random(1)
    rows = [[" ".join(draw.choices(WORDS, k=20)) for _ in range(2)] for _ in range(2)]
    arguments = argparse.Namespace(
        model=str(folder),
        data=write_rows(tmp_path / "d.jsonl", rows),
        dialogues=2,
        turns=2,
        rounds=1,
        plain_rounds=0,
    )
    line = measure(arguments, tmp_path)
    assert re.match(r"ratio_held=[\d.]+ exact=4/4 ties=0 ", line)
    assert "dialogues_equal=2/2" in line
    held = re.search(r"(\d+) of (\d+) prompt tokens were held", capsys.readouterr().out)
    assert held
    assert 2 * 20 < int(held[1]) < int(held[2])
