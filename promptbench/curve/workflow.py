"""Prompt or fine-tune, measured: prompts on dev, trainings of every size, all of it on test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from promptbench.curve.arm import Arm, other_prompt, prompt_arms, seeds_of, tune_arms
from promptbench.curve.option import CurveOptions
from promptbench.curve.train import Watchers, train_all
from promptbench.error import SuiteError, choices
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.protocol import Model, Setup
from promptbench.model.spec import open_model
from promptbench.prompt.example import as_example, characters
from promptbench.prompt.template import Template
from promptbench.record import Candidate, Case, Sampling
from promptbench.run.choice import within
from promptbench.run.examples import examples_for
from promptbench.run.hygiene import Judged, judged_cases
from promptbench.run.job import Result, run_plan
from promptbench.run.jury import open_stated
from promptbench.run.measure import metrics_of
from promptbench.run.option import Options
from promptbench.run.plan import Plan, assemble, primary_metric
from promptbench.run.slot import Ready
from promptbench.suite.read import read_suite
from promptbench.suite.stated import PromptSpec, Suite
from promptbench.tune.finetune import Tuned
from promptbench.tune.lesson import labelled_cases, shuffled
from promptbench.tune.material import chosen_prompt, trainable_folder
from promptbench.tune.recipe import Recipe, recipe_for


@dataclass(frozen=True, slots=True)
class Field:
    """What all arms share: suite, cases, the prompted model, sampling, the labels to use.

    `recipe` is how a training goes where its arm does not say otherwise.
    """

    suite: Suite
    options: CurveOptions
    model: Model
    sampling: Sampling
    prompts: Mapping[str, PromptSpec]
    labelled: tuple[Case, ...]
    judged: Mapping[str, Judged]
    recipe: Recipe


def curve(path: Path, options: CurveOptions, watchers: Watchers) -> Result:
    """Measure all arms of a suite and write the report of the run that holds them.

    Raises InputError before anything runs, later StoreError and RunError. What was computed by
    then is kept, arm by arm, and the same call continues.
    """
    field = field_of(read_suite(path), options, watchers)
    taught = chosen_prompt(field.suite, options.prompt).name
    trainings = tune_arms(taught, options, len(field.labelled), field.recipe)
    prompts = prompt_side(field, watchers)
    watchers.note(f"Prompts on dev: {len(prompts)} arms, to choose by ...")
    chosen = run_plan(plan_of(field, prompts, {}, "dev", {}), watchers.run())
    dev = means_on_dev(chosen)
    if not options.quick:
        trainings += other_prompt(trainings, best_plain(prompts, dev, chosen))
    tuned = train_all(field.suite, options, trainings, watchers)
    arms = [*prompts, *trainings]
    said = facts(field, arms, tuned, dev, chosen.run_id)
    watchers.note(f"All {len(arms)} arms on test ...")
    return run_plan(plan_of(field, arms, tuned, "test", said), watchers.run())


def field_of(suite: Suite, options: CurveOptions, watchers: Watchers) -> Field:
    """Read what all arms share. Raises SuiteError for a suite that cannot be learned from."""
    if suite.chat:
        raise SuiteError(
            "there is no curve of a chat: its prompts do not show examples of single answers",
            where=suite.shown,
            hint="Train with `promptbench finetune`, then compare: `promptbench run --model BASE"
            " --model ./checkpoints/NAME`.",
        )
    refuse_pooled(suite, watchers)
    for split in ("train", "dev"):
        if split not in suite.splits:
            raise SuiteError(
                f"a curve needs a {split} split",
                where=suite.shown,
                hint="Prompts are chosen on dev, examples and trainings come from train:"
                " `promptbench split` makes both.",
            )
    setup = Setup(
        suite.workspace,
        watchers.note,
        options.max_memory,
        options.device,
        cluster=options.cluster,
    )
    if not suite.models:
        raise SuiteError("the suite names no model", where=suite.shown)
    base = read_checkpoint(trainable_folder(options.model or suite.models[0].spec, setup))
    shown = {
        name
        for spec in suite.prompts
        for name in Template(spec.name, spec.path, spec.shown, suite.workspace).names
    }
    judged = {
        split: judged_cases(
            suite,
            Options(split=split, limit=options.limit, allow_leaks=options.allow_leaks),
            shown,
            watchers.note,
        )
        for split in ("dev", "test")
    }
    labelled = tuple(labelled_cases(suite, shown))
    if not labelled:
        raise SuiteError("no train case has a reference", where=suite.shown)
    return Field(
        suite=suite,
        options=options,
        model=open_stated(suite.models[0], setup),
        sampling=next(iter(suite.samplings.values())),
        prompts={spec.name: spec for spec in suite.prompts},
        labelled=labelled,
        judged=judged,
        recipe=recipe_for(options.wish, base.family, base.parameters),
    )


def refuse_pooled(suite: Suite, watchers: Watchers) -> None:
    """Raise SuiteError for a primary metric that has no value for a case to compare arms by."""
    metrics = metrics_of(suite, watchers.note)
    name = primary_metric(suite, metrics)
    if next(one.info.pool for one in metrics if one.info.name == name):
        means = [one.info.name for one in metrics if not one.info.pool]
        raise SuiteError(
            f"a curve needs a value for each case; {name} is made of all cases at once",
            where=suite.primary_where or suite.shown,
            hint=choices("", means, "Name another metric as `primary:`, such as")
            or "Name another metric as `primary:`, such as accuracy.",
        )


def prompt_side(field: Field, watchers: Watchers) -> list[Arm]:
    """The prompts' arms, without those whose examples do not fit the model's context."""
    plain = [name for name, spec in field.prompts.items() if spec.examples is None]
    shown = [name for name, spec in field.prompts.items() if spec.examples is not None]
    arms = prompt_arms(plain, shown, field.options, len(field.labelled))
    if not shown:
        watchers.note("No prompt of the suite shows examples: only prompts as they are compete.")
    fitting = [arm for arm in arms if arm.shots == 0 or fits(field, arm)]
    for group in dict.fromkeys(arm.group for arm in arms if arm not in fitting):
        watchers.note(f"{group} is left out: its examples do not fit, or are too few.")
    left_out = {arm.group for arm in arms if arm not in fitting}
    return [arm for arm in fitting if arm.group not in left_out]


def fits(field: Field, arm: Arm) -> bool:
    """Whether an arm's prompts fit the context with their answers, on every split."""
    ready = ready_for(field, arm, field.model, field.suite.models[0].spec)
    if len(ready.examples or ()) < arm.shots:
        return False
    context = field.model.info.context
    if not context:
        return True
    room = field.model.room(field.sampling)
    longest = max(
        field.model.encode(ready.template.render(case, ready.examples)).tokens
        for judged in field.judged.values()
        for case in judged.cases
    )
    return longest + room <= context


