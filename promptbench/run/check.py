"""Check a suite without running a model: every split, every prompt, every model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median

from promptbench.error import choices
from promptbench.model.protocol import Notify
from promptbench.record import Case
from promptbench.run.hygiene import every_case
from promptbench.run.hygiene import warnings as leak_warnings
from promptbench.run.option import Options
from promptbench.run.plan import Plan, make_plan
from promptbench.run.turn import compared
from promptbench.suite.read import read_suite


@dataclass(frozen=True, slots=True)
class Fit:
    """How long a prompt gets over a split, in tokens of a model."""

    split: str
    prompt: str
    model: str
    cases: int
    median: int
    longest: int
    context: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a valid suite looks like, and what its author should mind."""

    fits: tuple[Fit, ...]
    warnings: tuple[str, ...]


def check_suite(path: Path, models: tuple[str, ...], notify: Notify) -> Checked:
    """Plan a run over every split. Raises InputError for the first thing that is wrong."""
    suite = read_suite(path)
    fits: list[Fit] = []
    cases: dict[str, tuple[Case, ...]] = {}
    warnings: list[str] = []
    names: set[str] = set()
    for split in suite.splits:
        options = Options(split=split, models=models, looking=True)
        plan = make_plan(suite, options, notify, every_case(suite, options))
        names |= {name for ready in plan.ready for name in ready.template.names}
        names = set(compared(suite, names))
        fits += fits_of(plan, split)
        cases[split] = plan.cases
        if split == "test":
            warnings += plan_warnings(plan)
    warnings += [*leak_warnings(suite, names), *cluster_warnings(cases)]
    return Checked(tuple(fits), tuple(warnings))


def fits_of(plan: Plan, split: str) -> Iterator[Fit]:
    """The lengths of each prompt for each model."""
    seen = set()
    for position, ready in enumerate(plan.ready):
        name = (ready.candidate.prompt.name, ready.candidate.model)
        if name in seen:
            continue
        seen.add(name)
        lengths = [slot.tokens for slot in plan.slots if slot.candidate == position]
        yield Fit(
            split,
            *name,
            cases=len(plan.cases),
            median=int(median(lengths)),
            longest=max(lengths),
            context=ready.model.info.context,
        )


def plan_warnings(plan: Plan) -> Iterator[str]:
    """What would run, but hardly as meant."""
    if plan.repeats > 1 and all(r.candidate.sampling.temperature == 0 for r in plan.ready):
        yield (
            f"repeats: {plan.repeats} at temperature 0 repeats the same output:"
            " set sampling.temperature"
        )
    needing = ", ".join(m.info.name for m in plan.metrics if m.needs_references)
    bare = sum(not case.references for case in plan.cases) if needing else 0
    if not bare:
        return
    split, every = plan.options.split, len(plan.cases)
    if bare < every:
        verb = "has" if bare == 1 else "have"
        who = f"{bare} of {every} {split} cases {verb} no reference"
        yield f"{who}: {needing} will leave {'it' if bare == 1 else 'them'} unscored"
    else:
        who = f"no {split} case has a reference"
        yield f"{who}: {needing} will score nothing. {where_references_are(plan)}".rstrip()


def where_references_are(plan: Plan) -> str:
    """How a suite says which field holds them, and which fields there are."""
    if plan.suite.chat:
        return "A turn has them in its own `references`."
    wanted = plan.suite.splits[plan.options.split].fields.references[0]
    fields = choices(wanted, plan.cases[0].variables, "The rows have")
    return f"`references:` under `data:` says which field holds them. {fields}"


def cluster_warnings(splits: Mapping[str, Sequence[Case]]) -> Iterator[str]:
    """Clusters that stand in two splits: what is judged must not be like what is trained on."""
    for first, second in combinations(splits, 2):
        shared = {c.cluster for c in splits[first]} & {c.cluster for c in splits[second]}
        shared.discard("")
        if shared:
            yield f"{len(shared)} clusters stand in both {first} and {second}"
