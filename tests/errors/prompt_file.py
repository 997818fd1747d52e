"""Mistakes in prompts, and in how the suite names them."""

from __future__ import annotations

from pathlib import Path

from pytest import MonkeyPatch

from tests.errors.workspace import (
    PLAIN,
    PROMPT,
    SECOND_PROMPT,
    SHORT,
    SUITE,
    VALIDATE,
    Entry,
    command,
    file,
    put,
    suite,
    template,
)

PARENT, CHILD = "prompts/email/plain.j2", "prompts/email/short.j2"
TRAIN = "  train: email/train.jsonl\n"
FEW = f"{SECOND_PROMPT}    examples: {{count: 3}}\n"


def undefined_in_parent(workspace: Path, patch: MonkeyPatch) -> list[str]:
    put(workspace, PARENT, PLAIN.replace("{{ body }}", "{{ bdy }}"))
    only_child = suite("  - ../prompts/email/plain.j2\n", "")
    return only_child(workspace, patch)


def few_shot_without_train(workspace: Path, patch: MonkeyPatch) -> list[str]:
    suite(TRAIN, "")(workspace, patch)
    text = (workspace / SUITE).read_text(encoding="utf-8").replace(SECOND_PROMPT, FEW)
    put(workspace, SUITE, text)
    return list(VALIDATE)


def link_out(workspace: Path, patch: MonkeyPatch) -> list[str]:
    (workspace / PROMPT).unlink()
    (workspace / PROMPT).symlink_to("/etc/passwd")
    return list(VALIDATE)


ENTRIES = [
    Entry(
        "missing-prompt",
        "misspelt the name of a prompt file",
        suite("email/plain.j2", "email/plan.j2"),
        f"{SUITE}:6",
    ),
    Entry(
        "no-match",
        "gave a pattern that no prompt matches",
        suite("email/plain.j2", "email/*.jinja"),
        f"{SUITE}:6",
    ),
    Entry(
        "same-prompt-twice",
        "gave two prompts the same name",
        suite(SECOND_PROMPT, f"{SECOND_PROMPT}    name: plain\n"),
        f"{SUITE}:7",
    ),
    Entry(
        "unknown-prompt",
        "asked for a prompt that the suite lacks",
        command("run", SUITE, "--prompt", "plane"),
        SUITE,
    ),
    Entry(
        "prompt-out",
        "named a prompt outside of the workspace",
        suite("../prompts/email/plain.j2", "../../plain.j2"),
        f"{SUITE}:6",
    ),
    Entry("prompt-link-out", "linked a prompt out of the workspace", link_out, f"{SUITE}:6"),
    Entry(
        "prompt-not-utf-8",
        "saved a prompt as Latin-1",
        file(PROMPT, PLAIN.encode() + "Café".encode("latin-1")),
        PROMPT,
    ),
    Entry(
        "syntax-error",
        "left a block open in a template",
        template("{% block user %}\n{{ body }}\n"),
        f"{PROMPT}:2",
    ),
    Entry(
        "unknown-tag",
        "misspelt a template's tag",
        template("{{ body }}\n{% fro word in body %}{% endfor %}\n"),
        f"{PROMPT}:2",
    ),
    Entry(
        "unclosed-braces",
        "forgot the closing braces",
        template("Summarize:\n{{ body \n"),
        f"{PROMPT}:2",
    ),
    Entry(
        "unknown-filter",
        "used a filter that there is not",
        template("Summarize:\n{{ body|shorten }}\n"),
        f"{PROMPT}:2",
    ),
    Entry(
        "undefined-variable",
        "used a variable that the cases lack",
        template("Summarize:\n\n{{ subjct }}: {{ body }}\n"),
        f"{PROMPT}:3",
    ),
    Entry(
        "undefined-in-parent",
        "used one in the template that another extends",
        undefined_in_parent,
        f"{PARENT}:6",
    ),
    Entry(
        "undefined-attribute",
        "used a part that a value lacks",
        template("Summarize:\n{{ body.text }}\n"),
        f"{PROMPT}:2",
    ),
    Entry(
        "examples-not-asked",
        "used `examples` without asking for them in the suite",
        template("{% for e in examples %}{{ e.body }}{% endfor %}\n{{ body }}\n"),
        f"{PROMPT}:1",
    ),
    Entry(
        "failing-expression",
        "added a number to a text",
        template("Summarize:\n{{ body + 1 }}\n"),
        f"{PROMPT}:2",
    ),
    Entry("division", "divided by zero", template("{{ body }}\n{{ 1 / 0 }}\n"), f"{PROMPT}:2"),
    Entry(
        "missing-parent",
        "extended a template that is not there",
        file(CHILD, SHORT.replace("plain.j2", "plian.j2")),
        CHILD,
    ),
    Entry(
        "parent-out",
        "included a file outside of the workspace",
        template('{{ body }}\n{% include "../../../secret.txt" %}\n'),
        PROMPT,
    ),
    Entry(
        "parent-by-variable",
        "extended a template by a variable",
        template("{{ body }}\n{% include subject %}\n"),
        f"{PROMPT}:2",
    ),
    Entry(
        "parents-in-circle",
        "let a template extend itself",
        template('{% extends "plain.j2" %}\n'),
        f"{PROMPT}:1",
    ),
    Entry(
        "bomb",
        "looped a billion times",
        template("{{ body }}\n{% for i in range(1000000000) %}x{% endfor %}\n"),
        f"{PROMPT}:2",
    ),
    Entry(
        "bomb-of-text",
        "multiplied a text",
        template('{{ body }}\n{{ "x" * 1000000000 }}\n'),
        f"{PROMPT}:2",
    ),
    Entry(
        "sandbox",
        "reached for Python's internals",
        template("{{ body }}\n{{ body.__class__ }}\n"),
        f"{PROMPT}:2",
    ),
    Entry(
        "text-outside",
        "wrote text outside of the role blocks",
        template("{% block user %}{{ body }}{% endblock %}\nBe brief.\n"),
        PROMPT,
    ),
    Entry("empty-prompt", "wrote a prompt that says nothing", template("\n"), PROMPT),
    Entry(
        "role-in-role",
        "put a role block into another",
        template(
            "{% block user %}\n{{ body }}\n{% block system %}Hi{% endblock %}\n{% endblock %}\n"
        ),
        PROMPT,
    ),
    Entry(
        "system-last",
        "put the system block behind the user's",
        template(
            "{% block user %}{{ body }}{% endblock %}{% block system %}Be brief.{% endblock %}\n"
        ),
        PROMPT,
    ),
    Entry(
        "few-shot-without-train",
        "asked for few-shot examples without a train split",
        few_shot_without_train,
        f"{SUITE}:6",
    ),
    Entry(
        "too-few-examples",
        "asked for more examples than there are",
        suite(SECOND_PROMPT, FEW),
        f"{SUITE}:7",
    ),
]
