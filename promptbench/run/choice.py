"""What of a suite a run takes: its prompts, models, sampling settings and memories, by option."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from promptbench.error import SuiteError, choices
from promptbench.model.protocol import Model, Notify, Setup
from promptbench.model.remote.budget import Budget
from promptbench.model.remote.settings import ServerSettings
from promptbench.model.spec import open_model
from promptbench.record import Sampling
from promptbench.run.fit import check_endpoints
from promptbench.run.jury import open_stated
from promptbench.run.option import Options
from promptbench.suite.chat import MemorySpec, parse_memory
from promptbench.suite.stated import PromptSpec, Suite


def within(workspace: Path, path: Path) -> str:
    """A file's path from the workspace: where that lies on this machine is nobody's business."""
    return path.relative_to(workspace).as_posix()


def chosen_prompts(suite: Suite, options: Options) -> tuple[PromptSpec, ...]:
    """The prompts asked for, in the suite's order."""
    known = {spec.name: spec for spec in suite.prompts}
    for name in options.prompts:
        if name not in known:
            raise SuiteError(
                f"the suite has no prompt '{name}'", where=suite.shown, hint=choices(name, known)
            )
    return tuple(s for s in suite.prompts if not options.prompts or s.name in options.prompts)


def chosen_samplings(suite: Suite, options: Options) -> dict[str, Sampling]:
    """The suite's sampling settings, with the seed asked for."""
    if options.seed is None:
        return dict(suite.samplings)
    return {name: replace(s, seed=options.seed) for name, s in suite.samplings.items()}


def chosen_memories(suite: Suite, options: Options) -> Sequence[MemorySpec | None]:
    """The memories asked for, or the suite's; one None for what is no chat."""
    if suite.chat is None:
        if options.memories:
            what = "a memory is for `task: chat`"
            raise SuiteError(what, where=suite.shown, hint="Run without --memory.")
        return (None,)
    return [parse_memory(text) for text in options.memories] or suite.chat.memories


def able(model: Model, samplings: Mapping[str, Sampling]) -> Mapping[str, Sampling]:
    """The ways to answer that a model has: one that cannot write only chooses, if that is asked.

    Where none suits, all come back, and the plan is refused with the reason.
    """
    info = model.info
    suited = {
        name: sampling
        for name, sampling in samplings.items()
        if (info.writes if sampling.choice is None else info.chooses)
    }
    return suited or samplings


def setup_for(suite: Suite, options: Options, notify: Notify) -> Setup:
    """How models are opened. A suite's relative paths start from its workspace."""
    return Setup(
        suite.workspace,
        notify,
        options.max_memory,
        options.device,
        options.precision,
        server=ServerSettings(batch=options.batch),
        budget=Budget(options.max_cost),
        cluster=options.cluster,
        fresh=options.fresh,
    )


def open_models(suite: Suite, options: Options, setup: Setup) -> dict[str, Model]:
    """Open the models asked for."""
    check_endpoints(options.models or [model.spec for model in suite.models], suite, options)
    if options.models:
        return {spec: open_model(spec, setup) for spec in options.models}
    return {model.name: open_stated(model, setup) for model in suite.models}


def candidate_name(prompt: str, *others: tuple[str, Collection[object]]) -> str:
    """The prompt's name, and whatever else tells this candidate from the others.

    Each of `others` is a name and all that there are of its kind.
    """
    return " · ".join([prompt, *(name for name, every in others if len(every) > 1)])


def memory_name(memory: MemorySpec | None) -> str:
    """How a candidate's memory is called; "" where there is none."""
    return memory.text if memory else ""
