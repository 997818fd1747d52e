"""`promptbench power`: what the cases of the last run can find, and how many find more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptbench.stats.paired import paired_difference
from promptbench.stats.power import plan
from tests.cli.conftest import Ask
from tests.run.workspace import Workspace, email

SUITE = "suites/mail.yaml"


def asked(ask: Ask, *options: str) -> dict[str, Any]:
    reply = ask("power", SUITE, "--json", *options)
    assert reply.code == 0, reply.err
    found = json.loads(reply.out)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def run(ask: Ask, workspace: Workspace) -> dict[str, Any]:
    """A run over forty cases in twenty clusters."""
    workspace.many(*map(email, range(40)))
    found = json.loads(ask("run", SUITE, "--json").out)
    assert isinstance(found, dict)
    return found


def test_the_figures_are_those_of_the_paired_scores(
    ask: Ask, workspace: Workspace, run: dict[str, Any]
):
    best, other = (candidate["name"] for candidate in run["candidates"])
    samples = workspace.samples(run["run"])
    first, second = (
        [s.scores["rougeL"].value or 0.0 for s in samples if s.candidate == name]
        for name in (best, other)
    )
    clusters = [f"thread-{number // 2}" for number in range(40)]
    difference = paired_difference(first, second, clusters)
    wanted = plan(first, second, 0.01, clusters)
    assert difference is not None
    found = asked(ask, "--effect", "0.01")
    assert (found["run"], found["metric"], found["power"]) == (run["run"], "rougeL", 0.8)
    (pair,) = found["pairs"]
    assert (pair["best"], pair["other"], pair["cases"], pair["clusters"]) == (best, other, 40, 20)
    assert pair["detectable"] == pytest.approx(difference.detectable)
    assert (pair["cases_needed"], pair["clusters_needed"]) == (wanted.cases, wanted.clusters)


def test_more_power_and_smaller_effects_need_more(ask: Ask, run: dict[str, Any]):
    (usual,) = asked(ask)["pairs"]
    (surer,) = asked(ask, "--power", "0.95")["pairs"]
    (finer,) = asked(ask, "--effect", "0.01")["pairs"]
    assert usual["detectable"] < surer["detectable"]
    assert usual["cases_needed"] < surer["cases_needed"]
    assert usual["cases_needed"] < finer["cases_needed"]


def test_the_table_says_what_is_found_and_what_is_needed(ask: Ask, run: dict[str, Any]):
    reply = ask("power", SUITE)
    assert reply.code == 0
    assert f"by the run {run['run']}" in reply.out
    assert "found in 80% of such runs" in reply.out
    header = reply.out.splitlines()[0]
    assert "clusters" in header
    assert "for 0.02: cases" in header


def test_another_metric_and_another_run_can_be_asked_for(ask: Ask, run: dict[str, Any]):
    ask("run", SUITE, "--limit", "4")
    assert asked(ask, "--run", run["run"], "--metric", "words")["pairs"][0]["cases"] == 40


def test_equal_scores_tell_no_spread(ask: Ask, workspace: Workspace):
    workspace.edit(SUITE, "words: {max: 8}", "words: {max: 100}")
    ask("run", SUITE)
    (pair,) = asked(ask, "--metric", "words")["pairs"]
    assert (pair["detectable"], pair["cases_needed"]) == (None, None)
    assert "no spread" in pair["note"]
    assert "unknown" in ask("power", SUITE, "--metric", "words").out


def test_an_effect_that_nobody_could_find_is_told(ask: Ask, run: dict[str, Any]):
    (pair,) = asked(ask, "--effect", "0.0000001")["pairs"]
    assert pair["cases_needed"] is None
    assert "needs more than" in pair["note"]


def test_without_a_store_or_a_run_it_says_how_to_get_one(ask: Ask, workspace: Workspace):
    assert "promptbench run SUITE" in ask("power", SUITE).err
    ask("run", SUITE)
    workspace.edit(SUITE, "suite: mail", "suite: other")
    reply = ask("power", SUITE)
    assert (reply.code, reply.out) == (2, "")
    assert "no complete run of the suite 'other'" in reply.err
    assert f"`promptbench run {SUITE}` makes one" in reply.err


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--effect", "0"], "--effect"),
        (["--effect", "2"], "more than rougeL can differ by"),
        (["--power", "1"], "--power"),
        (["--metric", "rogueL"], "Did you mean 'rougeL'?"),
        (["--run", "mail-0"], "there is no run 'mail-0'"),
    ],
)
def test_what_cannot_be_planned_is_bad_input(ask: Ask, options: list[str], what: str):
    ask("run", SUITE)
    reply = ask("power", SUITE, *options)
    assert (reply.code, reply.out) == (2, "")
    assert what in reply.err


def test_one_candidate_has_no_difference(ask: Ask):
    ask("run", SUITE, "--prompt", "plain")
    reply = ask("power", SUITE)
    assert reply.code == 2
    assert "one candidate" in reply.err
