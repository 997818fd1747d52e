"""Count the tokens of each section of a run's prompts: a plan in, a few figures a candidate out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from promptbench.record import Encoded
from promptbench.run.look import SectionLength, section_lengths
from promptbench.run.plan import Plan
from promptbench.run.slot import Slot

# Of a large run, so many cases tell its sections' lengths well enough.
MOST_CASES = 200

Lengths = dict[tuple[int, str], tuple[int, int]]
"""Of one prompt, by depth and name: tokens in the section, and of those outside of inner ones."""


def sections_of(plan: Plan) -> dict[str, Any]:
    """The facts for a manifest: for each candidate, the tokens of a prompt's sections.

    Counted on all cases, or on so many spread over the run; a section is
    [depth, name, mean, fewest, most, mean of what lies in no inner section], in tokens a prompt
    (0 where a prompt lacks it). Empty where a model does not tell its tokens, and for a chat, whose
    prompts are not known before it.
    """
    if plan.suite.chat:
        return {}
    taken = set(spread(len(plan.cases), MOST_CASES))
    slots = [slot for slot in plan.slots if slot.repeat == 0 and slot.case in taken]
    counted: dict[Encoded, Lengths] = {}  # many arms of a curve send the same prompts
    found = {}
    for place, group in groupby(slots, key=lambda slot: slot.candidate):
        rows = [lengths_of(plan, slot, counted) for slot in group]
        if all(rows):
            found[plan.ready[place].candidate.name] = {
                "total": figures([sum(own for _, own in row.values()) for row in rows]),
                "sections": list(averages(rows)),
            }
    return {"cases": len(taken), "of": len(plan.cases), "candidates": found} if found else {}


def spread(number: int, most: int) -> list[int]:
    """Places from 0 to `number`, all of them or `most` at equal distances."""
    taken = min(number, most)
    return [place * number // taken for place in range(taken)]


def lengths_of(plan: Plan, slot: Slot, counted: dict[Encoded, Lengths]) -> Lengths:
    """The sections of one prompt; none where the model does not tell its tokens."""
    request = plan.request(slot)
    if request.encoded not in counted:
        tokens = plan.ready[slot.candidate].model.tokens(request.encoded)
        lengths = section_lengths(request.messages, request.encoded, tokens) if tokens else []
        counted[request.encoded] = by_name(lengths)
    return counted[request.encoded]


def by_name(lengths: Sequence[SectionLength]) -> Lengths:
    """Add up the sections of one name and depth; inner ones are taken off what they lie in.

    Where an empty one lies nobody can tell: it is left out.
    """
    found: Lengths = {}
    above: list[tuple[int, str]] = []
    for each in (length for length in lengths if length.tokens):
        key = (each.depth, each.name)
        tokens, own = found.get(key, (0, 0))
        found[key] = (tokens + each.tokens, own + each.tokens)
        del above[each.depth :]
        if above:
            tokens, own = found[above[-1]]
            found[above[-1]] = (tokens, own - each.tokens)
        above.append(key)
    return found


def averages(rows: Sequence[Lengths]) -> Iterable[list[Any]]:
    """A line a section, in the order of the prompts."""
    for key in dict.fromkeys(key for row in rows for key in row):
        cells = [row.get(key, (0, 0)) for row in rows]
        depth, name = key
        own = sum(own for _, own in cells) / len(cells)
        yield [depth, name, *figures([tokens for tokens, _ in cells]), round(own, 2)]


def figures(tokens: Sequence[int]) -> list[float]:
    """Mean, fewest and most."""
    return [round(sum(tokens) / len(tokens), 2), min(tokens), max(tokens)]
