"""A small classification on the disk, for the fake model: a folder in, a workspace out."""

from __future__ import annotations

from pathlib import Path

from tests.run.workspace import Workspace, write_workspace

SUITE = """\
suite: mail
description: What is an email about?
task: classify
labels:
  meeting: [meeting]
  notes: [notes]
  lunch: [lunch, room service]
data:
  test: mail/test.jsonl
  references: about
prompts: [../prompts/topic.j2]
models: [fake:a]
sampling:
  - {name: likelihood, answer: likelihood}
  - {name: written, answer: written, max_tokens: 4}
metrics: [accuracy, macro_f1, balanced_accuracy, matthews, calibration, brier]
primary: macro_f1
"""
TOPICS = ("meeting", "notes", "lunch", "meeting", "notes", "meeting")


def write_classification(folder: Path) -> Workspace:
    """Write a workspace whose suite asks for a label."""
    workspace = write_workspace(folder)
    workspace.write("suites/mail.yaml", SUITE)
    workspace.write("prompts/topic.j2", "What is this about? {{ body }}")
    rows = (
        {"id": f"mail-{number}", "body": f"Email {number} about our {topic}.", "about": topic}
        for number, topic in enumerate(TOPICS)
    )
    workspace.cases("test", *rows)
    return workspace
