"""Two workers of a Ray cluster on this machine: the same results, whoever of them is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from promptbench.curve.arm import tune_arms
from promptbench.curve.option import CurveOptions
from promptbench.curve.train import Errand, train_there
from promptbench.curve.workflow import curve
from promptbench.error import ModelError, RunError
from promptbench.model.cluster.crew import Crew, crew_for
from promptbench.model.cluster.settings import Cluster
from promptbench.model.cluster.spread import SpreadModel
from promptbench.model.cluster.worker import Trouble
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.record import Request
from promptbench.run.job import run_suite
from promptbench.run.option import Options
from promptbench.tune.recipe import Wish, recipe_for
from tests.model.tiny import answers, requests, texts, told, write_tiny
from tests.run.workspace import Notes, Workspace
from tests.tune.conftest import SETTINGS
from tests.tune.toy import PATH, write_toy

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

TWO = Cluster(2)
RECIPE = recipe_for(Wish(), "decoder-only", 1000)
SHOWN = "{% for example in examples %}{{ example.text }} {{ example.reference }} {% endfor %}"


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    made = crew_for(TWO)
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("spread")
    write_tiny(made / "tiny", "llama")
    return made


@pytest.fixture(scope="module")
def local(folder: Path) -> LocalModel:
    found = open_model("./tiny", Setup(folder))
    assert isinstance(found, LocalModel)
    return found


@pytest.fixture
def spread(folder: Path, crew: Crew) -> SpreadModel:
    found = open_model("./tiny", Setup(folder, cluster=TWO))
    assert isinstance(found, SpreadModel)
    return found


def asked(local: LocalModel, number: int, **sampling: Any) -> list[Request]:
    prompts = list(dict.fromkeys(texts(number, shared=4)))  # a run asks nothing twice
    return requests(local, prompts, **sampling)


def spread_answers(spread: SpreadModel, wanted: list[Request]) -> dict[str, Any]:
    done = [one for batch in spread.stream(iter(wanted)) for one in batch]
    assert sorted(one.key for one in done) == sorted(one.key for one in wanted), "each one once"
    return {one.key: told(one) for one in done}


def pids(crew: Crew) -> list[int]:
    return [int(crew.ray.get(worker.pid.remote())) for worker in crew.idle]


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.8, "seed": 3}])
def test_two_workers_answer_as_this_process_does(
    local: LocalModel, spread: SpreadModel, crew: Crew, sampling: dict[str, Any]
):
    wanted = asked(local, 100, **sampling)
    here = {key: told(done) for key, done in answers(local, wanted).items()}
    assert spread_answers(spread, wanted) == here
    assert len(set(pids(crew))) == 2, "both had work"
    assert "loaded" not in spread.model.__dict__, "no weights are loaded here"


def test_a_worker_that_is_killed_costs_what_it_had_not_handed_over(
    local: LocalModel, spread: SpreadModel, crew: Crew
):
    spread_answers(spread, asked(local, 8))
    victim = pids(crew)[0]
    wanted = asked(local, 900)
    done = []
    for batch in spread.stream(iter(wanted)):
        if not done:
            os.kill(victim, signal.SIGKILL)
        done += batch
    assert sorted(one.key for one in done) == sorted(one.key for one in wanted), "each one once"
    here = answers(local, wanted)
    assert {one.key: told(one) for one in done} == {k: told(one) for k, one in here.items()}
    assert victim not in pids(crew)
    assert len(pids(crew)) == 2, "another one was hired"


def test_who_stops_early_can_go_on(local: LocalModel, spread: SpreadModel):
    wanted = asked(local, 300)
    with pytest.raises(KeyboardInterrupt):
        for _ in spread.stream(iter(wanted)):
            raise KeyboardInterrupt
    spread_answers(spread, wanted)


def test_other_weights_in_a_worker_end_the_run(local: LocalModel, folder: Path, crew: Crew):
    copytree(folder / "tiny", folder / "changed")
    changed = open_model("./changed", Setup(folder, cluster=TWO))
    write_tiny(folder / "changed", "llama", num_hidden_layers=1)
    with pytest.raises(RunError, match="is not the model that the run has opened"):
        list(changed.stream(iter(asked(local, 4))))


def test_what_a_worker_cannot_open_is_told(local: LocalModel, folder: Path, crew: Crew):
    copytree(folder / "tiny", folder / "gone")
    gone = open_model("./gone", Setup(folder, cluster=TWO))
    (folder / "gone" / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json"):
        list(gone.stream(iter(asked(local, 4))))


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = write_toy(tmp_path_factory.mktemp("ray") / "toy")
    write_tiny(made.folder / "checkpoints" / "base", "llama", **SETTINGS["llama"])
    return made


def test_a_run_comes_out_as_without(toy: Workspace, crew: Crew):
    other = Workspace(toy.folder.parent / "spread")
    copytree(toy.folder, other.folder)
    here = run_suite(toy.folder / PATH, Options(limit=12), Notes())
    there = run_suite(other.folder / PATH, Options(limit=12, cluster=TWO), Notes())
    assert (there.run_id, there.errors, there.generated) == (here.run_id, 0, here.generated)
    assert [told(s.completion) for s in other.samples(there.run_id) if s.completion] == [
        told(s.completion) for s in toy.samples(here.run_id) if s.completion
    ]
    again = run_suite(other.folder / PATH, Options(limit=12), Notes())
    assert (again.run_id, again.generated) == (here.run_id, 0), "the store is the same"


class Told:
    """Follows a curve and keeps what it said."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def run(self) -> Notes:
        return Notes()

    def training(self) -> Any:
        raise AssertionError("nothing is trained in this process")


def test_arms_of_a_curve_are_trained_side_by_side(tmp_path: Path, toy: Workspace, crew: Crew):
    toy.write("prompts/shown.j2", SHOWN + "{{ text }}")
    wish = Wish(learning_rate=5e-3, epochs=2, batch=4, stop_on="none")
    options = CurveOptions(sizes=(8,), shots=(1,), seeds=2, wish=wish, limit=8, cluster=TWO)
    follower = Told()
    result = curve(toy.folder / PATH, options, follower)
    assert result.errors == 0
    assert "Training 2 arms, 2 at once ..." in follower.notes
    names = [each.candidate.name for each in result.summary.standings]
    assert {"tuned n8 s0", "tuned n8 s1"} <= set(names)
    assert len(list((toy.folder / "checkpoints").glob("codes-tuned-n8-*"))) == 2
    follower = Told()
    again = curve(toy.folder / PATH, options, follower)
    assert (again.run_id, again.generated) == (result.run_id, 0)


def test_an_arm_that_cannot_be_trained_says_why(crew: Crew, tmp_path: Path):
    (arm,) = tune_arms("codes", CurveOptions(sizes=(4,), seeds=1), 8, RECIPE)
    unseen = Errand(tmp_path / "suites" / "none.yaml", CurveOptions(), arm)
    ((_, found),) = crew.each(train_there, [unseen])
    assert isinstance(found, Trouble)
    assert "none.yaml" in str(found.error())


def die_once(marker: Path) -> str:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def die(marker: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_work_whose_worker_is_lost_is_begun_again_but_not_for_ever(crew: Crew, tmp_path: Path):
    markers = [tmp_path / "one", tmp_path / "two"]
    assert dict(crew.each(die_once, markers)) == dict.fromkeys(markers, "done")
    with pytest.raises(RunError, match="a worker was lost 3 times"):
        list(crew.each(die, markers[:1]))
