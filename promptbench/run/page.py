"""Build a run's report from the store alone: its id in; figures and page out."""

from __future__ import annotations

from promptbench.gate.rule import Gate
from promptbench.report.judging import judging, noted
from promptbench.report.material import Material
from promptbench.report.page import build_page, figures_of
from promptbench.report.summary import Summary
from promptbench.run.earlier import earlier_prompts
from promptbench.run.evidence import judged
from promptbench.run.pairing import load
from promptbench.store.answer import controls
from promptbench.store.database import Store
from promptbench.store.nearness import nearness
from promptbench.store.outcome import judgements, save_judgements, spent
from promptbench.store.prompt import Prompts
from promptbench.store.rating import ratings
from promptbench.store.turn import turns


def page_of(
    store: Store, run_id: str, gates: tuple[Gate, ...] | None = None
) -> tuple[Summary, str]:
    """Build a run's report. The same store, the same page; InputError without such a run.

    `gates` are judged first and what becomes of them is stored; None leaves what is stored.
    """
    found = load(store, run_id)
    tried = tuple(controls(store, run_id))
    grid, summary = figures_of(found.run, found.cases, found.samples)
    if gates is not None:
        save_judgements(store, run_id, judged(gates, found, summary, store))
    gated, near = judgements(store, run_id), nearness(store, run_id)
    page = build_page(
        Material(
            found.run,
            found.cases,
            found.samples,
            gated,
            near,
            tried,
            prompts=Prompts(store, run_id),
            earlier=earlier_prompts(store, found.run),
            ratings=ratings(store, run_id),
            turns=tuple(turns(store, run_id)),
            figures=(grid, summary),
            spent=spent(store, run_id),
        )
    )
    return noted(summary, judging(found.run, grid.by_id(), summary, tried)), page
