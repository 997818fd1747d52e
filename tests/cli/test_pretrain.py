from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from promptbench.cli.main import outcome
from promptbench.model.local.checkpoint import digest_of
from tests.cli.conftest import Ask
from tests.pretrain.text import write_texts
from tests.run.classify import write_classification
from tests.run.workspace import Workspace

TINY = ("--layers", "1", "--heads", "2", "--dim", "32", "--context", "64", "--vocabulary", "420")
BRIEF = (*TINY, "--steps", "20", "--batch", "4", "--lr", "0.003")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny matrices are not worth a second thread, least of all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_from_text_to_a_run_and_a_look_inside(ask: Ask, workspace: Workspace):
    write_texts(workspace.folder / "manuals")
    reply = ask("pretrain", "--arch", "llama", "--data", "manuals", *BRIEF)
    assert reply.code == 0, reply.err
    assert reply.out.startswith("./checkpoints/llama-manuals: ")
    assert "bits per byte" in reply.out
    assert "promptbench run SUITE --model ./checkpoints/llama-manuals" in reply.out
    assert "20 training steps" in reply.err

    again = ask("pretrain", "--arch", "llama", "--data", "manuals", *BRIEF, "--json")
    said = json.loads(again.out)
    assert (said["new"], said["folder"]) == (False, "./checkpoints/llama-manuals")

    workspace.edit("suites/mail.yaml", "{max_tokens: 16}", "{max_tokens: 4}")
    workspace.write("prompts/plain.j2", "{% block instruction %}Mail{% endblock %} {{ subject }}")
    model = ("--model", "./checkpoints/llama-manuals")
    run = ask("run", "suites/mail.yaml", "--prompt", "plain", *model, "--limit", "2")
    assert run.code == 0, run.err

    # A prompt that nobody asked for may not fit: BRIEF's context is short.
    workspace.write("prompts/brief.j2", "{{ subject }} " + "word " * 500)
    looked = ask("anatomy", "./checkpoints/llama-manuals", "--suite", "suites/mail.yaml")
    assert looked.code == 0, looked.err
    assert "references behind the prompt plain: 6 examples" in looked.out
    assert "head 0.1" in looked.out
    assert "instruction" in looked.out
    page = workspace.folder / "reports" / "anatomy-checkpoints-llama-manuals"
    assert {"index.html", "loss.svg"} <= {path.name for path in page.iterdir()}

    text = ask("anatomy", "./checkpoints/llama-manuals", "--text", "manuals", "--heads", "0.1")
    assert "the part held out of the training" in text.out
    assert (page / "head-0.1.svg").is_file()


def test_a_bert_chooses_in_a_suite(ask: Ask, workspace: Workspace):
    folder = workspace.folder
    write_texts(folder / "manuals")
    assert ask("pretrain", "--arch", "bert", "--data", "manuals", *BRIEF).code == 0
    write_classification(folder)
    workspace.write("prompts/topic.j2", "{{ body[:10] }}: it is in the [MASK].")
    suite = (folder / "suites" / "mail.yaml").read_text(encoding="utf-8")
    suite = suite.replace("[meeting]", "[hall]").replace("[notes]", "[gate]")
    suite = suite.replace("[lunch, room service]", "[school]")
    suite = suite.replace("  - {name: written, answer: written, max_tokens: 4}\n", "")
    workspace.write("suites/mail.yaml", suite)
    reply = ask("run", "suites/mail.yaml", "--model", "./checkpoints/bert-manuals", "--json")
    assert reply.code == 0, reply.err
    refused = ask("anatomy", "./checkpoints/bert-manuals", "--suite", "suites/mail.yaml")
    assert refused.code == 2
    assert "fills in masks" in refused.err
    assert ask("anatomy", "./checkpoints/bert-manuals", "--text", "manuals").code == 0


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on(tmp_path: Path):
    texts = write_texts(tmp_path / "manuals")
    command = [sys.executable, "-m", "promptbench", "pretrain", "--arch", "gpt2"]
    command += ["--data", str(texts), *TINY, "--steps", "40", "--batch", "4"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    partial = tmp_path / "checkpoints" / "killed.partial"
    place = ["--out", str(tmp_path / "checkpoints")]
    with subprocess.Popen(
        [*command, *place, "--name", "killed"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not list(partial.glob("checkpoint-*/whole")):
            time.sleep(0.01)
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    done = subprocess.run(
        [*command, *place, "--name", "killed"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "done before" in done.stderr
    assert outcome([*command[3:], *place, "--name", "whole"]) == 0
    folders = tmp_path / "checkpoints"
    assert digest_of(folders / "killed") == digest_of(folders / "whole")
    assert sorted(path.name for path in folders.iterdir()) == ["killed", "whole"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data", "nowhere"), "no such folder or file"),
        (("--data", "manuals", "--name", "../out"), "a checkpoint cannot be named '../out'"),
        (("--data", "prompts"), "there is no text in the folder"),
        (("--data", "manuals", "--heads", "3"), "--dim 256 cannot be shared among --heads 3"),
        (("--data", "manuals", "--vocabulary", "100"), "--vocabulary is 100"),
    ],
)
def test_refusals(ask: Ask, workspace: Workspace, arguments: tuple[str, ...], says: str):
    write_texts(workspace.folder / "manuals", 20)
    reply = ask("pretrain", "--arch", "gpt2", *arguments)
    assert reply.code == 2
    assert says in reply.err
    assert not list(workspace.folder.glob("checkpoints/*"))


def test_anatomy_wants_one_thing_to_look_at(ask: Ask):
    reply = ask("anatomy", "./checkpoints/x")
    assert (reply.code, reply.out) == (2, "")
    assert "either --suite or --text" in reply.err
    assert ask("anatomy", "fake:a", "--suite", "suites/mail.yaml").code == 2
