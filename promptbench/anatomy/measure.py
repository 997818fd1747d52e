"""What a loss is measured on: a suite's references behind its prompts, or plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from promptbench.error import InputError, ModelError
from promptbench.model.local.local import LocalModel
from promptbench.pretrain.corpus import Corpus
from promptbench.pretrain.corrupt import IGNORED, Example
from promptbench.pretrain.task import Task
from promptbench.record import Encoded
from promptbench.report.number import count
from promptbench.run.plan import Plan
from promptbench.tune.manifest import read_manifest

# Tokens of plain text in an example: longer ones say little more, and take long.
WINDOW = 256


@dataclass(frozen=True, slots=True)
class Measured:
    """Examples, what they are in words, and what a reader should know about them."""

    examples: tuple[Example, ...]
    text: str
    notes: tuple[str, ...] = ()


def references(plan: Plan, model: LocalModel, limit: int) -> Measured:
    """The first reference of each case, to be written behind its prompt; the prompt is not asked.

    Cases whose reference does not fit are left out and counted. Raises ModelError for an encoder,
    which writes nothing, and InputError if no case is left.
    """
    if model.info.family == "encoder-only":
        raise ModelError(
            f"'{model.info.spec}' fills in masks: it writes no reference that a loss could be of",
            hint="Measure it on a text of your own with --text.",
        )
    found: list[Example] = []
    long = bare = 0
    for slot in plan.slots:
        if len(found) == limit:
            break
        case = plan.cases[slot.case]
        if slot.candidate or slot.repeat or not case.references:
            bare += not slot.candidate and not slot.repeat
            continue
        example = behind(plan.request(slot).encoded, case.references[0], model)
        if example is None:
            long += 1
        else:
            found.append(example)
    notes = []
    if long:
        notes.append(f"{count(long, 'case')} left out: prompt and reference do not fit the context")
    if bare:
        notes.append(f"{count(bare, 'case')} left out: without a reference")
    if not found:
        raise InputError(
            "no case to measure a loss on", where=plan.suite.shown, hint=". ".join(notes)
        )
    prompt = plan.ready[0].candidate.prompt.name
    return Measured(tuple(found), f"references behind the prompt {prompt}", tuple(notes))


def behind(encoded: Encoded, reference: str, model: LocalModel) -> Example | None:
    """A reference with its end behind a prompt; None if it does not fit."""
    end = [int(i) for i in [model.tokenizer.inner.eos_token_id] if i is not None]
    if model.info.family == "encoder-decoder":
        wanted = model.tokenizer.bare(reference) + end
        return Example(np.asarray(encoded.ids), np.asarray(wanted))
    wanted = [*model.tokenizer.continue_with(encoded, [reference])[0], *end]
    whole = [*encoded.ids, *wanted]
    if model.info.context and len(whole) > model.info.context:
        return None
    labels = [IGNORED] * len(encoded.ids) + wanted
    return Example(np.asarray(whole), np.asarray(labels))


def plain_text(corpus: Corpus, name: str, model: LocalModel, limit: int) -> Measured:
    """A text in pieces; of the text that the model was trained on only the part held out."""
    said = read_manifest(model.checkpoint.folder).get("settings", {})
    seen = isinstance(said, dict) and said.get("data") == corpus.digest
    texts = corpus.held if seen else (*corpus.train, *corpus.held)
    context = min(WINDOW, model.info.context or WINDOW)
    task = Task(model.info.family, model.tokenizer.inner, context)
    examples = tuple(first(task, texts, limit))
    part = f"{name}, the part held out of the training" if seen else name
    return Measured(examples, part, corpus.notes)


def first(task: Task, texts: Sequence[str], limit: int) -> Iterator[Example]:
    """The first examples of a text."""
    yield from task.measured(texts)[:limit]
