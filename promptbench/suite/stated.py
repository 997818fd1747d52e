"""What a suite says, once it is read: its data, prompts, models, sampling, metrics and gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import SuiteError, choices
from promptbench.record import Labels, MetricSpec, Sampling
from promptbench.suite.chat import ChatSpec
from promptbench.suite.data import DataSource
from promptbench.suite.schema import Examples, GateEntry, ServerEntry

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
