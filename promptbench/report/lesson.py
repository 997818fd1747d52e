"""What the trainings of a run teach: courses, leaks and copies in, plain sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptbench.record import Run
from promptbench.report.copying import Copying
from promptbench.report.number import count, fixed, listing
from promptbench.report.training import Course

# Changes of a loss, in nats a token, below which nothing is made of them.
HARDLY = 0.05


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the losses did, what was forgotten, and whether an answer could have been seen."""

    loss: tuple[str, ...]
    forgetting: tuple[str, ...]
    leaks: tuple[str, ...]


def lessons(run: Run, courses: Sequence[Course], copied: Sequence[Copying]) -> Lessons:
    """Say what a reader should take from the trainings."""
    trained = {each.name for each in courses}
    return Lessons(
        (*_train(courses), *_dev(courses)),
        tuple(_forgetting(courses)),
        (*_leaks(run), *_copies([each for each in copied if each.candidate in trained])),
    )


def _train(courses: Sequence[Course]) -> Iterator[str]:
    fell = [each for each in courses if each.fell[1] < each.fell[0]]
    rest = [each.name for each in courses if each not in fell]
    if not rest:
        whose = "The" if len(courses) == 1 else "In every training the"
        yield f"{whose} training loss fell from the first tenth of the steps to the last."
    else:
        yield (
            f"The training loss did not fall in {listing(rest)}: too few steps, or too low a"
            " learning rate, to learn from."
        )


def _dev(courses: Sequence[Course]) -> Iterator[str]:
    known = [each for each in courses if each.dev is not None]
    worse = [each.name for each in known if each.dev and each.dev[1] > each.dev[0] + HARDLY]
    if not known:
        yield "The loss on dev was not taken, so nothing here shows learning by heart."
    elif worse:
        yield (
            f"On dev the loss rose in {listing(worse)}: the training cases were learned by heart"
            " rather than the task."
        )
    else:
        yield "On dev, which is not trained on, the loss did not rise: the learning carries over."


def _forgetting(courses: Sequence[Course]) -> Iterator[str]:
    rises = {each.name: each.probe[1] - each.probe[0] for each in courses if each.probe}
    if not rises:
        yield "Not measured: a classifier writes nothing, so it has no loss on other questions."
        return
    probes = max(each.probes for each in courses)
    on = f"On {count(probes, 'question')} beside the suite" if probes else "Beside the suite"
    forgot = {name: rise for name, rise in rises.items() if rise > HARDLY}
    if not forgot:
        most = round(max(rises.values()), 2)
        amount = f"rose by at most {fixed(most, 2)} nats a token" if most > 0 else "did not rise"
        yield f"{on} the loss {amount}: no sign of forgetting."
        return
    told = listing(f"{name} (by {fixed(rise, 2)})" for name, rise in forgot.items())
    yield (
        f"{on} the loss rose, in nats a token, in {told}: the model has become worse at what it"
        " was not trained on."
    )


def _leaks(run: Run) -> Iterator[str]:
    facts = run.manifest.get("leaks") or {}
    if "compared with" not in facts:
        yield "No leak check is recorded for this run."
        return
    others = facts["compared with"]
    cases = count(facts["cases"], "case")
    near = facts.get("nearly equal from")
    if not others:
        yield f"There was no other split to compare the {cases} with: leaks were not looked for."
    elif left_out := facts.get("left out"):
        yield (
            f"{left_out:,} of {cases} equal or nearly equal one of {listing(others)} and were left"
            " out, so no figure here rests on them."
        )
    else:
        yield (
            f"None of the {cases} equals or nearly equals (similarity from {near}) one of"
            f" {listing(others)}: no answer could be had by remembering."
        )


def _copies(copied: Sequence[Copying]) -> Iterator[str]:
    if not copied:
        return
    outputs, copies = sum(each.outputs for each in copied), sum(each.copied for each in copied)
    if copies:
        who = listing(each.candidate for each in copied if each.copied)
        verb = "repeats" if copies == 1 else "repeat"
        yield f"{copies:,} of {count(outputs, 'output')} {verb} a training answer ({who})."
    else:
        yield f"None of the fine-tunes' {count(outputs, 'output')} repeats a training answer."
