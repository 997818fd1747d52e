"""Read YAML 1.2 strictly: plain values come out, and the line each of them stood on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from promptbench.error import SuiteError, choices, not_utf8

Key = tuple[str | int, ...]

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 20_000  # keys, values and entries: a megabyte of `- a` would take ten seconds

# A number that YAML 1.1 and 1.2 readers understand differently (012, 1_000, 3:25), or that does
# not fit, stays the text that its author typed; so do yes, no, on and off.
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
FRACTION = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]{1,3})?|[eE][-+]?[0-9]{1,3})")
CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
PAST_UNICODE = re.compile(r"\\U(?!000|0010)[0-9A-Fa-f]{8}")
SURROGATE = re.compile("[\ud800-\udfff]")

# What the YAML reader says, and what its author most likely has to do.
WAYS_OUT = {
    r"'\t'": "Indent with spaces: YAML knows no tabs.",
    "mapping values are not allowed": "Put a text that holds a colon and a space in quotes.",
    "cannot start any token": "Put a text that begins with a sign in quotes.",
    "expected ',' or": "Close what [ or { opened here or on a line above.",
    "expected <block end>": "Keys of one block begin in the same column.",
    "could not find expected ':'": "A key is followed by a colon and a space.",
    "unexpected end of stream": "Close the quotes that were opened on a line above.",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as plain dicts, lists and scalars, with the line (from 1) of every key path."""

    path: str
    text: str
    value: dict[str, Any]
    lines: Mapping[Key, int]

    def where(self, key: Key) -> str:
        """`file:line` of a key path, or of its nearest ancestor that the file holds."""
        while key and key not in self.lines:
            key = key[:-1]
        return f"{self.path}:{self.lines.get(key, 1)}"


def read_document(path: Path, shown: str) -> Document:
    """Read one YAML mapping. `shown` is the file's name in messages.

    Raises SuiteError with file and line for what is not strict YAML 1.2, for aliases, for more
    than 1 MB, 20 levels or 20,000 values, and for a key given twice.
    """
    text = read_text(path, shown)
    lines: dict[Key, int] = {}
    try:
        check_events(text, shown)
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError, OverflowError) as error:
        raise broken(error, text, shown) from error
    if not isinstance(root, MappingNode):
        found = "something else" if text.strip() else "nothing"
        raise SuiteError(
            f"a suite is a YAML mapping (key: value lines); this file holds {found}",
            where=f"{shown}:1",
            hint="A suite of ten lines stands in the README.",
        )
    value = plain(root, (), lines, shown)
    return Document(shown, text, value, lines)


def broken(error: Exception, text: str, shown: str) -> SuiteError:
    """The YAML reader's error as ours, at the line where it stumbled."""
    line, problem, hint = 1, str(error), ""
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = str(error.problem or error.context)
        hint = next((way for words, way in WAYS_OUT.items() if words in problem), "")
    elif isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        problem = f"the character {text[error.position]!r} is not allowed"
    elif found := PAST_UNICODE.search(text):  # the reader gives an escape to chr() as it is
        line = text.count("\n", 0, found.start()) + 1
        problem = f"{found[0]} is not a character"
    return SuiteError(f"broken YAML: {problem}", where=f"{shown}:{line}", hint=hint)


