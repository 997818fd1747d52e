"""A whole curve on a tiny model: arms trained and run, what was done reused, the answer told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree

import pytest
import torch

from promptbench.curve.arm import Arm
from promptbench.curve.option import CurveOptions
from promptbench.curve.workflow import curve, field_of, ready_for
from promptbench.error import SuiteError
from promptbench.run.job import Result, store_path
from promptbench.run.pairing import load
from promptbench.store.database import Store
from promptbench.suite.read import read_suite
from promptbench.tune.material import gather
from promptbench.tune.option import TuneOptions
from promptbench.tune.recipe import Wish
from promptbench.tune.watch import Silent
from tests.model.tiny import write_tiny
from tests.run.workspace import Notes, Workspace
from tests.tune.conftest import SETTINGS
from tests.tune.toy import PATH, write_toy

SHOWN = "{% for example in examples %}{{ example.text }} {{ example.reference }} {% endfor %}"
OPTIONS = CurveOptions(
    sizes=(4, 96),
    shots=(2,),
    seeds=2,
    wish=Wish(learning_rate=5e-3, epochs=12, batch=16, stop_on="none"),
)


class Told:
    """Follows a curve and keeps what it said."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.trained: list[int] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def run(self) -> Notes:
        return Notes()

    def training(self) -> Silent:
        told = self

        class Counted(Silent):
            def planned(self, steps: int, done: int) -> None:
                told.trained.append(steps)

        return Counted()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = write_toy(tmp_path_factory.mktemp("curve") / "toy")
    write_tiny(made.folder / "checkpoints" / "base", "llama", **SETTINGS["llama"])
    made.write("prompts/shown.j2", SHOWN + "{{ text }}")
    few = "../prompts/codes.j2, {file: ../prompts/shown.j2, examples: {count: 2}}"
    made.edit(PATH, "../prompts/codes.j2", few)
    return made


@pytest.fixture(scope="module")
def first(workspace: Workspace) -> tuple[Result, Told]:
    told = Told()
    return curve(workspace.folder / PATH, OPTIONS, told), told


def test_tuning_learns_the_codes_and_prompting_cannot(first: tuple[Result, Told]):
    result, told = first
    assert result.errors == 0
    assert len(told.trained) == 4, "two sizes, two seeds"
    means = {
        each.candidate.name: each.figures["exact"].estimate.mean
        for each in result.summary.standings
    }
    assert set(means) == {
        "codes",
        *(f"shown 2-shot s{seed}" for seed in (0, 1)),
        *(f"tuned n{size} s{seed}" for size in (4, 96) for seed in (0, 1)),
    }
    assert min(means["tuned n96 s0"], means["tuned n96 s1"]) > 0.8
    assert means["codes"] == 0
    assert result.summary.verdict.startswith("Fine-tune: with 96 labels the fine-tune is ")


def test_the_report_shows_the_curve_and_the_store_knows_the_arms(
    first: tuple[Result, Told], workspace: Workspace
):
    result, _ = first
    page = result.report.read_text(encoding="utf-8")
    assert 'id="learning"' in page
    assert "Fine-tuning" in page
    store = Store(store_path(workspace.folder))
    said = load(store, result.run_id).run.manifest["curve"]
    store.close()
    assert said["labels"] == 96
    tuned = [arm for arm in said["arms"] if arm["kind"] == "tune"]
    assert all(arm["seconds"] > 0 and arm["tokens"] > 0 for arm in tuned)
    assert [arm["dev"] is not None for arm in said["arms"]] == [True] * 3 + [False] * 4


def test_the_same_command_trains_and_generates_nothing_again(
    first: tuple[Result, Told], workspace: Workspace
):
    told = Told()
    again = curve(workspace.folder / PATH, OPTIONS, told)
    assert told.trained == []
    assert (again.run_id, again.generated) == (first[0].run_id, 0)
    assert again.report.read_bytes() == first[0].report.read_bytes()


def test_other_dev_data_choose_the_prompt_anew(
    first: tuple[Result, Told], workspace: Workspace, tmp_path: Path
):
    copytree(workspace.folder, tmp_path / "other")
    other = Workspace(tmp_path / "other")
    store = Store(store_path(other.folder))
    dev_run = load(store, first[0].run_id).run.manifest["curve"]["dev_run"]
    said = {s.case_id: s.completion for s in store.samples(dev_run) if s.candidate == "codes"}
    store.close()
    dev = other.folder / "suites/codes/dev.jsonl"
    rows = map(json.loads, dev.read_text(encoding="utf-8").splitlines())
    right = [{**row, "references": [said[row["id"]].text]} for row in rows]
    dev.write_text("".join(json.dumps(row) + "\n" for row in right), encoding="utf-8")
    again = curve(other.folder / PATH, OPTIONS, Told())
    store = Store(store_path(other.folder))
    arms = load(store, again.run_id).run.manifest["curve"]["arms"]
    store.close()
    assert (again.generated, arms[0]["candidate"], arms[0]["dev"]) == (0, "codes", 1.0)


