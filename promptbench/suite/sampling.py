"""How a suite's models are to answer: in words of their own, or with one of its labels."""

from __future__ import annotations

from promptbench.error import SuiteError
from promptbench.record import Choice, Labels, Sampling
from promptbench.suite.document import Document
from promptbench.suite.schema import SamplingSettings, SuiteFile


def labels_of(stated: SuiteFile, document: Document) -> Labels | None:
    """The labels of a classification; none for other tasks, which must not have any."""
    if stated.task != "classify":
        if stated.labels is not None:
            hint = "Add `task: classify`, or take the labels away."
            where = document.where(("labels",))
            raise SuiteError("labels are for `task: classify`", where=where, hint=hint)
        return None
    if stated.labels is None or len(stated.labels) < 2:
        raise SuiteError(
            "`task: classify` needs two labels or more",
            where=document.where(("labels",) if stated.labels else ("task",)),
            hint="For example `labels: [positive, negative]`.",
        )
    for label, words in stated.labels.items():
        if not words:
            hint = f"For example `{label}: [{label}]`."
            where = document.where(("labels", label))
            raise SuiteError(f"label '{label}' has no words", where=where, hint=hint)
    every = [word for words in stated.labels.values() for word in words]
    refuse_twice(every, document)
    kept = tuple(tuple(words) for words in stated.labels.values())
    return Labels(tuple(stated.labels), kept, stated.parser)


def refuse_twice(words: list[str], document: Document) -> None:
    """A word means one label."""
    seen: set[str] = set()
    for word in words:
        if word in seen:
            where = document.where(("labels",))
            raise SuiteError(f"labels: '{word}' is there twice", where=where, hint="Keep one.")
        seen.add(word)


def samplings(
    settings: list[SamplingSettings], labels: Labels | None, document: Document
) -> dict[str, Sampling]:
    """The sampling settings by name; where there are several, each must have one."""
    found: dict[str, Sampling] = {}
    for i, one in enumerate(settings):
        name = one.name or ""
        if len(settings) > 1 and (not name or name in found):
            raise SuiteError(
                "several sampling settings each need a `name:` of their own",
                where=document.where(("sampling", i)),
                hint="For example `- {name: greedy, temperature: 0}`.",
            )
        choice = choice_of(one, labels, document.where(("sampling", i, "answer")))
        if choice is not None:
            found[name] = Sampling(choice=choice)
            continue
        values = one.model_dump(exclude={"name", "answer", "normalise"})
        found[name] = Sampling(**values | {"stop": tuple(one.stop)})
    return found


def choice_of(one: SamplingSettings, labels: Labels | None, where: str) -> Choice | None:
    """What there is to choose from; None where the answer is written."""
    if labels is None:
        if one.answer == "likelihood":
            raise SuiteError(
                "`answer: likelihood` needs labels to choose from",
                where=where,
                hint="Add `task: classify` and `labels:`.",
            )
        return None
    if one.answer == "written":
        return None
    return Choice(labels.names, labels.words, one.normalise)
