"""Find the persona that a name means: a prompt of the suite, a file, or one of the built-in two."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import PromptError, choices
from promptbench.model.protocol import Model
from promptbench.prompt.template import Template
from promptbench.run.examples import Examples, examples_for
from promptbench.suite.location import workspace_of
from promptbench.suite.stated import Suite

# The word for no persona at all.
NONE = "none"
BUILT_IN = Path(__file__).parent / "persona"
# Where a script's answer ends: the model would go on with what the user says next.
STOP = ("\nUser:",)


@dataclass(frozen=True, slots=True)
class Persona:
    """A template to talk with, and the examples that it shows; NONE is the name of a built-in."""

    name: str
    template: Template
    examples: Examples | None = None


def is_plain(model: Model) -> bool:
    """Whether a model has no chat template: roles mean nothing to it."""
    return ("prompts", "plain text") in model.info.details


def built_in(model: Model) -> Persona:
    """The persona that is nobody: messages, or a script for a model without a chat template."""
    path = BUILT_IN / ("script.j2" if is_plain(model) else "plain.j2")
    return Persona(NONE, Template(NONE, path, path.name, BUILT_IN))


def find_persona(name: str, model: Model, workspace: Path, suite: Suite | None) -> Persona:
    """The persona of a name or path; "" is the suite's first prompt, or nobody.

    Raises PromptError for one that is not there or cannot be compiled.
    """
    if name == NONE or (not name and suite is None):
        return built_in(model)
    if suite is not None:
        for spec in suite.prompts:
            if name in ("", spec.name):
                template = Template(spec.name, spec.path, spec.shown, suite.workspace)
                return Persona(spec.name, template, examples_for(suite, spec, template.names))
    return from_file(file_of(name, workspace), workspace)


def file_of(name: str, workspace: Path) -> Path:
    """The template's file. Raises PromptError if there is none."""
    folder = workspace / "prompts" / "chat"
    path = Path(name).expanduser() if is_path(name) else folder / f"{name}.j2"
    try:
        if path.is_file():
            return path
    except (OSError, ValueError) as error:  # too long, or a NUL character
        raise PromptError(f"{name!r} cannot be a file: {error}") from error
    if is_path(name):
        raise PromptError(f"there is no persona file '{name}'", hint="A persona is a template.")
    hint = choices(name, [*personas(workspace), NONE]) + " Or the path of a template."
    raise PromptError(f"there is no persona '{name}' in prompts/chat", hint=hint)


def from_file(path: Path, workspace: Path) -> Persona:
    """The persona in a file; its parents may lie anywhere in the workspace that it belongs to."""
    home = workspace if path.resolve().is_relative_to(workspace.resolve()) else workspace_of(path)
    return Persona(path.stem, Template(path.stem, path, os.path.relpath(path), home))


def personas(workspace: Path) -> list[str]:
    """The names in the workspace's prompts/chat."""
    folder = workspace / "prompts" / "chat"
    return sorted(path.stem for path in folder.glob("*.j2"))


def is_path(name: str) -> bool:
    """Whether a persona is written like a path, not like a name."""
    return "/" in name or name.endswith(".j2")
