from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.cli.conftest import Ask, Reply
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, email

SUITE = "suites/mail.yaml"


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


def the_object(reply: Reply) -> dict[str, Any]:
    """The one JSON object that stands on stdout, and nothing else."""
    assert reply.out.endswith("\n")
    assert reply.out.count("\n") == 1
    value = json.loads(reply.out, parse_constant=refuse)
    assert isinstance(value, dict)
    return value


def test_a_run_prints_the_ranking_and_where_the_report_is(ask: Ask, workspace: Workspace):
    reply = ask("run", SUITE)
    assert reply.code == 0
    lines = reply.out.splitlines()
    header = next(n for n, line in enumerate(lines) if "rougeL" in line)
    assert lines[header].split() == (
        ["candidate", "model", "rougeL", "95%", "interval", "scored", "tokens", "s/case"]
    )
    ranked = [line.split() for line in lines[header + 1 : header + 3]]
    assert {line[0] for line in ranked} == {"plain", "brief"}
    assert float(ranked[0][2]) >= float(ranked[1][2])
    assert all(line[1] == "fake:a" and line[6:9] == ["6", "of", "6"] for line in ranked)
    report = Path(next(line.split()[1] for line in lines if line.startswith("report")))
    assert report.is_file()
    assert report.is_relative_to(workspace.folder / "reports")
    assert "12 outputs, 12 to generate" in reply.err


def test_a_run_of_one_output_says_so(ask: Ask):
    reply = ask("run", SUITE, "--limit", "1", "--prompt", "plain")
    assert "1 output, 1 to generate" in reply.err
    (row,) = (line for line in reply.out.splitlines() if line.startswith("plain  "))
    assert row.split()[3] == "none"  # no interval over one case


def test_a_run_warns_before_it_generates_what_no_metric_can_score(ask: Ask, workspace: Workspace):
    workspace.cases("test", {**email(0), "references": []})
    reply = ask("run", SUITE)
    told = reply.err.replace("\n", " ")
    assert "warning: no test case has a reference: rougeL will score nothing." in told
    assert told.index("warning:") < told.index("to generate")


def test_what_metrics_ask_is_counted_apart(ask: Ask, workspace: Workspace):
    judge = "{name: short, model: fake:judge, rubric: 5 = short, verdict: likelihood}"
    workspace.edit(SUITE, "  - words: {max: 8}\n", f"  - judge: {judge}\n")
    reply = ask("run", SUITE)
    assert reply.code == 0
    assert "12 outputs, 12 to generate" in reply.err
    assert "24 answers for metrics, 24 to generate" in reply.err
    assert "The judge short can be fooled by a constant answer" in reply.out.replace("\n", " ")
    workspace.edit(SUITE, "5 = short", "5 = brief")
    assert "24 answers for metrics, 24 to generate" in ask("run", SUITE).err
    workspace.edit(SUITE, "5 = brief", "5 = short")
    workspace.edit(SUITE, "  - rougeL\n", "  - rouge1\n")
    assert "24 answers for metrics, 24 stored already, 0 to generate" in ask("run", SUITE).err


def test_a_second_run_says_what_was_stored_already(ask: Ask):
    ask("run", SUITE, "--limit", "2")
    assert "12 outputs, 4 stored already, 8 to generate" in ask("run", SUITE).err


def test_json_is_one_object_with_the_keys_that_scripts_read(ask: Ask, workspace: Workspace):
    reply = ask("run", SUITE, "--json")
    found = the_object(reply)
    assert reply.code == 0
    assert {"run", "suite", "report", "primary", "generated", "reused", "candidates"} <= set(found)
    assert (found["suite"], found["primary"]) == ("mail", "rougeL")
    assert (found["generated"], found["reused"]) == (12, 0)
    assert Path(found["report"]).is_file()
    for candidate in found["candidates"]:
        assert {"prompt", "model", "n", "scores"} <= set(candidate)
        assert (candidate["model"], candidate["n"]) == ("fake:a", 6)
        assert set(candidate["scores"]) == {"rougeL", "words"}
        for score in candidate["scores"].values():
            assert set(score) == {"mean", "low", "high", "n", "unscored"}
            assert (score["n"], score["unscored"]) == (6, 0)
            assert score["low"] <= score["mean"] <= score["high"]
    assert {c["prompt"] for c in found["candidates"]} == {"plain", "brief"}


