"""The suite as backends are compared on it: one prompt, one way to answer, a model a backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promptbench.backends.backend import Backend
from promptbench.backends.option import BackendOptions
from promptbench.error import SuiteError, choices
from promptbench.model.protocol import Notify
from promptbench.run.option import Options
from promptbench.run.plan import Plan, make_plan
from promptbench.suite.schema import ServerEntry
from promptbench.suite.stated import ModelSpec, Suite

# One request at a time, which is how this server answers: then its seconds are an answer's own.
ONE_BY_ONE = ServerEntry(concurrency=1, timeout=3600.0)


def narrowed(suite: Suite, options: BackendOptions) -> Suite:
    """The suite with one prompt and one way to answer, to write if there is such a one.

    Raises SuiteError for a chat, and for a prompt that there is not.
    """
    if suite.chat:
        raise SuiteError(
            "backends are compared on single answers, and the suite is a chat",
            where=suite.shown,
            hint="Give `promptbench run` several models: --model smollm2 --model gguf:smollm2.",
        )
    names = {spec.name: spec for spec in suite.prompts}
    name = options.prompt or suite.prompts[0].name
    if name not in names:
        raise SuiteError(
            f"the suite has no prompt '{name}'", where=suite.shown, hint=choices(name, names)
        )
    ways = list(suite.samplings.items())
    way = next((way for way in ways if way[1].choice is None), ways[0])
    return replace(suite, prompts=(names[name],), samplings=dict([way]), gates=())


def plan_for(suite: Suite, backends: Sequence[Backend], options: Options, notify: Notify) -> Plan:
    """The plan of some backends on a suite that is narrowed. Raises InputError as make_plan."""
    return make_plan(replace(suite, models=tuple(map(entry_of, backends))), options, notify)


def entry_of(backend: Backend) -> ModelSpec:
    """A backend as a model of the suite."""
    server = ONE_BY_ONE if backend.file else None
    return ModelSpec(backend.spec, f"the backend {backend.name}", backend.name, server=server)


def run_options(options: BackendOptions, *, fresh: bool) -> Options:
    """How the runs are made; `fresh` where they are measured."""
    return Options(
        split=options.split, limit=options.limit, allow_leaks=options.allow_leaks, fresh=fresh
    )