def read_text(path: Path, shown: str) -> str:
    """The file as UTF-8 text, within the size limit."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise SuiteError("no such file", where=shown, hint=nearby(path)) from error
    except IsADirectoryError as error:
        hint = nearby(path / "x") or nearby(path)
        raise SuiteError("a folder, not a suite", where=shown, hint=hint) from error
    except OSError as error:
        raise SuiteError(f"cannot be read: {error.strerror}", where=shown) from error
    if len(raw) > MAX_BYTES:
        raise SuiteError(
            f"the file is larger than the {MAX_BYTES:,} bytes that a suite may have",
            where=shown,
            hint="Cases belong in a data file that the suite names.",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        where = f"{shown}:{line}"
        raise SuiteError(not_utf8(error), where=where, hint="Save it as UTF-8.") from error


def nearby(path: Path) -> str:
    """Name the suites that do lie in that folder, or the folders beside it."""
    named = [path.with_name(f"{path.name}.yaml"), path.parent / "suites" / f"{path.name}.yaml"]
    if there := next((one for one in named if one.is_file()), None):
        return f"Did you mean '{there}'?"
    if path.parent.is_dir():
        found = [found.name for found in path.parent.glob("*.y*ml")]
        return choices(path.name, found, f"In {path.parent} there are")
    missing = f"There is no folder {path.parent}."
    if not path.parent.parent.is_dir():
        return missing
    folders = [p.name for p in path.parent.parent.iterdir() if p.is_dir() and p.name[0] != "."]
    return f"{missing} {choices(path.parent.name, folders, 'Folders')}"


def check_events(text: str, shown: str) -> None:
    """Refuse anchors, aliases, tags and too many levels or values before anything is built."""
    depth = nodes = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        where = f"{shown}:{event.start_mark.line + 1}"
        refuse_cleverness(event, where)
        nodes += isinstance(event, NodeEvent)
        if nodes > MAX_NODES:
            what, hint = f"more than {MAX_NODES:,} keys and values", "Cases belong in a data file."
            raise SuiteError(what, where=where, hint=hint)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            depth += 1
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise SuiteError(f"nested deeper than {MAX_DEPTH} levels", where=where)


def refuse_cleverness(event: Event, where: str) -> None:
    """A suite says what it means: no anchors, aliases or tags."""
    if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
        raise SuiteError(
            "anchors (&) and aliases (*) are not allowed",
            where=where,
            hint="Write the value out, or put text that begins with & or * in quotes.",
        )
    if tag := getattr(event, "tag", None):
        raise SuiteError(
            f"the tag {str(tag).replace('tag:yaml.org,2002:', '!!')} is not allowed",
            where=where,
            hint="Put text that begins with ! in quotes.",
        )


def plain(node: Node, key: Key, lines: dict[Key, int], shown: str) -> Any:
    """Turn a node into plain values and note the line of each."""
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, SequenceNode):
        return [plain(item, (*key, i), lines, shown) for i, item in enumerate(node.value)]
    if isinstance(node, MappingNode):
        return {
            name: plain(item, (*key, name), lines, shown)
            for name, item in pairs(node, key, lines, shown)
        }
    return scalar(node, f"{shown}:{node.start_mark.line + 1}")


def pairs(
    node: MappingNode, key: Key, lines: dict[Key, int], shown: str
) -> Iterator[tuple[str, Node]]:
    """A mapping's keys as text, each once, noted at the line where the key stands."""
    seen: dict[str, int] = {}
    for name_node, item in node.value:
        line = name_node.start_mark.line + 1
        if not isinstance(name_node, ScalarNode):
            raise SuiteError("a key must be plain text", where=f"{shown}:{line}")
        name = text_of(name_node, f"{shown}:{line}")
        if name in seen:
            raise SuiteError(
                f"key '{name}' is given twice (first on line {seen[name]})",
                where=f"{shown}:{line}",
                hint="Keep one of them.",
            )
        seen[name] = line
        lines[(*key, name)] = line
        yield name, item


def text_of(node: Node, where: str) -> str:
    """A scalar's text. Half of a surrogate pair is not a character, and could not be stored."""
    text = str(node.value)
    if SURROGATE.search(text):
        raise SuiteError(
            f"{text!r} holds half of a character",
            where=where,
            hint="Type the character itself in place of its \\u escapes.",
        )
    return text


def scalar(node: Any, where: str) -> Any:
    """A scalar's value: 12 and 1.5 are numbers; quoted text, `no` and `012` stay text."""
    text = text_of(node, where)
    if node.style is not None:
        return text
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    if FRACTION.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
