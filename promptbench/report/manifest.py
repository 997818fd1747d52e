"""Turn a run's manifest, a nested mapping, into groups of rows that can be read as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A setting: its name, the path to it written with dots, and its value as text."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one top-level entry; `title` is empty for entries that hold no others."""

    title: str
    rows: tuple[Row, ...]


def tabulate(manifest: Mapping[str, Any]) -> tuple[Group, ...]:
    """Give the plain entries first, together, then a group a nested entry, in their order."""
    plain = {key: value for key, value in manifest.items() if not _nested(value)}
    groups = [Group("", tuple(_rows("", plain)))] if plain else []
    for key, value in manifest.items():
        if _nested(value):
            groups.append(Group(str(key), tuple(_rows("", value))))
    return tuple(groups)


def _rows(path: str, value: Any) -> Iterator[Row]:
    if not _nested(value):
        yield Row(path, as_text(value))
        return
    items = value.items() if isinstance(value, Mapping) else enumerate(value, start=1)
    for key, inner in items:
        yield from _rows(f"{path}.{key}" if path else str(key), inner)


def _nested(value: Any) -> bool:
    """Say whether a value has rows of its own; a list of plain values is written on one line."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list | tuple) and any(_compound(each) for each in value)


def _compound(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def as_text(value: Any) -> str:
    """Write a plain value, or a list of them, for a person."""
    if value is None or value == "" or (_compound(value) and not value):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(as_text(each) for each in value)
    return str(value)


def brief(value: Any, longest: int = 8) -> str:
    """Write a value as `as_text` does, but only count a list that is long."""
    if isinstance(value, list | tuple) and len(value) > longest:
        return f"{len(value):,} of them"
    return as_text(value)
