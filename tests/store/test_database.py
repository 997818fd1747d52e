from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from promptbench.error import InputError
from promptbench.record import Completion, Request, Sample, Score
from promptbench.store.database import Sitting, Store, open_store
from tests.store.records import CREATED, begin, case, completion, request, run, save


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def count(store: Store, table: str) -> int:
    (found,) = next(store.query(f"SELECT count(*) FROM {table}"))
    return int(found)


def test_a_run_comes_back_as_it_was_written(store: Store):
    wanted = run(repeats=2)
    begin(store, wanted)
    assert store.run(wanted.id) == wanted


def test_cases_come_back_in_order_with_their_variables_and_references(store: Store):
    wanted = [
        replace(case(n), variables={"n": n, "deep": {"list": [1.5, None, "ü\u2028"]}})
        for n in (2, 0, 1)
    ]
    store.begin(run(), Sitting("plan", 0, fresh=False), wanted)
    assert list(store.cases("mail-1")) == wanted


def test_the_same_body_is_stored_once(store: Store):
    begin(store, run("one-1"))
    bodies = count(store, "body")
    begin(store, run("two-1"))
    assert count(store, "body") == bodies
    assert count(store, "run_case") == 6


def test_beginning_a_run_again_only_sets_its_status(store: Store):
    begin(store)
    store.set_status("mail-1", "interrupted")
    begin(store, replace(run(), created="2031-01-01T00:00:00Z"))
    assert store.run("mail-1") == run()
    assert count(store, "run_case") == 3


def test_the_newest_run_of_a_plan_is_the_one_with_the_highest_serial(store: Store):
    assert store.newest("plan") is None
    store.begin(run("mail-1"), Sitting("plan", 0, fresh=False), [])
    store.begin(run("mail-1-2"), Sitting("plan", 1, fresh=True), [])
    store.set_status("mail-1-2", "failed")
    assert store.newest("plan") == Sitting("plan", 1, fresh=True, status="failed")


def test_runs_are_listed_newest_first_with_the_number_of_outputs(store: Store):
    begin(store, replace(run("old-1"), created="2025-01-01T00:00:00Z"))
    begin(store, replace(run("new-1"), created="2025-02-01T00:00:00Z"))
    save(store, "old-1", completion("k"), (0, 0, 0), (1, 0, 0))
    assert [(line.id, line.done) for line in store.runs()] == [("new-1", 0), ("old-1", 2)]


def test_an_unknown_run_is_an_error_that_names_the_known_ones(store: Store):
    begin(store)
    with pytest.raises(InputError, match="there is no run 'mail-7'") as caught:
        store.run("mail-7")
    assert "Did you mean 'mail-1'?" in caught.value.hint


def test_an_unknown_run_of_an_empty_store_is_an_error_that_says_so(store: Store):
    with pytest.raises(InputError) as caught:
        store.run("mail-7")
    assert caught.value.hint == "The store is empty."


def test_opening_a_store_that_must_exist_makes_none(tmp_path: Path):
    path = tmp_path / "none" / "store.sqlite"
    with pytest.raises(InputError, match="there is no store yet"):
        open_store(path)
    assert not path.parent.exists()


def test_a_batch_is_all_or_nothing(store: Store):
    begin(store)
    asked = {key: request(key) for key in ("one", "two")}
    cells = {"one": [(0, 0, 0)]}  # "two" has no cell: the second completion raises
    with pytest.raises(KeyError):
        store.save("mail-1", CREATED, asked, [completion("one"), completion("two")], cells)
    assert [count(store, t) for t in ("request", "completion", "sample")] == [0, 0, 0]
    save(store, "mail-1", completion("one"), (0, 0, 0))
    assert count(store, "sample") == 1


def test_scores_are_all_or_nothing(store: Store):
    begin(store)

    def broken() -> Iterator[Score]:
        yield Score("rougeL", 0.5)
        raise RuntimeError("the metric broke")

    with pytest.raises(RuntimeError, match="the metric broke"):
        store.save_scores("mail-1", [((0, 0, 0), broken())])
    assert count(store, "score") == 0


