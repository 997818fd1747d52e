"""What each block of a prompt is worth: a suite and a prompt in; a run without each block out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from promptbench.error import PromptError, SuiteError
from promptbench.prompt.template import Template
from promptbench.record import Candidate
from promptbench.run.choice import (
    able,
    chosen_memories,
    chosen_prompts,
    chosen_samplings,
    memory_name,
    open_models,
    setup_for,
    within,
)
from promptbench.run.examples import examples_for
from promptbench.run.hygiene import judged_cases
from promptbench.run.job import Result, Watcher, run_plan
from promptbench.run.manifest import command_of
from promptbench.run.option import Options
from promptbench.run.part import Part, chosen_blocks, part_of, shown
from promptbench.run.plan import Plan, assemble
from promptbench.run.slot import Ready
from promptbench.run.turn import compared, with_moods
from promptbench.suite.read import read_suite
from promptbench.suite.stated import PromptSpec, Suite


def ablate(path: Path, options: Options, blocks: Sequence[str], watcher: Watcher) -> Result:
    """Run a prompt as it is and without each of its blocks, to the report.

    `options.prompts` is the one prompt, `options.models` the model where it is not the suite's
    first; a split of "" is dev where the suite has one, otherwise test. Without `blocks`, those
    are left out that hold no other. Raises InputError before anything runs, later StoreError and
    RunError; what was generated until then is stored, and the same call continues.
    """
    return run_plan(ablation_plan(read_suite(path), options, blocks, watcher), watcher)


def ablation_plan(suite: Suite, options: Options, blocks: Sequence[str], watcher: Watcher) -> Plan:
    """One run of a prompt and of what is left of it without each block; see ablate."""
    options = replace(options, split=options.split or ("dev" if "dev" in suite.splits else "test"))
    (spec,) = chosen_prompts(suite, options)
    template = Template(spec.name, spec.path, spec.shown, suite.workspace)
    chosen = chosen_blocks(template, blocks)
    judged = judged_cases(suite, options, compared(suite, template.names), watcher.note)
    judged = with_moods(judged, suite.chat) if suite.chat else judged
    base = ready_for(suite, spec, template, options, watcher)
    whole = shown(base, judged.cases)
    parts = [part_of(base, whole, name, judged.cases, strict=bool(blocks)) for name in chosen]
    ready = (base, *(part.ready for part in parts if part.ready))
    if len(ready) == 1:
        raise nothing_to_run(spec, parts)
    setup = setup_for(suite, options, watcher.note)
    plan = assemble(suite, options, judged, ready, setup, {"ablation": {}})
    facts = {"candidate": base.candidate.name, "blocks": [part.facts() for part in parts]}
    return replace(plan, extra={"command": command(plan, blocks), "ablation": facts})


def ready_for(
    suite: Suite, spec: PromptSpec, template: Template, options: Options, watcher: Watcher
) -> Ready:
    """The prompt as it is, as a candidate of the first model, with the first way to sample."""
    if not (suite.models or options.models):
        raise SuiteError("the suite names no model", where=suite.shown)
    setup = setup_for(suite, options, watcher.note)
    first = replace(suite, models=suite.models[:1])
    name, model = next(iter(open_models(first, options, setup).items()))
    memory = chosen_memories(suite, options)[0]
    candidate = Candidate(
        name=spec.name,
        prompt=replace(template.prompt, path=within(suite.workspace, spec.path)),
        model=name,
        model_identity=model.info.identity,
        sampling=next(iter(able(model, chosen_samplings(suite, options)).values())),
        memory=memory_name(memory),
    )
    return Ready(candidate, template, examples_for(suite, spec, template.names), model, memory)


def nothing_to_run(spec: PromptSpec, parts: Sequence[Part]) -> PromptError:
    """No block can be left out with an effect: say why of each."""
    why = "; ".join(
        f"{part.block}: {part.refused or 'the prompt is the same without it'}" for part in parts
    )
    return PromptError(
        f"no block of prompt '{spec.name}' can be left out: {why}",
        where=spec.shown,
        hint="Name smaller parts of it: {% block instruction %}...{% endblock %}.",
    )


def command(plan: Plan, blocks: Sequence[str]) -> str:
    """The command that repeats the run, in the workspace's folder."""
    text = command_of(plan).replace("promptbench run", "promptbench ablate", 1)
    parts = [text, *(f"--block {name}" for name in blocks)]
    parts += ["--split test"] if plan.options.split == "test" else []
    return " ".join(parts)
