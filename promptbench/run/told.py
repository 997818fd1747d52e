"""The case behind a cell, as a metric sees it: of a chat, with what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from promptbench.dialogue.tone import heard
from promptbench.record import Case
from promptbench.run.plan import Plan
from promptbench.store.cell import Cell
from promptbench.store.database import Store
from promptbench.store.turn import talks

Heard = Mapping[Cell, Mapping[str, Any]]
"""Of a cell, the variables that nobody knew before the talk."""


def said_in(plan: Plan, store: Store, run_id: str) -> Heard:
    """What is known of the cells of a chat by now; nothing for other tasks.

    `talk` is all that was said up to the reply. Of a played user there is also what they said.
    """
    if plan.suite.chat is None:
        return {}
    found: dict[Cell, Mapping[str, Any]] = {}
    for cell, user, talk in talks(store, run_id):
        played = not plan.cases[cell[1]].variables["user"]
        more = {"user": user, **heard(user, plan.suite.chat.rules)} if played else {}
        found[cell] = {"talk": talk, **more}
    return found


def told(plan: Plan, cell: Cell, said: Heard) -> Case:
    """A cell's case, with what was said."""
    case = plan.cases[cell[1]]
    if cell not in said:
        return case
    return replace(case, variables={**case.variables, **said[cell]})