def test_a_run_is_written_with_all_its_cases_or_not_at_all(store: Store):
    with pytest.raises(ZeroDivisionError):
        store.begin(run(), Sitting("plan", 0, fresh=False), (case(1 // n) for n in (1, 0)))
    assert [count(store, t) for t in ("run", "run_case", "body")] == [0, 0, 0]


def test_the_newest_completion_without_an_error_is_the_one_that_is_reused(store: Store):
    begin(store)
    save(store, "mail-1", completion("key", "first"), (0, 0, 0))
    save(store, "mail-1", completion("key", "second"), (0, 1, 0))
    save(store, "mail-1", completion("key", "", error="out of memory"), (0, 2, 0))
    save(store, "mail-1", completion("bad", "", error="out of memory"), (1, 0, 0))
    found = store.reusable(["key", "bad", "unknown"])
    assert list(found) == ["key"]
    store.link("mail-1", [((1, 1, 0), found["key"])])
    filled = {cell: done.text for cell, done in store.outputs("mail-1")}
    assert filled[1, 1, 0] == "second"


def test_more_fingerprints_than_sqlite_takes_at_once_are_looked_up(store: Store):
    begin(store, cases=1)
    keys = [f"key-{n}" for n in range(2100)]
    asked, done = {k: request(k) for k in keys}, [completion(k) for k in keys]
    store.save("mail-1", CREATED, asked, done, {k: [] for k in keys})
    assert set(store.reusable([*keys, "unknown"])) == set(keys)


def test_only_cells_with_an_output_count_as_filled(store: Store):
    begin(store)
    save(store, "mail-1", completion("good"), (0, 0, 0))
    save(store, "mail-1", completion("bad", "", error="broke"), (0, 1, 0))
    assert store.filled("mail-1") == {(0, 0, 0)}


def test_an_error_gives_way_to_an_output_and_an_output_stays(store: Store):
    begin(store)
    save(store, "mail-1", completion("key", "", error="broke"), (0, 0, 0))
    save(store, "mail-1", completion("key", "first"), (0, 0, 0))
    # Scores were computed from it: a second process that was at work on the cell must not swap it.
    save(store, "mail-1", completion("key", "second"), (0, 0, 0))
    save(store, "mail-1", completion("key", "", error="broke"), (0, 0, 0))
    assert [done.text for _, done in store.outputs("mail-1")] == ["first"]


def test_samples_come_in_the_order_of_candidates_cases_and_repeats(store: Store):
    begin(store, run(repeats=2))
    cells = [(c, k, r) for c in (1, 0) for k in (2, 0, 1) for r in (1, 0)]
    for cell in cells:
        save(store, "mail-1", completion(f"key of {cell}"), cell)
    found = [(s.candidate, s.case_id, s.repeat) for s in store.samples("mail-1")]
    assert found == [("ab"[c], f"mail-{k}", r) for c, k, r in sorted(cells)]
    assert [s.completion and s.completion.key for s in store.samples("mail-1")] == [
        f"key of {cell}" for cell in sorted(cells)
    ]


def test_a_cell_that_is_not_filled_is_a_sample_without_completion(store: Store):
    begin(store)
    done = completion("key")
    save(store, "mail-1", done, (1, 1, 0))
    samples = list(store.samples("mail-1"))
    assert len(samples) == 6
    assert samples[4] == Sample("b", "mail-1", 0, done, {})
    assert [s.completion for s in samples if s is not samples[4]] == [None] * 5


def test_scores_come_back_with_their_cell_and_unscored_stays_none(store: Store):
    begin(store)
    save(store, "mail-1", completion("key"), (0, 1, 0), (1, 2, 0))
    scores = [Score("rougeL", 0.1 + 0.2), Score("words", None, "no reference")]
    store.save_scores("mail-1", [((0, 1, 0), scores), ((1, 2, 0), [Score("words", 0.0)])])
    by_cell = {(s.candidate, s.case_id): s.scores for s in store.samples("mail-1")}
    assert by_cell["a", "mail-1"] == {score.metric: score for score in scores}
    assert by_cell["b", "mail-2"] == {"words": Score("words", 0.0)}
    assert by_cell["a", "mail-0"] == {}


def test_a_score_that_is_there_is_replaced(store: Store):
    begin(store)
    save(store, "mail-1", completion("key"), (0, 0, 0))
    for value in (0.25, 0.75):
        store.save_scores("mail-1", [((0, 0, 0), [Score("rougeL", value)])])
    assert [score.value for _, score in store.scores("mail-1")] == [0.75]


def test_seconds_add_up_over_sittings(store: Store):
    begin(store)
    store.add_seconds("mail-1", 1.5)
    store.add_seconds("mail-1", 2.25)
    assert store.run("mail-1").seconds == 3.75


def test_the_prompt_is_stored_as_the_model_saw_it(store: Store):
    begin(store)
    save(store, "mail-1", completion("key"), (0, 0, 0))
    text, ids, messages = next(store.query("SELECT text, ids, messages FROM request"))
    assert text == "<user>text of key"
    assert ids == b"\x01\0\0\0\x02\0\0\0\x70\x11\x01\0"
    assert '"name":"input"' in messages


def test_a_completion_fills_every_cell_that_asked_for_it(store: Store):
    begin(store)
    save(store, "mail-1", completion("key"), (0, 0, 0), (1, 0, 0))
    assert count(store, "completion") == 1
    assert [cell for cell, _ in store.outputs("mail-1")] == [(0, 0, 0), (1, 0, 0)]


def test_a_cell_of_a_run_that_is_not_there_is_refused(store: Store):
    asked: Mapping[str, Request] = {"key": request("key")}
    done: list[Completion] = [completion("key")]
    with pytest.raises(Exception, match="FOREIGN KEY"):
        store.save("nobody", CREATED, asked, done, {"key": [(0, 0, 0)]})
    assert count(store, "completion") == 0
