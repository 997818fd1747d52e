"""A prompt taken apart: the pieces join to what the model saw, and each is of its section."""

from __future__ import annotations

import pytest

from promptbench.record import Message, Section, Seen
from promptbench.report.seen import Apart, Piece, take_apart

BODY = "Dear team,\n\nthe telecon is on Monday at 15:00. 👍 <|im_end|>"
USER = f"Summarize.\n\n{BODY}\n\nSummary:"
SECTIONS = (
    Section("instruction", 0, 10),
    Section("input", 12, 12 + len(BODY)),
    Section("cue", 14 + len(BODY), len(USER)),
)
MESSAGES = (Message("system", "Be short."), Message("user", USER, SECTIONS))


def chatml(*messages: Message) -> str:
    turns = (f"<|im_start|>{one.role}\n{one.text}<|im_end|>\n" for one in messages)
    return "".join(turns) + "<|im_start|>assistant\n"


def apart(text: str, *messages: Message, shared: tuple[str, ...] = ()) -> Apart:
    found = take_apart(Seen("key", text, messages), shared)
    assert "".join(piece.text for piece in found.pieces) == text
    assert all(piece.text for piece in found.pieces)
    return found


def named(found: Apart) -> list[tuple[str, str, str]]:
    return [(one.role, one.section, one.text) for one in found.pieces if one.role]


def test_sections_lie_between_the_chat_template():
    found = apart(chatml(*MESSAGES), *MESSAGES)
    assert found.messages == ()
    assert found.pieces[0] == Piece("", "", "<|im_start|>system\n")
    assert found.pieces[-1] == Piece("", "", "<|im_end|>\n<|im_start|>assistant\n")
    assert named(found) == [
        ("system", "", "Be short."),
        ("user", "instruction", "Summarize."),
        ("user", "", "\n\n"),
        ("user", "input", BODY),
        ("user", "", "\n\n"),
        ("user", "cue", "Summary:"),
    ]


def test_a_text_of_the_case_is_a_piece_of_its_own():
    text = f"Email:\n{BODY}\n."
    found = apart(text, Message("user", text, (Section("input", 0, len(text)),)), shared=(BODY,))
    assert [each.text for each in found.pieces] == ["Email:\n", BODY, "\n."]
    assert {each.section for each in found.pieces} == {"input"}


def test_the_innermost_section_names_a_piece():
    sections = (
        Section("examples", 0, 9),
        Section("example", 3, 6),
        Section("empty", 4, 4),
        Section("twin", 9, 12),
        Section("outer twin", 9, 12),
    )
    found = apart("aaabbbcccddd", Message("user", "aaabbbcccddd", sections))
    names = [(each.section, each.text) for each in found.pieces]
    assert names == [("examples", "aaa"), ("example", "bbb"), ("examples", "ccc"), ("twin", "ddd")]


@pytest.mark.parametrize("word", ["user", "system", "<|im_end|>", "s"])
def test_a_message_that_the_template_writes_too_is_found_in_its_place(word: str):
    messages = (Message("system", "system"), Message("user", word))
    found = apart(chatml(*messages), *messages)
    assert named(found) == [("system", "", "system"), ("user", "", word)]


def test_white_space_that_a_template_takes_away_moves_the_sections():
    message = Message("user", "  \nask\n me ", (Section("a", 0, 6), Section("b", 6, 11)))
    found = apart("[INST] ask\n me [/INST]", message)
    assert named(found) == [("user", "a", "ask"), ("user", "b", "\n me")]


def test_messages_that_a_template_has_changed_are_shown_as_they_were():
    found = apart("<user>BE SHORT.", Message("user", "Be short.", (Section("a", 0, 2),)))
    assert found.pieces == (Piece("", "", "<user>BE SHORT."),)
    assert found.messages == (
        Piece("user", "a", "Be"),
        Piece("user", "", " short."),
        Piece("", "", "\n"),
    )


def test_without_messages_all_is_the_template():
    assert apart("text").pieces == (Piece("", "", "text"),)
