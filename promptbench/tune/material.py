"""What a training needs, gathered and checked before it begins: model, prompt, examples, recipe."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import ModelError, SuiteError, choices
from promptbench.model.local.checkpoint import Checkpoint, read_checkpoint
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.model.protocol import Notify, Setup
from promptbench.model.spec import open_model, weights_folder
from promptbench.prompt.template import Template
from promptbench.record import Case, Labels
from promptbench.run.examples import examples_for, pool
from promptbench.run.hygiene import judged_cases
from promptbench.run.option import Options
from promptbench.suite.read import PromptSpec, Suite
from promptbench.tune.example import (
    Example,
    Rendering,
    decoder_examples,
    head_examples,
    seq2seq_examples,
)
from promptbench.tune.option import TuneOptions
from promptbench.tune.recipe import Recipe, recipe_for

BUILDERS: dict[str, Callable[[Sequence[Case], Rendering, Tokenizer, int], list[Example]]] = {
    "decoder-only": decoder_examples,
    "encoder-decoder": seq2seq_examples,
    "encoder-only": head_examples,
}


@dataclass(frozen=True, slots=True)
class Material:
    """All that a training starts from. `digest` covers everything that can change its result."""

    suite: Suite
    spec: str
    checkpoint: Checkpoint
    tokenizer: Tokenizer
    prompt: PromptSpec
    rendering: Rendering
    recipe: Recipe
    cases: tuple[Case, ...]
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    digest: str

    @property
    def labels(self) -> Labels | None:
        """The labels, where the model is trained to choose one of them."""
        return self.suite.labels


def gather(suite: Suite, options: TuneOptions, notify: Notify) -> Material:
    """Read, render and check all. Raises InputError; nothing has been trained then."""
    setup = Setup(suite.workspace, notify)
    spec = options.model or (suite.models[0].spec if suite.models else "")
    folder = trainable_folder(spec, setup)
    checkpoint = read_checkpoint(folder)
    tokenizer = Tokenizer(folder)
    recipe = recipe_for(options.wish, checkpoint.family, checkpoint.parameters)
    prompt = chosen_prompt(suite, options.prompt)
    template = Template(prompt.name, prompt.path, prompt.shown, suite.workspace)
    rendering = Rendering(template, examples_for(suite, prompt, template.names), suite.labels)
    if "train" not in suite.splits:
        raise SuiteError(
            "the suite has no train split, so there is nothing to train on",
            where=suite.shown,
            hint="Add `train:` under `data:`; `promptbench split` makes one.",
        )
    held = judged_by(suite, options, template.names, notify)
    labelled = labelled_cases(suite, template.names)
    cases = drawn(
        [case for case in labelled if not rendering.is_shot(case)], options.limit, recipe.seed
    )
    dev = tuple(case for case in held.get("dev", ()) if case.references)
    build = BUILDERS[checkpoint.family]
    train_examples = tuple(build(cases, rendering, tokenizer, checkpoint.context))
    dev_examples = tuple(build(dev, rendering, tokenizer, checkpoint.context))
    if not train_examples:
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
        rendering=rendering,
        recipe=recipe,
        cases=tuple(cases),
        train=train_examples,
        dev=dev_examples,
        digest=digest_of(checkpoint, recipe, train_examples, dev_examples, suite.primary),
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


def labelled_cases(suite: Suite, names: Collection[str]) -> list[Case]:
    """The train cases that have an answer, and that no other split holds too."""
    return [case for case in pool(suite, names) if case.references]


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


def drawn(cases: Sequence[Case], limit: int | None, seed: int) -> list[Case]:
    """So many cases, drawn by the seed: a larger draw of a seed begins with the smaller one."""
    if limit is None or limit >= len(cases):
        return list(cases)
    return shuffled(cases, seed)[:limit]


def shuffled(cases: Sequence[Case], seed: int) -> list[Case]:
    """The cases in the order in which a seed draws them."""
    order = list(cases)
    random.Random(f"draw {seed}").shuffle(order)
    return order


def digest_of(
    checkpoint: Checkpoint,
    recipe: Recipe,
    train: Sequence[Example],
    dev: Sequence[Example],
    primary: str,
) -> str:
    """SHA-256 of base, settings, and the token ids of all examples."""
    watched = [] if recipe.stop_on == "none" else [(one.prompt, one.answer) for one in dev]
    said = [
        checkpoint.digest,
        recipe.canonical(),
        [(one.prompt, one.answer, one.label) for one in train],
        watched,
        primary if recipe.stop_on == "metric" else "",
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
