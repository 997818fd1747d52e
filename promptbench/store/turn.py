"""What was said in the dialogues of a run: replies and turns, written and read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from promptbench.record import Completion, Request, Turn
from promptbench.store.cell import Cell
from promptbench.store.code import dumps
from promptbench.store.connection import explained, transaction
from promptbench.store.database import Store

SAID = (
    "number, user, reply, key, kept, summary, mood, rule, prompt_tokens, output_tokens,"
    " memory_tokens"
)
PUT_TURN = f"INSERT OR REPLACE INTO turn VALUES ({', '.join('?' * 16)})"

PlacedTurn = tuple[int, int | None, Turn]
"""A turn with the positions of its candidate and of the case that it is, None for no case."""


def save_replies(
    store: Store,
    run_id: str,
    created: str,
    requests: Mapping[str, Request],
    completions: Sequence[Completion],
    cells: Mapping[str, Sequence[Cell]],
    turns: Iterable[PlacedTurn] = (),
) -> None:
    """Write one batch of replies, all or nothing: as answers, and into the cells that they fill.

    One with an error is no answer, so that it is asked for again; its cells show the error. With
    the replies go the turns that they are.
    """
    with explained(store.path), transaction(store.connection):
        store.connection.executemany(PUT_TURN, _rows(run_id, turns))
        for done in completions:
            number = store.put_completion(requests[done.key], done, created)
            if not done.error:
                row = (run_id, done.key, number)
                store.connection.execute("INSERT OR IGNORE INTO answer VALUES (?, ?, ?)", row)
            store.put_samples([(run_id, *cell, number) for cell in cells.get(done.key, ())])


def link_replies(
    store: Store,
    run_id: str,
    cells: Mapping[str, Sequence[Cell]],
    turns: Iterable[PlacedTurn] = (),
) -> None:
    """Fill cells with answers that the run has, by their fingerprints, and write their turns."""
    sql = "SELECT completion FROM answer WHERE run = ? AND key = ?"
    with explained(store.path), transaction(store.connection):
        store.connection.executemany(PUT_TURN, _rows(run_id, turns))
        for key, each in cells.items():
            for (number,) in store.query(sql, (run_id, key)):
                store.put_samples([(run_id, *cell, number) for cell in each])


def _rows(run_id: str, turns: Iterable[PlacedTurn]) -> list[tuple[object, ...]]:
    return [
        (
            run_id,
            candidate,
            turn.dialogue,
            turn.repeat,
            turn.number,
            turn.user,
            turn.reply,
            turn.key,
            case,
            dumps(list(turn.kept)),
            turn.summary,
            turn.mood,
            turn.rule,
            turn.prompt_tokens,
            turn.output_tokens,
            turn.memory_tokens,
        )
        for candidate, case, turn in turns
    ]


def turns(store: Store, run_id: str) -> Iterator[Turn]:
    """The turns of a run by candidate, dialogue and repeat, each dialogue in its order."""
    names = [candidate.name for candidate in store.run(run_id).candidates]
    ids = [case.id for case in store.cases(run_id)]
    sql = f"""SELECT candidate, dialogue, repeat, "case", {SAID} FROM turn
              WHERE run = ? ORDER BY candidate, dialogue, repeat, number"""
    for candidate, dialogue, repeat, case, *said in store.query(sql, (run_id,)):
        number, user, reply, key, kept, summary, mood, rule, prompt, output, memory = said
        yield Turn(
            candidate=names[candidate],
            dialogue=dialogue,
            repeat=repeat,
            number=number,
            user=user,
            reply=reply,
            key=key,
            case_id="" if case is None else ids[case],
            kept=tuple(json.loads(kept)),
            summary=summary,
            mood=mood,
            rule=rule,
            prompt_tokens=prompt,
            output_tokens=output,
            memory_tokens=memory,
        )


def talks(store: Store, run_id: str) -> Iterator[tuple[Cell, str, str]]:
    """Each cell of a run that is a turn: what the user said, and the whole talk up to there.

    The talk has a line for each side, and ends with what the user said.
    """
    sql = """SELECT candidate, dialogue, repeat, "case", user, reply FROM turn
             WHERE run = ? ORDER BY candidate, dialogue, repeat, number"""
    rows = store.query(sql, (run_id,))
    for (candidate, _, repeat), group in groupby(rows, key=lambda row: row[:3]):
        lines: list[str] = []
        for *_, case, user, reply in group:
            lines.append(f"User: {user}")
            if case is not None:
                yield (candidate, case, repeat), user, "\n".join(lines)
            lines.append(f"Assistant: {reply}")
