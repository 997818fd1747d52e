"""Open a model and look inside it on a suite or on a text: names in, a study out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from promptbench.anatomy.measure import Measured, plain_text, references
from promptbench.anatomy.study import Subject, study
from promptbench.error import InputError, ModelError, choices
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Model, Setup
from promptbench.model.spec import open_model
from promptbench.pretrain.corpus import read_corpus
from promptbench.record import Encoded
from promptbench.report.anatomy import Study
from promptbench.run.look import places
from promptbench.run.option import Options
from promptbench.run.plan import Plan, make_plan
from promptbench.run.slot import Slot
from promptbench.suite.read import read_suite
from promptbench.tune.watch import Watcher

# Tokens of a text whose attention is shown, unless a line of one's own is given.
SHOWN = 32


@dataclass(frozen=True, slots=True)
class Wish:
    """Which heads to show, and how many examples to measure the loss on at most."""

    heads: tuple[str, ...] = ()
    limit: int = 40


@dataclass(frozen=True, slots=True)
class Which:
    """A prompt of a suite and a case of its split; "" for the first."""

    split: str = "test"
    prompt: str = ""
    case: str = ""


def look_at_suite(spec: str, suite: Path, which: Which, wish: Wish, watcher: Watcher) -> Study:
    """Look at a suite's prompt for a case, and at the loss of its references.

    Raises InputError for what the suite does not have, and for a model that runs elsewhere.
    """
    read = read_suite(suite)
    # One prompt alone: a small model may have no room for the others.
    prompts = (which.prompt or read.prompts[0].name,)
    options = Options(
        split=which.split,
        prompts=prompts,
        models=(spec,),
        device="cpu",
        precision="float32",
        looking=True,
    )
    plan = make_plan(read, options, watcher.note)
    model = in_process(plan.ready[0].model)
    slot = slot_of(plan, which)
    request = plan.request(slot)
    name = plan.ready[0].candidate.prompt.name
    subject = Subject(
        f"Case {plan.cases[slot.case].id}, prompt {name}",
        request.encoded,
        tuple(places(request.messages, request.encoded)),
    )
    return study(model, subject, references(plan, model, wish.limit), wish.heads, watcher)


def slot_of(plan: Plan, which: Which) -> Slot:
    """The first candidate's slot of a case. Raises InputError for an unknown id."""
    ids = [case.id for case in plan.cases]
    if which.case and which.case not in ids:
        raise InputError(
            f"the {which.split} split has no case '{which.case}'",
            where=plan.suite.shown,
            hint=choices(which.case, ids, "It has"),
        )
    number = ids.index(which.case) if which.case else 0
    return next(s for s in plan.slots if s.case == number and s.candidate == 0)


def look_at_text(
    spec: str, text: Path, fields: Sequence[str], line: str, wish: Wish, watcher: Watcher
) -> Study:
    """Look at a line, or at the beginning of a text, and at the loss of the text.

    Raises DataError for a text that cannot be read, ModelError for a model that runs elsewhere.
    """
    setup = Setup(Path.cwd(), watcher.note, device="cpu", precision="float32")
    model = in_process(open_model(spec, setup))
    measured = plain_text(read_corpus(text, fields), text.name, model, wish.limit)
    return study(model, subject_of(line, measured, model), measured, wish.heads, watcher)


def subject_of(line: str, measured: Measured, model: LocalModel) -> Subject:
    """The line that is shown, as the model sees it."""
    if not line:
        ids = [int(i) for i in measured.examples[0].inputs[:SHOWN]]
        special = set(model.tokenizer.inner.all_special_ids)
        line = model.tokenizer.inner.decode([i for i in ids if i not in special])
    found = tuple(model.tokenizer.ids(line))
    return Subject(f"The line '{line}'", Encoded(line, found, len(found)))


def in_process(model: Model) -> LocalModel:
    """The model, if its parts are within reach."""
    if not isinstance(model, LocalModel):
        what = f"'{model.info.spec}' does not run in this process: there is nothing to look into"
        raise ModelError(what, hint="Name a checkpoint's folder, or an embedded model.")
    return model
