"""Turn a suite file into a Suite: every name resolved, every setting checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from promptbench.error import SuiteError, choices
from promptbench.record import Choice, Labels, MetricSpec, Sampling
from promptbench.suite.chat import ChatSpec, chat_of
from promptbench.suite.data import DataSource, Fields
from promptbench.suite.document import Document, Key, read_document
from promptbench.suite.explain import explain
from promptbench.suite.location import inside, workspace_of
from promptbench.suite.schema import (
    Examples,
    GateEntry,
    ModelEntry,
    PromptFile,
    SamplingSettings,
    ServerEntry,
    SuiteFile,
)

SPLITS = ("test", "dev", "train")


@dataclass(frozen=True, slots=True)
class PromptSpec:
    """A template that the suite names; `where` (file:line) is for messages about it."""

    name: str
    path: Path
    shown: str
    where: str
    examples: Examples | None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model that the suite names; `where` (file:line) is for messages about it.

    `device` and `precision` are what the suite asks for, "" if it does not; `server` is how a
    model behind an API is to be used.
    """

    spec: str
    where: str
    name: str
    device: str = ""
    precision: str = ""
    server: ServerEntry | None = None


@dataclass(frozen=True, slots=True)
class GateSpec:
    """A gate as the suite states it; `where` (file:line) is for messages about it."""

    entry: GateEntry
    where: str


@dataclass(frozen=True, slots=True)
class Suite:
    """What a suite file says. `samplings` maps a name ("" for the only one) to its settings."""

    name: str
    description: str
    path: Path
    shown: str
    source: str
    workspace: Path
    splits: Mapping[str, DataSource]
    prompts: tuple[PromptSpec, ...]
    models: tuple[ModelSpec, ...]
    samplings: Mapping[str, Sampling]
    metrics: tuple[MetricSpec, ...]
    primary: str
    primary_where: str
    repeats: int
    labels: Labels | None = None
    gates: tuple[GateSpec, ...] = ()
    chat: ChatSpec | None = None

    def split(self, name: str) -> DataSource:
        """The data of one split. Raises SuiteError if the suite does not have it."""
        if name not in self.splits:
            has = choices(name, self.splits, "It has")
            add = f"Add `{name}:` under `data:`. " if name in SPLITS else ""
            what = f"the suite has no split '{name}'"
            raise SuiteError(what, where=self.shown, hint=f"{add}{has}")
        return self.splits[name]


def read_suite(path: Path) -> Suite:
    """Read and check a suite file. Raises SuiteError with file, line, key and what is allowed."""
    shown = str(path)
    document = read_document(path, shown)
    stated = validated(document)
    workspace = workspace_of(path)
    labels = labels_of(stated, document)
    return Suite(
        name=stated.suite,
        description=stated.description,
        path=path.resolve(),
        shown=shown,
        source=document.text,
        workspace=workspace,
        splits=data_sources(stated, document, path, workspace),
        prompts=prompt_specs(stated.prompts, document, path, workspace),
        models=model_specs(stated.models, document),
        samplings=samplings(stated.sampling, labels, document),
        metrics=metric_specs(stated.metrics, document),
        primary=stated.primary or "",
        primary_where=document.where(("primary",)),
        repeats=stated.repeats,
        labels=labels,
        gates=tuple(
            GateSpec(entry, document.where(("gates", i))) for i, entry in enumerate(stated.gates)
        ),
        chat=chat_spec(stated, document),
    )


def chat_spec(stated: SuiteFile, document: Document) -> ChatSpec | None:
    """What the suite says of its dialogues; other tasks must not say anything of them."""
    if stated.task == "chat":
        return chat_of(stated.memory, stated.tone, stated.user, document)
    for key in ("memory", "tone", "user"):
        if key in document.value:
            where = document.where((key,))
            raise SuiteError(f"`{key}:` is for `task: chat`", where=where, hint="Add the task.")
    return None


def validated(document: Document) -> SuiteFile:
    """Bring the short forms into the long one and check all; every problem is told at once."""
    value = dict(document.value)
    data = value.get("data")
    if isinstance(data, dict) and isinstance(data.get("references"), str):
        value["data"] = data | {"references": [data["references"]]}
    if isinstance(value.get("prompts"), list):
        value["prompts"] = [{"file": p} if isinstance(p, str) else p for p in value["prompts"]]
    labels = value.get("labels")
    if isinstance(labels, list) and all(isinstance(label, str) for label in labels):
        refuse_twice(labels, document)
        value["labels"] = {label: [label] for label in labels}
    if isinstance(value.get("memory"), str | dict):
        value["memory"] = [value["memory"]]
    if isinstance(value.get("memory"), list):
        value["memory"] = [{"form": m} if isinstance(m, str) else m for m in value["memory"]]
    if isinstance(value.get("models"), list):
        value["models"] = [m if isinstance(m, dict) else {"model": m} for m in value["models"]]
    if isinstance(value.get("gates"), list):
        value["gates"] = [{"rule": g} if isinstance(g, str) else g for g in value["gates"]]
    single = isinstance(value.get("sampling"), dict)
    if single:
        value["sampling"] = [value["sampling"]]
    try:
        return SuiteFile.model_validate(value)
    except ValidationError as error:
        raise first_of(error, document, single) from error


