"""The files and models that a suite names: each there, inside the workspace, under one name."""

from __future__ import annotations

import os
from pathlib import Path

from promptbench.error import SuiteError, choices
from promptbench.suite.data import DataSource, Fields
from promptbench.suite.document import Document
from promptbench.suite.location import inside
from promptbench.suite.schema import ModelEntry, PromptFile, SuiteFile
from promptbench.suite.stated import SPLITS, ModelSpec, PromptSpec


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
