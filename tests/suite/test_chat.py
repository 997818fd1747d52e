from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.error import SuiteError
from promptbench.suite.chat import EVERYTHING, MemorySpec, ToneRule, parse_memory
from tests.suite.folder import SUITE, problem, suite_of

CHAT = f"{SUITE}task: chat\n"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("all", EVERYTHING),
        ("none", MemorySpec("last", 0)),
        ("last:6", MemorySpec("last", 6)),
        ("tokens:400", MemorySpec("tokens", 400)),
        ("summary:60", MemorySpec("summary", 60, 1)),
        ("summary:60+last:2", MemorySpec("summary", 60, 2)),
        ("last:0 + similar:3", MemorySpec("similar", 3, 0)),
    ],
)
def test_a_memory_is_read_from_its_text(text: str, spec: MemorySpec):
    assert parse_memory(text) == spec


memories = st.one_of(
    st.just(EVERYTHING),
    st.builds(MemorySpec, st.just("last"), st.integers(0, 999)),
    st.builds(MemorySpec, st.just("tokens"), st.integers(1, 9999)),
    st.builds(MemorySpec, st.just("summary"), st.integers(8, 999), st.integers(0, 99)),
    st.builds(MemorySpec, st.just("similar"), st.integers(1, 99), st.integers(0, 99)),
)


@given(memories)
def test_the_text_of_a_memory_reads_back(spec: MemorySpec):
    assert parse_memory(spec.text) == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "everything",
        "last",
        "last:-1",
        "last:x",
        "tokens:5+last:2",
        "summary:60+similar:2",
        "last:1+last:2",
        "summary:7",
        "similar:0",
        "tokens:0",
        "last:1234567",
    ],
)
def test_what_is_no_memory_is_refused(text: str):
    with pytest.raises(SuiteError):
        parse_memory(text, "x")


def test_a_suite_remembers_everything_unless_it_says_otherwise(tmp_path: Path):
    chat = suite_of(tmp_path, CHAT).chat
    assert chat is not None
    assert chat.memories == (EVERYTHING,)


def test_memories_are_texts_or_mappings(tmp_path: Path):
    lines = "memory: [all, none, last: 2, {summary: 40, last: 3}, 'similar:2+last:0']\n"
    chat = suite_of(tmp_path, CHAT + lines).chat
    assert chat is not None
    texts = ["all", "none", "last:2", "summary:40+last:3", "similar:2+last:0"]
    assert [memory.text for memory in chat.memories] == texts


def test_one_memory_needs_no_list(tmp_path: Path):
    chat = suite_of(tmp_path, f"{CHAT}memory: last:3\n").chat
    assert chat is not None
    assert chat.memories == (MemorySpec("last", 3),)


@pytest.mark.parametrize(
    ("lines", "what", "line"),
    [
        ("memory: [all, all]", "memory all is there twice", 10),
        ("memory: [none, last: 0]", "memory none is there twice", 10),
        ("memory: [lest: 2]", "unknown key 'lest'", 10),
        ("memory: [{tokens: 9, last: 2}]", "a memory is one of its forms, found last and", 10),
        ("memory: [{}]", "a memory is one of its forms, found an empty mapping", 10),
        ("memory: [summary: 3]", "memory.summary: expected at least 8, found 3", 10),
        ("memory: [alll]", "'alll' is no memory", 10),
        ("tone: [{name: a}, {name: b, below: 0}]", "tone rule 'b' is never chosen", 10),
        ("tone: [{name: a, below: 0}, {name: a}]", "two tone rules are named 'a'", 10),
        ("tone: [{name: a, below: 2}]", "tone.below: expected at most 1, found 2", 10),
        ("user: {}", "key 'user.model' is missing", 10),
    ],
)
def test_what_is_wrong_is_told_by_line(tmp_path: Path, lines: str, what: str, line: int):
    error = problem(tmp_path, f"{CHAT}{lines}\n")
    assert error.what.startswith(what)
    assert error.where == f"suites/mails.yaml:{line + 1}"


@pytest.mark.parametrize("line", ["memory: all", "tone: []", "user: {model: x}"])
def test_dialogues_are_for_chats(tmp_path: Path, line: str):
    error = problem(tmp_path, f"{SUITE}{line}\n")
    assert error.what == f"`{line.split(':')[0]}:` is for `task: chat`"


@pytest.mark.parametrize(
    ("mood", "fits"), [(-0.5, True), (-0.3, False), (0.0, False), (0.5, False)]
)
def test_a_rule_is_for_moods_below_its_bound(mood: float, fits: bool):
    assert ToneRule("upset", "", below=-0.3).fits(mood) is fits


def test_a_rule_holds_only_the_expectations_it_states(tmp_path: Path):
    lines = "tone: [{name: upset, say: Sorry., expect: {words_at_most: 9, says: [sorry]}}]\n"
    chat = suite_of(tmp_path, CHAT + lines).chat
    assert chat is not None
    assert chat.rules[0].facts() == {
        "name": "upset",
        "say": "Sorry.",
        "expect": {"words_at_most": 9, "says": ["sorry"]},
    }
