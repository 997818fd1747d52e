"""The case behind a cell: of a simulated user, what they said is known from the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from promptbench.dialogue.tone import heard
from promptbench.record import Case
from promptbench.run.plan import Plan
from promptbench.store.database import Cell, Store
from promptbench.store.turn import users


def said_in(plan: Plan, store: Store, run_id: str) -> Mapping[Cell, str]:
    """What the users of a chat said in each cell; nothing for other tasks."""
    return users(store, run_id) if plan.suite.chat else {}


def told(plan: Plan, cell: Cell, said: Mapping[Cell, str]) -> Case:
    """A cell's case, with what its user said if the data could not say it."""
    case, chat = plan.cases[cell[1]], plan.suite.chat
    if chat is None or case.variables["user"] or cell not in said:
        return case
    variables = {**case.variables, "user": said[cell], **heard(said[cell], chat.rules)}
    return replace(case, variables=variables)
