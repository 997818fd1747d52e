"""A GGUF file in a run: written, chosen, talked to, beside the same model in the local engine."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from promptbench.run.job import run_suite
from promptbench.run.option import Options
from promptbench.store.turn import turns
from tests.end_to_end.beside import emails, outputs
from tests.llama import opened
from tests.run.chatting import write_chat
from tests.run.workspace import Notes, Workspace

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
SUITE = "suites/sentiment.yaml"
GGUF = "gguf:smollm2"


def test_a_suite_is_run_once_and_the_report_tells_what_ran(tmp_path: Path):
    workspace = emails(tmp_path, GGUF, sampling="{max_tokens: 4, logprobs: true}")
    first = workspace.run()
    found = outputs(workspace, first)
    assert (first.errors, first.generated, len(found)) == (0, 12, 12)
    assert all(one.text and len(one.logprobs) == one.output_tokens for one in found)
    assert opened(GGUF).vocabulary.begin is None
    again = workspace.run()
    assert (again.run_id, again.generated) == (first.run_id, 0)
    page = first.report.read_text(encoding="utf-8")
    assert "Q4_1" in page and "llama-cpp-python" in page


def test_labels_are_chosen_nearly_as_the_local_engine_chooses_them(tmp_path: Path):
    workspace = Workspace(tmp_path.resolve())
    copytree(PROJECT / "prompts", workspace.folder / "prompts")
    copytree(PROJECT / "suites" / "sentiment", workspace.folder / "suites" / "sentiment")
    workspace.write(SUITE, (PROJECT / SUITE).read_text(encoding="utf-8"))
    options = Options(limit=4, prompts=("listed",), models=("smollm2", GGUF))
    result = run_suite(workspace.folder / SUITE, options, Notes())
    assert result.errors == 0
    chosen = [s for s in workspace.samples(result.run_id) if "likelihood" in s.candidate]
    ours = {s.case_id: s.completion for s in chosen if GGUF in s.candidate}
    theirs = {s.case_id: s.completion for s in chosen if GGUF not in s.candidate}
    assert len(ours) == len(theirs) == 4
    for case, one in ours.items():
        other = theirs[case]
        assert one is not None and other is not None
        assert (one.finish_reason, one.prompt_tokens) == ("choice", other.prompt_tokens)
        assert one.choices == pytest.approx(other.choices, abs=0.5)
        assert one.choices != other.choices


def test_dialogues_are_held(tmp_path: Path):
    workspace = write_chat(tmp_path, "[all]")
    workspace.edit("suites/talk.yaml", "fake:a", GGUF)
    result = run_suite(workspace.folder / "suites" / "talk.yaml", Options(), Notes())
    assert result.errors == 0
    with workspace.store() as store:
        said = list(turns(store, result.run_id))
    assert said and all(turn.reply for turn in said if turn.key)