def first_of(error: ValidationError, document: Document, single_sampling: bool) -> SuiteError:
    """All problems of the file as one error, in the order of their lines."""
    problems = []
    for entry in error.errors():
        loc: Key = entry["loc"]
        if single_sampling and loc[:2] == ("sampling", 0):
            loc = ("sampling", *loc[2:])
        what, hint = explain({**entry, "loc": loc}, SuiteFile)
        problems.append(SuiteError(what, where=document.where(loc), hint=hint))
    if len(problems) == 1:
        return problems[0]
    # A misspelt key goes before the one that is missing because of it.
    problems.sort(key=lambda p: (int(p.where.rsplit(":", 1)[1]), p.what.startswith("key ")))
    return SuiteError("\n".join(str(p) for p in problems))


def data_sources(
    stated_file: SuiteFile, document: Document, suite: Path, workspace: Path
) -> dict[str, DataSource]:
    """The splits that the suite names, in the order test, dev, train."""
    data, chat = stated_file.data, stated_file.task == "chat"
    references = tuple(data.references)
    block = document.value["data"]
    stated = {data.id} if "id" in block else set()
    stated |= set(references) if "references" in block else set()
    stated |= {data.cluster} if data.cluster else set()
    stated |= {data.turns} if chat else set()
    turns = data.turns if chat else ""
    fields = Fields(data.id, references, data.cluster or "", frozenset(stated), turns)
    found = {}
    for split in SPLITS:
        if name := getattr(data, split):
            where = document.where(("data", split))
            path = inside(workspace, suite.resolve().parent, name, where)
            if not path.is_file():
                problem = f"'{name}' is a folder" if path.is_dir() else f"no such file '{name}'"
                raise SuiteError(f"data.{split}: {problem}", where=where, hint=at(path))
            found[split] = DataSource(path, beside(suite, name), fields)
    return found


def beside(suite: Path, name: str) -> str:
    """A path that a suite names, as messages show it: from where the command was given."""
    return os.path.normpath(suite.parent / name)


def at(path: Path) -> str:
    """Where we looked, and what lies there instead."""
    if path.is_dir():
        names = [p.name for p in path.iterdir() if p.name[0] != "."]
        return choices(path.name, names, f"In {path} there are") or f"{path} is empty."
    if not path.parent.is_dir():
        return f"Looked for {path}; there is no folder {path.parent}."
    names = sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))
    if not names:
        return f"Looked for {path}; that folder is empty."
    return f"Looked for {path}. {choices(path.name, names, 'There are')}"


def prompt_specs(
    prompts: list[PromptFile], document: Document, suite: Path, workspace: Path
) -> tuple[PromptSpec, ...]:
    """The templates, patterns expanded in alphabetical order, each under a name of its own."""
    specs: dict[str, PromptSpec] = {}
    for i, prompt in enumerate(prompts):
        where = document.where(("prompts", i))
        for path in template_paths(prompt.file, suite, workspace, where):
            name = prompt.name or path.stem
            if name in specs:
                raise SuiteError(
                    f"two prompts are named '{name}'",
                    where=where,
                    hint="Give one of them a `name:` of its own.",
                )
            shown = beside(suite, str(Path(prompt.file).parent / path.name))
            specs[name] = PromptSpec(name, path, shown, where, prompt.examples)
    return tuple(specs.values())


def template_paths(name: str, suite: Path, workspace: Path, where: str) -> list[Path]:
    """The files that a prompt's `file:` means: one, or all that match a pattern."""
    base = suite.resolve().parent
    pattern = inside(workspace, base, name, where)
    if pattern.is_file():
        return [pattern]
    if not any(c in name for c in "*?["):
        problem = f"'{name}' is a folder" if pattern.is_dir() else f"no such prompt '{name}'"
        raise SuiteError(problem, where=where, hint=at(pattern))
    try:
        found = sorted(path for path in pattern.parent.glob(pattern.name) if path.is_file())
    except ValueError as error:  # such as **.j2
        raise SuiteError(f"'{name}' is no usable pattern: {error}", where=where) from error
    if not found:
        raise SuiteError(f"no prompt matches '{name}'", where=where, hint=at(pattern))
    return [inside(workspace, base, str(path), where) for path in found]


def model_specs(models: list[ModelEntry], document: Document) -> tuple[ModelSpec, ...]:
    """The models, each under a name of its own: its spec, and the precision where one is given."""
    specs: dict[str, ModelSpec] = {}
    for i, model in enumerate(models):
        where = document.where(("models", i))
        name = model.name or " ".join(filter(None, (model.model, model.precision)))
        if name in specs:
            hint = "Keep one of them, or give one a `name:` of its own."
            raise SuiteError(f"model '{name}' is there twice", where=where, hint=hint)
        device, precision = model.device or "", model.precision or ""
        specs[name] = ModelSpec(model.model, where, name, device, precision, model.server)
    return tuple(specs.values())


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


def metric_specs(metrics: list[Any], document: Document) -> tuple[MetricSpec, ...]:
    """The metrics: a name, or a name with its settings."""
    specs = []
    for i, metric in enumerate(metrics):
        where = document.where(("metrics", i))
        if isinstance(metric, str):
            specs.append(MetricSpec(metric, {}, where))
            continue
        settings = next(iter(metric.values()), None) if isinstance(metric, dict) else None
        if not isinstance(metric, dict) or len(metric) != 1 or not is_settings(settings):
            raise SuiteError(
                "a metric is a name, or one name with its settings",
                where=where,
                hint="For example `- rougeL` or `- sentences: {max: 2}`.",
            )
        specs.append(MetricSpec(next(iter(metric)), settings or {}, where))
    return tuple(specs)


def is_settings(value: object) -> bool:
    """Settings are a mapping, or nothing."""
    return value is None or isinstance(value, dict)