def test_the_means_of_the_json_are_those_of_the_stored_scores(ask: Ask, workspace: Workspace):
    found = the_object(ask("run", SUITE, "--json"))
    samples = workspace.samples(found["run"])
    for candidate in found["candidates"]:
        for metric, score in candidate["scores"].items():
            values = [s.scores[metric].value for s in samples if s.candidate == candidate["name"]]
            assert score["mean"] == pytest.approx(sum(v or 0 for v in values) / 6)


def test_json_of_a_single_case_has_null_where_there_is_no_interval(ask: Ask):
    found = the_object(ask("run", SUITE, "--json", "--limit", "1"))
    score = found["candidates"][0]["scores"]["rougeL"]
    assert (score["low"], score["high"], score["n"]) == (None, None, 1)
    assert isinstance(score["mean"], float)


def test_json_of_a_second_run_says_that_all_was_reused(ask: Ask):
    first = the_object(ask("run", SUITE, "--json"))
    second = the_object(ask("run", SUITE, "--json"))
    assert (second["generated"], second["reused"]) == (0, 12)
    assert {**second, "generated": 12, "reused": 0} == first


def test_json_of_an_error_leaves_stdout_empty(ask: Ask):
    reply = ask("run", "suites/none.yaml", "--json")
    assert (reply.code, reply.out) == (2, "")
    assert "no such file" in reply.err


def test_outputs_that_failed_are_exit_code_3_and_the_report_is_there(ask: Ask, fake: FakeBackend):
    fake.behaviour.failing = ("number 2:",)
    reply = ask("run", SUITE, "--json")
    found = the_object(reply)
    assert (reply.code, found["errors"]) == (3, 2)
    assert {c["scores"]["words"]["n"] for c in found["candidates"]} == {5}
    assert Path(found["report"]).is_file()
    assert "2 outputs failed" in reply.err
    fake.behaviour.failing = ()
    again = ask("run", SUITE, "--json")
    assert (again.code, the_object(again)["generated"]) == (0, 2)


def test_an_outage_of_all_is_unscored_and_not_0(ask: Ask, fake: FakeBackend):
    fake.behaviour.failing = ("Meeting",)
    reply = ask("run", SUITE, "--json")
    found = the_object(reply)
    assert (reply.code, found["errors"]) == (3, 12)
    for candidate in found["candidates"]:
        assert candidate["scores"]["rougeL"]["mean"] is None
        assert candidate["scores"]["rougeL"]["n"] == 0
    table = ask("run", SUITE)
    assert table.code == 3
    assert table.out.count("unscored") >= 2
    assert " 0.000" not in table.out


def test_a_model_that_breaks_is_exit_code_3_and_the_same_command_continues(
    ask: Ask, fake: FakeBackend
):
    fake.behaviour.breaks_after = 2
    reply = ask("run", SUITE)
    assert (reply.code, reply.out) == (3, "")
    assert "error: the fake model broke" in reply.err
    fake.behaviour.breaks_after = None
    assert the_object(ask("run", SUITE, "--json"))["reused"] == 6


def test_the_options_reach_the_plan(ask: Ask):
    options = ["--limit", "2", "--prompt", "brief", "--model", "fake:x", "--model", "fake:y"]
    found = the_object(ask("run", SUITE, "--json", "--repeats", "2", "--split", "dev", *options))
    assert found["generated"] == 2 * 2 * 2
    assert {(c["prompt"], c["model"], c["n"]) for c in found["candidates"]} == {
        ("brief", "fake:x", 2),
        ("brief", "fake:y", 2),
    }


def test_a_seed_makes_other_samples_and_the_same_seed_none(ask: Ask, workspace: Workspace):
    workspace.edit(SUITE, "max_tokens: 16", "max_tokens: 16, temperature: 1")
    assert the_object(ask("run", SUITE, "--json", "--seed", "1"))["generated"] == 12
    assert the_object(ask("run", SUITE, "--json", "--seed", "2"))["generated"] == 12
    assert the_object(ask("run", SUITE, "--json", "--seed", "1"))["generated"] == 0


def test_fresh_reuses_nothing(ask: Ask):
    first = the_object(ask("run", SUITE, "--json"))
    fresh = the_object(ask("run", SUITE, "--json", "--fresh"))
    assert (fresh["generated"], fresh["reused"]) == (12, 0)
    assert fresh["run"] != first["run"]


def test_a_suite_is_run_from_any_folder(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    found = the_object(ask("run", f"workspace/{SUITE}", "--json"))
    assert Path(found["report"]).is_relative_to(tmp_path / "workspace" / "reports")
    assert [p.name for p in tmp_path.iterdir()] == ["workspace"]
