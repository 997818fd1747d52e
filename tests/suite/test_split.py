from __future__ import annotations

import json
from pathlib import Path

import pytest

from promptbench.error import DataError, StoreError
from promptbench.suite.split import split_file, split_rows

SHARES = {"test": 0.2, "dev": 0.2, "train": 0.6}


def rows(count: int, size: int = 5) -> list[dict[str, object]]:
    return [{"id": n, "thread": f"t{n // size}"} for n in range(count)]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_every_row_lands_in_one_split():
    dealt = split_rows(rows(100), "thread", SHARES, seed=1)
    ids = [row["id"] for chosen in dealt.values() for row in chosen]
    assert sorted(ids) == list(range(100))


def test_no_group_is_parted():
    dealt = split_rows(rows(100), "thread", SHARES, seed=1)
    groups = [{row["thread"] for row in chosen} for chosen in dealt.values()]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]


def test_splits_get_their_shares_to_within_a_group():
    dealt = split_rows(rows(100), "thread", SHARES, seed=1)
    assert [len(dealt[name]) for name in SHARES] == pytest.approx([20, 20, 60], abs=5)


def test_the_seed_decides_and_nothing_else():
    first = split_rows(rows(50), "thread", SHARES, seed=1)
    assert first == split_rows(rows(50), "thread", SHARES, seed=1)
    assert first != split_rows(rows(50), "thread", SHARES, seed=2)


def test_rows_keep_their_order_in_a_split():
    for chosen in split_rows(rows(100), "thread", SHARES, seed=3).values():
        assert [row["id"] for row in chosen] == sorted(row["id"] for row in chosen)


def test_rows_without_a_group_are_not_one_group():
    loose = [{"id": n, "thread": None} for n in range(50)]
    dealt = split_rows(loose, "thread", SHARES, seed=1)
    assert [len(dealt[name]) for name in SHARES] == [10, 10, 30]


def test_files_hold_what_was_dealt(tmp_path: Path):
    source = tmp_path / "all.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows(30, size=2)))
    counts = split_file(source, tmp_path / "out", "thread", SHARES, seed=0)
    for name, count in counts.items():
        assert len((tmp_path / "out" / f"{name}.jsonl").read_text().splitlines()) == count
    assert sum(counts.values()) == 30


def test_a_row_without_the_groups_field_is_an_error_with_its_line(tmp_path: Path):
    source = tmp_path / "all.jsonl"
    source.write_text('{"id": 1, "thread": "a"}\n{"id": 2, "tread": "a"}\n')
    with pytest.raises(DataError) as raised:
        split_file(source, tmp_path, "thread", SHARES, seed=0)
    assert raised.value.where.endswith("all.jsonl:2")
    assert "tread" in raised.value.hint


def test_a_split_that_would_be_empty_is_an_error(tmp_path: Path):
    source = tmp_path / "all.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows(10, size=10)))
    with pytest.raises(DataError, match="no rows are left"):
        split_file(source, tmp_path / "out", "thread", SHARES, seed=0)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path):
    source = tmp_path / "all.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows(30)))
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(StoreError):
        split_file(source, tmp_path / "out", "thread", SHARES, seed=0)


def test_the_emails_of_a_thread_stand_in_one_split():
    folder = Path(__file__).parents[2] / "suites" / "email"
    threads = {
        name: {json.loads(line)["thread"] for line in lines(folder / f"{name}.jsonl")}
        for name in SHARES
    }
    assert [len(threads[name]) for name in SHARES] == [8, 7, 25]
    assert len(set.union(*threads.values())) == 40
