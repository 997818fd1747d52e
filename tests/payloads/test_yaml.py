"""Hostile YAML: each file ends in one clear error, or in the values that its author typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from promptbench.error import SuiteError
from promptbench.suite.document import read_document
from tests.cost import at_most
from tests.errors.workspace import SUITE, Entry, file, happen, suite

MEGABYTE = 999_000


class Bad(NamedTuple):
    """A file that must be refused at a line (0: as a whole), with these words."""

    name: str
    content: str | bytes
    line: int
    what: str


class Good(NamedTuple):
    """A file that only looks dangerous, and the value of its key `a`."""

    name: str
    content: str | bytes
    value: Any
    seconds: float = 2


def laughing(levels: int) -> str:
    """Every level holds the one before twice."""
    first = ["a0: &a0 [x, x]"]
    return "\n".join(first + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, levels)])


BAD = [
    # what another reader would build or run
    Bad("aliases that double", laughing(40), 1, "anchors"),
    Bad("an anchor that holds itself", "a: &a [*a]", 1, "anchors"),
    Bad("a mapping that holds itself", "a: &a\n  b: *a", 1, "anchors"),
    Bad("an alias of nothing", "a: 1\nb: *x", 2, "aliases"),
    Bad("a merged bomb", "a: &x {b: 1}\nc: {<<: [*x, *x]}", 1, "anchors"),
    Bad("os.system", "a:\n  - !!python/object/apply:os.system [id]", 2, "the tag !!python"),
    Bad("subprocess", "a: !!python/object/new:subprocess.Popen [[id]]", 1, "the tag !!python"),
    Bad("a Python name", "a: !!python/name:os.system", 1, "the tag !!python"),
    Bad("a Python module", "a: !!python/module:os", 1, "the tag !!python"),
    Bad("a Java class", "a: !!javax.script.ScriptEngineManager [x]", 1, "the tag !!javax"),
    Bad("an include", "a: 1\nb: !include /etc/passwd", 2, "the tag !include"),
    Bad("an environment variable", "a: !ENV ${HOME}", 1, "the tag !ENV"),
    Bad("bytes", "a: !!binary R0lGODlh", 1, "the tag !!binary"),
    Bad("a set", "a: !!set {b, c}", 1, "the tag !!set"),
    Bad("a tag of a prefix", "%TAG ! tag:x,2000:\n---\na: !b c", 3, "the tag"),
    Bad("a tag by its address", "a: !<tag:yaml.org,2002:python/object:x> 1", 1, "the tag"),
    # too much of it
    Bad("deep lists", "a: " + "[" * 100_000, 1, "deeper than 20 levels"),
    Bad("deep mappings", "a: " + "{a: " * 100_000, 1, "deeper than 20 levels"),
    Bad("deep both", "x: " + "[{a: " * 100_000, 1, "deeper than 20 levels"),
    Bad("deep lines", "\n".join("  " * n + "a:" for n in range(400)), 21, "deeper than 20 levels"),
    Bad("deep dashes", "- " * 400_000, 1, "deeper than 20 levels"),
    Bad("deep questions", "? " * 400_000, 1, "deeper than 20 levels"),
    Bad("many lists", "a: [" + "[]," * (MEGABYTE // 3), 1, "more than 20,000 keys and values"),
    Bad("many numbers", "a: [" + "1," * (MEGABYTE // 2), 1, "more than 20,000 keys and values"),
    Bad("many entries", "a:\n" + "- a\n" * (MEGABYTE // 4), 19_999, "more than 20,000 keys"),
    Bad("many keys", "\n".join(f"k{n}: 1" for n in range(80_000)), 10_000, "more than 20,000 keys"),
    Bad("more than a megabyte", "a: " + "x" * 1_000_000, 0, "larger than the 1,000,000 bytes"),
    Bad("a long key", "x" * MEGABYTE + ": 1", 1, "broken YAML"),
    Bad("colons", "a" + ":" * MEGABYTE, 1, "broken YAML"),
    # what two readers understand differently
    Bad("a key twice", "a: 1\nb: 2\na: 3", 3, "'a' is given twice (first on line 1)"),
    Bad("a key twice, once in quotes", "a: 1\n'a': 2", 2, "'a' is given twice"),
    Bad("a key twice by an escape", 'a: 1\n"\\x61": 2', 2, "'a' is given twice"),
    Bad("a list as key", "a: 1\n? [b]\n: c", 2, "a key must be plain text"),
    Bad("a mapping as key", "a: 1\n? {b: c}\n: d", 2, "a key must be plain text"),
    Bad("a second document", "a: 1\n---\nb: 2", 2, "another document"),
    Bad("a thousand documents", "a: 1\n" + "---\nb: 2\n" * 1000, 2, "another document"),
    Bad("another version", "%YAML 9.9\n---\na: 1", 1, "broken YAML"),
    Bad("tabs", "a:\n\tb: 2", 2, "broken YAML"),
    Bad("an open quote", "a: 1\nb: 'x\n", 3, "broken YAML"),
    Bad("an open list", "a: [1, 2", 1, "broken YAML"),
    # characters
    Bad("NUL", "a: 1\nb: x\x00", 2, "'\\x00' is not allowed"),
    Bad("an escape sequence", "a: 1\nb: x\x1b[2J", 2, "'\\x1b' is not allowed"),
    Bad("no character", "a: 1\nb: x\uffff", 2, "'\\uffff' is not allowed"),
    Bad("past Unicode", 'a: 1\nb: "\\UFFFFFFFF"', 2, "is not a character"),
    Bad("half of a character", 'a: 1\nb: "\\ud83d"', 2, "half of a character"),
    Bad("UTF-16", "a: 1\n".encode("utf-16"), 1, "not UTF-8"),
    Bad("UTF-32", "a: 1\n".encode("utf-32"), 1, "not UTF-8"),
    Bad("Latin-1", "a: 1\nb: café\n".encode("latin-1"), 2, "not UTF-8 after 'b: caf'"),
    Bad("overlong UTF-8", b"a: 1\nb: \xc0\xaf", 2, "not UTF-8"),
    Bad("a surrogate in UTF-8", b"a: 1\nb: \xed\xa0\x80", 2, "not UTF-8"),
    # no mapping at all
    Bad("nothing", "", 1, "a suite is a YAML mapping"),
    Bad("a list", "- a", 1, "a suite is a YAML mapping"),
    Bad("a picture", b"\x89PNG\r\n\x1a\n\x00\x00", 1, "not UTF-8"),
    Bad("a pickle", b"cos\nsystem\n(S'id'\ntR.", 1, "a suite is a YAML mapping"),
]

GOOD = [
    Good("Norway", "a: no", "no"),
    Good("an octal", "a: 012", "012"),
    Good("minutes", "a: 3:25", "3:25"),
    Good("a date", "a: 2024-01-01", "2024-01-01"),
    Good("a moment", "a: 2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
    Good("infinity", "a: [.inf, -.inf, 1e999]", [".inf", "-.inf", "1e999"]),
    Good("not a number", "a: [.nan, NaN]", [".nan", "NaN"]),
    Good("a thousand digits", "a: " + "9" * 1000, "9" * 1000),
    Good("a merge key", "a: {<<: {b: 1}}", {"<<": {"b": 1}}),
    Good("a byte order mark", b"\xef\xbb\xbfa: 1", 1),
    Good("a tag in quotes", "a: '!!python/name:os.system'", "!!python/name:os.system"),
    Good("a template", "a: '{{ 7 * 7 }}'", "{{ 7 * 7 }}"),
    Good("a variable", "a: ${HOME}", "${HOME}"),
    Good("Python's own names", "a: {__class__: x}", {"__class__": "x"}),
    Good("a prototype", "a: {__proto__: {b: 1}}", {"__proto__": {"b": 1}}),
    Good("a long line", "a: " + "x" * MEGABYTE, "x" * MEGABYTE),
    Good("many escapes", 'a: "' + "\\n" * (MEGABYTE // 2) + '"', "\n" * (MEGABYTE // 2)),
    Good("many comments", "a: 1\n" + "#\n" * (MEGABYTE // 2), 1),
    Good("many spaces", "a:" + " " * MEGABYTE + "1", 1),
    Good("many words", "a: " + "x " * (MEGABYTE // 4), ("x " * (MEGABYTE // 4)).strip(), 5),
]


def read(folder: Path, content: str | bytes) -> dict[str, Any]:
    path = folder / "s.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_document(path, "s.yaml").value


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_hostile_file_is_refused_with_its_line(tmp_path: Path, bad: Bad):
    with at_most(seconds=2, megabytes=200), pytest.raises(SuiteError) as caught:
        read(tmp_path, bad.content)
    assert bad.what in caught.value.what
    assert caught.value.where == (f"s.yaml:{bad.line}" if bad.line else "s.yaml")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("good", GOOD, ids=lambda good: good.name)
def test_what_only_looks_dangerous_is_what_was_typed(tmp_path: Path, good: Good):
    with at_most(good.seconds, megabytes=200):
        value = read(tmp_path, good.content)["a"]
    assert value == good.value
    assert type(value) is type(good.value)


def test_no_more_of_a_file_is_read_than_it_may_have():
    with at_most(seconds=2, megabytes=50), pytest.raises(SuiteError, match="1,000,000"):
        read_document(Path("/dev/zero"), "zero.yaml")


# Through the command line, and where a number belongs.

IN_COMMANDS = ("aliases that double", "os.system", "deep lists", "many entries", "NUL", "UTF-16")


@pytest.mark.parametrize("bad", [b for b in BAD if b.name in IN_COMMANDS], ids=lambda bad: bad.name)
def test_the_command_ends_with_exit_code_2_and_one_message(bad: Bad):
    with at_most(seconds=10, megabytes=200):
        outcome = happen(Entry(bad.name, "gave a hostile suite", file(SUITE, bad.content)))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {SUITE}:{bad.line}: ")
    assert bad.what in outcome.message
    assert len(outcome.message.strip().splitlines()) <= 2


NUMBERS = {
    "infinity": "1e999",
    "an infinite float": ".inf",
    "not a number": ".nan",
    "a thousand digits": "9" * 1000,
    "minus": "-1",
    "an octal": "012",
    "a text": "'4'",
    "true": "true",
    "a list": "[4]",
    "a trillion": "1000000000000",
}


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_usable_number_of_tokens_is_refused_where_it_stands(name: str):
    changed = suite("{max_tokens: 4}", f"{{max_tokens: {NUMBERS[name]}}}")
    outcome = happen(Entry(name, "gave a hostile number", changed))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {SUITE}:9: sampling.max_tokens: expected ")


# Suites of a valid form that ask for too much work.

MANY = 3000
LARGE = {
    "unknown keys": ("suite: email", "\n".join(f"metrixs{n}: 1" for n in range(MANY))),
    "broken prompts": ("  - ../prompts/email/plain.j2", "  - {fiel: x}\n" * (MANY // 3)),
    "equal models": ("[./checkpoints/tiny]", "[" + "a," * MANY + "]"),
    "labels": ("primary: rougeL", "labels: [" + ",".join(map(str, range(2 * MANY))) + "]"),
    "a long path": ("email/test.jsonl", "a/" * 300_000),
    "a long pattern of prompts": ("plain.j2", "*a" * 100_000 + ".j2"),
    "a long name": ("suite: email", "suite: " + "a" * 500_000),
    "a long metric": ("  - rougeL", "  - " + "a" * 500_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_suite_is_refused_soon_and_with_a_message_of_a_readable_length(name: str):
    with at_most(seconds=10, megabytes=200):
        outcome = happen(Entry(name, "gave a large suite", suite(*LARGE[name])))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {SUITE}:")
    assert len(outcome.message) < 10_000


def test_count():
    assert (len(BAD), len(GOOD), len(NUMBERS), len(LARGE)) == (54, 20, 10, 8)
    assert len(IN_COMMANDS) == 6
