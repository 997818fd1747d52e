"""`promptbench ablate` in the terminal."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Ask
from tests.fake import FakeBackend
from tests.run.workspace import Workspace

ABLATE = ("ablate", "suites/mail.yaml", "--prompt", "plain")


def test_a_line_a_block_then_what_to_take_from_it(ask: Ask):
    reply = ask(*ABLATE)
    assert reply.code == 0
    table = reply.out.strip().split("\n\n")[0].splitlines()
    columns = "block tokens ahead with it 95% interval p after Holm reading"
    assert " ".join(table[0].split()) == columns
    assert {line.split()[0] for line in table[1:]} == {"system", "instruction", "input"}
    assert "plain by its blocks, on rougeL F1" in reply.out
    assert "reports/mail-" in reply.out
    assert "16 outputs, 3 stored already, 13 to generate" in reply.err


def test_scripts_get_one_object(ask: Ask):
    reply = ask(*ABLATE, "--block", "instruction", "--json")
    found = json.loads(reply.out)
    assert found["ablation"]["prompt"] == "plain"
    (block,) = found["ablation"]["blocks"]
    assert (block["block"], block["tokens"], block["n"]) == ("instruction", 4, 4)
    assert block["low"] <= block["ahead"] <= block["high"]
    assert {each["name"] for each in found["candidates"]} == {"plain", "plain without instruction"}


def test_the_help_says_why_not_the_test_cases(ask: Ask):
    reply = ask("ablate", "--help")
    assert "can no longer be judged by them" in " ".join(reply.out.split())


def test_test_cases_can_be_asked_for(ask: Ask, workspace: Workspace):
    reply = ask(*ABLATE, "--split", "test", "--limit", "3", "--json")
    assert json.loads(reply.out)["candidates"][0]["n"] == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "missing option '--prompt'"),
        (("--prompt", "plan"), "no prompt 'plan'"),
        (("--prompt", "plain", "--block", "inputs"), "no block 'inputs'"),
        (("--prompt", "plain", "--split", "train"), "'train' is not one of"),
    ],
)
def test_what_is_not_there_is_bad_input(ask: Ask, arguments: tuple[str, ...], told: str):
    reply = ask("ablate", "suites/mail.yaml", *arguments)
    assert (reply.code, reply.out) == (2, "")
    assert told in reply.err


def test_failed_outputs_are_told_and_the_run_is_not_finished(ask: Ask, fake: FakeBackend):
    fake.behaviour.failing = ("number 11",)
    reply = ask(*ABLATE)
    assert reply.code == 3
    assert "3 outputs failed: the report names each error." in reply.err


def test_ctrl_c_keeps_what_is_there(ask: Ask, fake: FakeBackend):
    fake.behaviour.breaks_after, fake.behaviour.broken = 2, KeyboardInterrupt()
    reply = ask(*ABLATE)
    assert reply.code == 130
    assert "6 of 13 outputs of this sitting are stored. The same command continues." in reply.err
    fake.behaviour.breaks_after = None
    assert "7 to generate" in ask(*ABLATE).err
