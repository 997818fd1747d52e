"""What a chat tells beside its scores: what memories keep and cost, what tone rules did."""

from __future__ import annotations

from dataclasses import dataclass

from promptbench.report.course import Course, course
from promptbench.report.grid import Grid
from promptbench.report.material import Material
from promptbench.report.memory import Memories, labels_of, memories
from promptbench.report.mood import Moods, moods
from promptbench.report.number import Scale
from promptbench.report.recollection import Far, answered, far, spent, tokens_by_turn
from promptbench.report.summary import Summary


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat for the page: scores by distance or turn, tokens by turn, memories, tone rules."""

    far: Far
    scores: Course | None
    tokens: Course | None
    memories: Memories
    moods: Moods | None


def chat(material: Material, grid: Grid, summary: Summary, scale: Scale) -> Chat | None:
    """Work it out; None for a run in which nobody has talked."""
    if not material.turns:
        return None
    run = material.run
    said = answered(material.turns)
    order = [each.candidate.name for each in summary.standings]
    labels = labels_of(run.candidates)
    found = far(run, grid, summary.primary)
    columns, points = tokens_by_turn({name: said.get(name, []) for name in order})
    costs = {name: spent(said.get(name, ())) for name in order}
    return Chat(
        far=found,
        scores=course(
            found.columns,
            {name: found.points[name] for name in order},
            labels,
            # A share is read against nothing at all.
            least=0.0 if summary.primary.low == 0 else None,
        ),
        tokens=course(columns, points, labels, least=0.0),
        memories=memories(run, grid, summary, costs, scale),
        moods=moods(run, grid, material.turns, material.prompts),
    )