def test_a_lost_arm_alone_is_trained_again(first: tuple[Result, Told], workspace: Workspace):
    (lost,) = (workspace.folder / "checkpoints").glob("codes-tuned-n4-s1-*")
    rmtree(lost)
    told = Told()
    again = curve(workspace.folder / PATH, OPTIONS, told)
    assert len(told.trained) == 1
    # On one thread the same training gives the same weights: what was stored still counts.
    assert (again.run_id, again.generated) == (first[0].run_id, 0)


def test_labels_of_a_smaller_arm_are_among_those_of_a_larger(workspace: Workspace, first: object):
    cases = {}
    for folder in (workspace.folder / "checkpoints").glob("codes-tuned-*"):
        said = json.loads((folder / "promptbench.json").read_text(encoding="utf-8"))
        cases[len(said["data"]["cases"]), said["recipe"]["seed"]] = set(said["data"]["cases"])
    for seed in (0, 1):
        assert cases[4, seed] < cases[96, seed]
    assert cases[4, 0] != cases[4, 1]


def test_a_leak_is_refused_before_anything_runs(workspace: Workspace, tmp_path: Path):
    copytree(workspace.folder, tmp_path / "leaky")
    leaky = Workspace(tmp_path / "leaky")
    rows = (leaky.folder / "suites/codes/train.jsonl").read_text(encoding="utf-8")
    test = leaky.folder / "suites/codes/test.jsonl"
    stolen = json.loads(rows.splitlines()[0]) | {"id": "stolen"}
    long = {**stolen, "text": " ".join(["w10 w11 w12 w13"] * 6)}
    test.write_text(test.read_text(encoding="utf-8") + json.dumps(long) + "\n", encoding="utf-8")
    more = json.dumps({**long, "id": "train-long"}) + "\n"
    (leaky.folder / "suites/codes/train.jsonl").write_text(rows + more, encoding="utf-8")
    with pytest.raises(SuiteError, match="leak"):
        curve(leaky.folder / PATH, OPTIONS, Told())


def test_a_metric_of_all_cases_at_once_is_refused(workspace: Workspace, tmp_path: Path):
    copytree(workspace.folder, tmp_path / "pooled")
    pooled = Workspace(tmp_path / "pooled")
    pooled.edit(PATH, "metrics: [exact]", "metrics: [bleu, exact]")
    with pytest.raises(SuiteError, match="bleu is made of all cases at once") as refused:
        curve(pooled.folder / PATH, OPTIONS, Told())
    assert "exact" in refused.value.hint


def test_a_suite_without_dev_is_refused(workspace: Workspace, tmp_path: Path):
    copytree(workspace.folder, tmp_path / "blind")
    blind = Workspace(tmp_path / "blind")
    blind.edit(PATH, "  dev: codes/dev.jsonl\n", "")
    with pytest.raises(SuiteError, match="dev split"):
        curve(blind.folder / PATH, OPTIONS, Told())


def test_a_misspelt_prompt_is_refused_before_anything_runs(workspace: Workspace):
    told = Told()
    with pytest.raises(SuiteError, match="the suite has no prompt 'cods'") as caught:
        curve(workspace.folder / PATH, replace(OPTIONS, prompt="cods"), told)
    assert "Did you mean 'codes'?" in caught.value.hint
    assert not any("Prompts on dev" in note for note in told.notes)


def test_a_fine_tune_is_asked_with_the_examples_that_it_was_trained_with(workspace: Workspace):
    field = field_of(read_suite(workspace.folder / PATH), OPTIONS, Told())
    arm = Arm("tune", "tuned n4 shown", 4, "shown", epochs=1)
    ready = ready_for(field, arm, field.model, "./checkpoints/base")
    wanted = TuneOptions(prompt="shown", limit=4)
    trained = gather(field.suite, wanted, lambda message: None)
    asked = [ready.template.render(case, ready.examples) for case in trained.cases]
    assert [field.model.encode(one).ids for one in asked] == [one.prompt for one in trained.train]
