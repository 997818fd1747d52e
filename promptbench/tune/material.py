"""What a training needs, gathered and checked before it begins: model, prompt, examples, recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from promptbench.error import ModelError, SuiteError, choices
from promptbench.model.local.checkpoint import Checkpoint, read_checkpoint
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.model.protocol import Notify, Setup, quiet
from promptbench.model.spec import open_model, weights_folder
from promptbench.prompt.template import Template
from promptbench.record import Case, Labels
from promptbench.run.examples import examples_for
from promptbench.run.hygiene import judged_cases
from promptbench.run.measure import metrics_of
from promptbench.run.option import Options
from promptbench.run.plan import fields_of, primary_metric
from promptbench.run.turn import compared
from promptbench.suite.stated import PromptSpec, Suite
from promptbench.tune.copied import refuse_links
from promptbench.tune.example import Example, Rendering
from promptbench.tune.judged import first_way
from promptbench.tune.lesson import Draw, Lesson, case_lesson, dialogue_lesson
from promptbench.tune.option import TuneOptions
from promptbench.tune.origin import Origin
from promptbench.tune.recipe import Recipe, recipe_for
from promptbench.tune.talk import remembering


@dataclass(frozen=True, slots=True)
class Material:
    """All that a training starts from. `digest` covers everything that can change its result.

    Of a chat `suite` has the one memory that is trained with.
    """

    suite: Suite
    spec: str
    checkpoint: Checkpoint
    tokenizer: Tokenizer
    prompt: PromptSpec
    recipe: Recipe
    lesson: Lesson
    digest: str

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases that are trained on, of a dialogue its last turn."""
        return self.lesson.cases

    @property
    def train(self) -> tuple[Example, ...]:
        """What is learned from."""
        return self.lesson.train

    @property
    def dev(self) -> tuple[Example, ...]:
        """What is watched."""
        return self.lesson.dev

    @property
    def rendering(self) -> Rendering:
        """What makes prompts."""
        return self.lesson.rendering

    @property
    def what(self) -> str:
        """What its cases are called."""
        return "dialogues" if self.lesson.talks else "cases"

    @property
    def piece(self) -> str:
        """What a step takes some of."""
        return "examples" if self.lesson.talks else "cases"

    @property
    def labels(self) -> Labels | None:
        """The labels, where the model is trained to choose one of them."""
        return self.suite.labels


def gather(suite: Suite, options: TuneOptions, notify: Notify) -> Material:
    """Read, render and check all. Raises InputError; nothing has been trained then."""
    setup = Setup(suite.workspace, notify)
    suite = remembering(suite, options.memory)
    spec = options.model or (suite.models[0].spec if suite.models else "")
    folder = trainable_folder(spec, setup)
    checkpoint = read_checkpoint(folder)
    tokenizer = Tokenizer(folder)
    recipe = recipe_for(options.wish, checkpoint.family, checkpoint.parameters)
    if recipe.method != "lora":
        refuse_links(folder, suite.workspace)
    prompt = chosen_prompt(suite, options.prompt)
    template = Template(prompt.name, prompt.path, prompt.shown, suite.workspace)
    rendering = Rendering(template, examples_for(suite, prompt, template.names), suite.labels)
    if "train" not in suite.splits:
        raise SuiteError(
            "the suite has no train split, so there is nothing to train on",
            where=suite.shown,
            hint="Add `train:` under `data:`; `promptbench split` makes one.",
        )
    held = judged_by(suite, options, compared(suite, template.names), notify)
    lesson_of = dialogue_lesson if suite.chat else case_lesson
    draw, origin = Draw(options.limit, recipe.seed), Origin(spec, checkpoint, tokenizer)
    lesson = lesson_of(suite, rendering, held.get("dev", ()), draw, origin)
    if not lesson.train:
        raise SuiteError(
            "no case of the train split has a reference to learn from",
            where=suite.shown,
            hint="Give them answers, or name their field: `references:` under `data:`.",
        )
    return Material(
        suite=suite,
        spec=spec,
        checkpoint=checkpoint,
        tokenizer=tokenizer,
        prompt=prompt,
        recipe=recipe,
        lesson=lesson,
        digest=digest_of(checkpoint, recipe, lesson, watched_by(suite, recipe, held)),
    )


def judged_by(
    suite: Suite, options: TuneOptions, names: Collection[str], notify: Notify
) -> dict[str, tuple[Case, ...]]:
    """The cases of dev and test, where the suite has them. Raises SuiteError if train leaks."""
    return {
        split: judged_cases(
            suite, Options(split=split, allow_leaks=options.allow_leaks), names, notify
        ).cases
        for split in ("dev", "test")
        if split in suite.splits
    }


def trainable_folder(spec: str, setup: Setup) -> Path:
    """The folder of a model that can be trained. Raises ModelError for any other."""
    from promptbench.model.local.adapter import is_adapter

    if not spec:
        raise ModelError("the suite names no model", hint="Give one: --model smollm2.")
    folder = weights_folder(spec, setup)
    if folder is None:
        open_model(spec, setup)  # says what is wrong with an unknown one
        raise ModelError(
            f"'{spec}' does not run in this process, so it cannot be trained here",
            hint="Take an embedded model, a folder or hf:org/name.",
        )
    if is_adapter(folder):
        raise ModelError(
            f"'{spec}' is an adapter; training starts from a whole model",
            hint="Name the model that the adapter is for.",
        )
    return folder


def chosen_prompt(suite: Suite, name: str) -> PromptSpec:
    """The prompt asked for, or the suite's first."""
    known = {spec.name: spec for spec in suite.prompts}
    if name and name not in known:
        what = f"the suite has no prompt '{name}'"
        raise SuiteError(what, where=suite.shown, hint=choices(name, known))
    return known[name] if name else suite.prompts[0]


def watched_by(suite: Suite, recipe: Recipe, held: Mapping[str, Sequence[Case]]) -> list[Any]:
    """All that decides what the primary metric says of dev, if that says when to stop."""
    if recipe.stop_on != "metric":
        return []
    metrics = metrics_of(suite, quiet)
    primary = primary_metric(suite, metrics)
    return [
        [asdict(metric.info) for metric in metrics if metric.info.name == primary],
        [way.canonical() for way in first_way(suite, head=recipe.method == "head").values()],
        [fields_of(case) for case in held.get("dev", ())],
    ]


def digest_of(
    checkpoint: Checkpoint, recipe: Recipe, lesson: Lesson, watched_by: Sequence[Any]
) -> str:
    """SHA-256 of base, settings, and the token ids of all examples; and of what is watched."""
    watched = [] if recipe.stop_on == "none" else lesson.dev
    said = [
        checkpoint.digest,
        recipe.canonical(),
        [(one.prompt, one.answer, one.label, *spans_of(one)) for one in lesson.train],
        [(one.prompt, one.answer, *spans_of(one)) for one in watched],
        watched_by or "",
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def spans_of(example: Example) -> list[object]:
    """The spans, where an example has some: what has none keeps the digest that it always had."""
    return [example.spans] if example.spans else []