def ready_for(field: Field, arm: Arm, model: Model, spec: str) -> Ready:
    """An arm as a candidate of a run."""
    prompt = field.prompts[arm.prompt]
    template = Template(prompt.name, prompt.path, prompt.shown, field.suite.workspace)
    workspace = field.suite.workspace
    candidate = Candidate(
        name=arm.name,
        prompt=replace(template.prompt, path=within(workspace, prompt.path)),
        model=spec,
        model_identity=model.info.identity,
        sampling=field.sampling,
    )
    return Ready(candidate, template, shots_for(field, arm, prompt, template.names), model)


def shots_for(
    field: Field, arm: Arm, prompt: PromptSpec, names: Collection[str]
) -> Sequence[Mapping[str, Any]] | None:
    """The arm's examples: the first fitting ones of the order in which its seed draws labels.

    A fine-tune on a prompt that shows examples is asked with those that it was trained with.
    """
    if prompt.examples is None:
        return None
    if arm.kind == "tune":
        return examples_for(field.suite, prompt, names)
    most = prompt.examples.max_characters
    order = shuffled(field.labelled, arm.seed)
    fitting = [case for case in order if most is None or characters(case) <= most]
    return [as_example(case) for case in fitting[: arm.shots]]


def plan_of(
    field: Field,
    arms: Sequence[Arm],
    tuned: Mapping[str, Tuned],
    split: str,
    said: Mapping[str, Any],
) -> Plan:
    """One run of all arms on a split; `said` is what its report needs to know of them."""
    suite, options = field.suite, field.options
    setup = Setup(
        suite.workspace,
        max_memory=options.max_memory,
        device=options.device,
        cluster=options.cluster,
    )
    ready = []
    for arm in arms:
        spec, model = suite.models[0].spec, field.model
        if arm.kind == "tune":
            spec = tuned[arm.name].spec
            model = open_model(spec, setup)
        ready.append(ready_for(field, arm, model, spec))
    run = Options(
        split=split,
        limit=options.limit,
        max_memory=options.max_memory,
        allow_leaks=options.allow_leaks,
    )
    command = options.command(within(suite.workspace, suite.path))
    extra = {"command": command, "curve": said}
    plan = assemble(suite, run, field.judged[split], tuple(ready), setup, extra)
    # Dev decides which prompt the fine-tunes are held against: a run that knows another dev is
    # another run.
    dev = [arm["dev"] for arm in said.get("arms", ())]
    return replace(plan, digest=hashlib.sha256(json.dumps([plan.digest, dev]).encode()).hexdigest())


def means_on_dev(result: Result) -> dict[str, float]:
    """The primary metric's mean of every prompt arm on dev."""
    primary = result.summary.primary
    found = {each.candidate.name: each.estimate(primary) for each in result.summary.standings}
    return {name: estimate.mean for name, estimate in found.items() if estimate}


def best_plain(arms: Sequence[Arm], dev: Mapping[str, float], result: Result) -> str:
    """The prompt without examples that is best on dev."""
    lower = result.summary.primary.direction == "lower"
    plain = [arm for arm in arms if arm.shots == 0 and arm.name in dev] or list(arms[:1])
    return (min if lower else max)(plain, key=lambda arm: dev.get(arm.name, 0.0)).prompt


def facts(
    field: Field,
    arms: Sequence[Arm],
    tuned: Mapping[str, Tuned],
    dev: Mapping[str, float],
    dev_run: str,
) -> dict[str, Any]:
    """What the report needs to know of the arms."""
    return {
        "labels": len(field.labelled),
        "seeds": seeds_of(field.options),
        "quick": field.options.quick,
        "model": field.suite.models[0].spec,
        "tuned_model": field.options.model or field.suite.models[0].spec,
        "dev_run": dev_run,
        "arms": [fact(arm, tuned.get(arm.name), dev.get(arm.name)) for arm in arms],
    }


def fact(arm: Arm, tuned: Tuned | None, dev: float | None) -> dict[str, Any]:
    """What the report needs to know of one arm."""
    said = asdict(arm) | {"candidate": arm.name, "dev": dev}
    if tuned is not None:
        manifest = tuned.manifest
        said |= {key: manifest[key] for key in ("seconds", "tokens", "dev_loss", "probe_loss")}
        said["recipe"] = manifest["recipe"]
    return said
