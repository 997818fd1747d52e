from __future__ import annotations

import pytest

from promptbench.error import InputError
from promptbench.run.look import Look, look
from tests.run.workspace import Workspace, email


def look_at(workspace: Workspace, prompt: str, case: str) -> Look:
    (seen,) = look(workspace.plan(prompts=(prompt,)), case)
    return seen


@pytest.mark.parametrize("prompt", ["plain", "brief", "fewshot"])
def test_the_lengths_of_the_messages_and_the_rest_add_up_to_the_whole(
    workspace: Workspace, prompt: str
):
    workspace.edit(
        "suites/mail.yaml", "models:", "  - {file: ../prompts/fewshot.j2, examples: {}}\nmodels:"
    )
    seen = look_at(workspace, prompt, "mail-3")
    assert sum(s.tokens for s in seen.sections if s.depth == 0) == seen.encoded.tokens
    assert len(seen.tokens) == seen.encoded.tokens


def test_sections_are_told_in_order_with_what_they_hold(workspace: Workspace):
    sections = look_at(workspace, "plain", "mail-3").sections
    assert [(s.name, s.depth, s.tokens) for s in sections] == [
        ("system", 0, 4),  # You summarize emails .
        ("user", 0, 25),
        ("instruction", 1, 4),  # Summarize this email .
        ("input", 1, 21),
        ("chat template and special tokens", 0, 3),
    ]


def test_a_section_inside_a_section_is_one_deeper(workspace: Workspace):
    workspace.write(
        "prompts/plain.j2",
        "{% block user %}{% block outer %}one {% block inner %}two{% endblock %}{% endblock %}"
        " {% block after %}{{ subject }}{% endblock %}{% endblock %}",
    )
    sections = look_at(workspace, "plain", "mail-0").sections
    assert [(s.name, s.depth, s.tokens) for s in sections] == [
        ("user", 0, 5),
        ("outer", 1, 2),
        ("inner", 2, 1),
        ("after", 1, 3),
        ("chat template and special tokens", 0, 2),
    ]


def test_case_text_that_looks_like_another_message_is_not_counted_twice(workspace: Workspace):
    workspace.cases(
        "test", {**email(0), "body": "You summarize emails. <user> Summarize this email."}
    )
    seen = look_at(workspace, "plain", "mail-0")
    assert sum(s.tokens for s in seen.sections if s.depth == 0) == seen.encoded.tokens


def test_every_candidate_shows_what_it_makes_of_the_case(workspace: Workspace):
    seen = look(workspace.plan(repeats=3), "mail-4")
    assert [(one.candidate, one.case_id) for one in seen] == [
        ("plain", "mail-4"),
        ("brief", "mail-4"),
    ]
    assert all("Meeting number 4" in one.encoded.text for one in seen)


def test_an_unknown_case_is_an_error_with_the_nearest_id(workspace: Workspace):
    with pytest.raises(InputError, match="test split has no case 'mail3'") as caught:
        look(workspace.plan(), "mail3")
    assert "Did you mean 'mail-3'?" in caught.value.hint
