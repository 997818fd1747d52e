"""Turn a suite file into a Suite: every name resolved, every setting checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from promptbench.error import SuiteError
from promptbench.record import MetricSpec
from promptbench.suite.chat import ChatSpec, chat_of
from promptbench.suite.document import Document, Key, read_document
from promptbench.suite.explain import explain
from promptbench.suite.location import workspace_of
from promptbench.suite.named import data_sources, model_specs, prompt_specs
from promptbench.suite.sampling import labels_of, refuse_twice, samplings
from promptbench.suite.schema import (
    SuiteFile,
)
from promptbench.suite.stated import GateSpec, Suite


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
