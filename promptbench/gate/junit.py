"""Write judged gates as JUnit XML, one test case a gate, for continuous integration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from promptbench.disk import write_whole
from promptbench.error import InputError, StoreError
from promptbench.record import Judgement

# What XML 1.0 does not allow, control characters, and what turns the direction of text around.
UNSAFE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)


def junit(suite: str, run_id: str, judgements: Sequence[Judgement]) -> str:
    """The document: a failed gate is a failure, an undecided one is skipped, each with why."""
    verdicts = [each.verdict for each in judgements]
    counts = {
        "tests": str(len(verdicts)),
        "failures": str(verdicts.count("failed")),
        "errors": "0",
        "skipped": str(verdicts.count("undecided")),
    }
    root = Xml.Element("testsuites", {"name": "promptbench", **counts})
    made = Xml.SubElement(root, "testsuite", {"name": _safe(suite), **counts})
    properties = Xml.SubElement(made, "properties")
    Xml.SubElement(properties, "property", {"name": "run", "value": _safe(run_id)})
    for each in judgements:
        _add(made, suite, each)
    Xml.indent(root)
    text = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def check_place(path: Path) -> None:
    """Raise InputError now, and not after the run, if the file can have no place there."""
    if path.is_dir():
        hint = f"Name a file in it, such as {path / 'junit.xml'}."
        raise InputError("a folder, not a file to write", where=str(path), hint=hint)
    if not path.parent.is_dir():
        hint = f"Make {path.parent}, or choose another place."
        raise InputError(f"there is no folder {path.parent}", where=str(path), hint=hint)


def write_junit(path: Path, text: str) -> None:
    """Write the document. Raises StoreError where that is impossible."""
    try:
        write_whole(path, text)
    except OSError as error:
        what = f"the JUnit file cannot be written: {error.strerror or error}"
        hint = "The run is in the store; the same command writes the file again."
        raise StoreError(what, where=str(path), hint=hint) from error


def _add(parent: Xml.Element, suite: str, judgement: Judgement) -> None:
    names = {"classname": f"promptbench.{_safe(suite)}", "name": _safe(judgement.gate)}
    case = Xml.SubElement(parent, "testcase", names)
    reason, figure = _safe(judgement.reason), _safe(judgement.figure)
    if judgement.verdict == "failed":
        failure = Xml.SubElement(case, "failure", {"message": reason, "type": "gate"})
        failure.text = f"{_safe(judgement.gate)}\n{figure}: {reason}"
    elif judgement.verdict == "undecided":
        Xml.SubElement(case, "skipped", {"message": reason})
    if judgement.verdict != "failed" and figure:
        Xml.SubElement(case, "system-out").text = figure


def _safe(text: str) -> str:
    """Text that any XML reader takes: what is not allowed there is shown by its number."""
    return UNSAFE.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
