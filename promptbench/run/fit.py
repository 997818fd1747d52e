"""Can a plan's models answer, and do its prompts fit? Seen before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from promptbench.error import ModelError, SuiteError
from promptbench.model.protocol import IN_BATCHES, Model
from promptbench.model.remote.address import BATCHES, PREFIXES
from promptbench.record import Case
from promptbench.run.option import Options
from promptbench.run.slot import Ready, Slot, Slots
from promptbench.suite.stated import Suite


def check_answers(ready: Sequence[Ready], suite: Suite) -> None:
    """A model that cannot write must choose, and one that cannot tell likelihoods must write."""
    for one in ready:
        info, choosing = one.model.info, one.candidate.sampling.choice is not None
        if choosing and not info.chooses:
            raise ModelError(
                f"{one.candidate.model} does not tell how likely a given answer is",
                where=suite.shown,
                hint="Let it write the label: `sampling: {answer: written, max_tokens: 16}`.",
            )
        if not choosing and not info.writes:
            raise ModelError(
                f"{one.candidate.model} is {info.family} ({info.architecture}): it cannot write",
                where=suite.shown,
                hint="It can choose among labels: `task: classify` with `answer: likelihood`. To"
                " write, take a decoder-only model (GPT, LLaMA ...) or a T5.",
            )


def check_prices(ready: Sequence[Ready], suite: Suite, options: Options) -> None:
    """A budget needs to know what the servers cost. Raises SuiteError."""
    priced = {model.name for model in suite.models if model.server and model.server.price}
    for one in ready:
        name = one.candidate.model
        if (
            options.max_cost is not None
            and one.model.info.family == "server"
            and name not in priced
        ):
            raise SuiteError(
                f"--max-cost needs the price of {name}",
                where=suite.shown,
                hint="For example `{model: ..., server: {price: {input: 0.4, output: 1.6}}}`, for a"
                " million tokens each.",
            )


def check_endpoints(specs: Iterable[str], suite: Suite, options: Options) -> None:
    """With --batch every server needs a batch endpoint. Raises SuiteError that names the others."""
    servers = [spec for spec in specs if spec.partition(":")[0] in PREFIXES]
    lacking = [spec for spec in servers if spec.partition(":")[0] not in BATCHES]
    if options.batch and lacking:
        raise SuiteError(
            f"--batch: there is no batch endpoint for {', '.join(lacking)}",
            where=suite.shown,
            hint=f"There is one for {', '.join(BATCHES)}. For these alone, write"
            " `server: {batch: true}` behind each.",
        )


def check_batches(
    suite: Suite,
    options: Options,
    ready: Sequence[Ready],
    jury: Mapping[str, Model],
    player: Model | None,
) -> None:
    """A batch may take a day, so nothing can wait for one again and again. Raises SuiteError."""
    candidates = [one.model for one in ready]
    talking = [*candidates, *([player] if player else [])] if suite.chat else []
    racing = [*candidates, *jury.values()] if options.race else []
    for models, what in ((talking, "a turn of a chat"), (racing, "a round of a race")):
        slow = [model.info.spec for model in models if IN_BATCHES in model.info.details]
        if slow:
            raise SuiteError(
                f"{slow[0]} is asked in batches, and {what} cannot wait for one: each may take a"
                " day",
                where=suite.shown,
                hint="Take `batch` out of its `server:`, or leave --batch out.",
            )
    every = [*candidates, *jury.values()]
    if options.batch and not any(IN_BATCHES in model.info.details for model in every):
        raise SuiteError(
            "--batch is for models behind an API, and this run asks none",
            where=suite.shown,
            hint="Run without --batch.",
        )


def check_fit(ready: Sequence[Ready], cases: Sequence[Case], slots: Slots) -> None:
    """Nothing is cut off in silence: what does not fit is an error that says by how much."""
    for position, longest in slots.longest().items():
        one = ready[position]
        context = one.model.info.context
        if context and needed(one, longest) > context:
            mine = [slot for slot in slots if slot.candidate == position and slot.repeat == 0]
            over = [slot for slot in mine if needed(one, slot.tokens) > context]
            raise misfit(one, cases, over)


def misfit(one: Ready, cases: Sequence[Case], over: Sequence[Slot]) -> ModelError:
    """Say how many prompts do not fit, and by how much the longest one does not."""
    slot = max(over, key=lambda each: each.tokens)
    context = one.model.info.context
    return ModelError(
        f"prompt '{one.candidate.prompt.name}' does not fit {one.candidate.model} in"
        f" {len(over)} of {len(cases)} cases; case {cases[slot.case].id} needs"
        f" {needed(one, slot.tokens) - context:,} tokens more than the context of {context:,}"
        f" (prompt {slot.tokens:,}, output up to {one.model.room(one.candidate.sampling):,})",
        where=one.template.shown,
        hint=shorter(one),
    )


def shorter(one: Ready) -> str:
    """What makes a prompt fit: an encoder's context does not hold the output."""
    lower = " lower sampling.max_tokens," if one.model.info.family == "decoder-only" else ""
    return f"Shorten the case or the prompt,{lower} or take a model with a longer context."


def needed(one: Ready, tokens: int) -> int:
    """Tokens that must fit: the prompt, and the answer where it takes room beside it."""
    return tokens + one.model.room(one.candidate.sampling)
