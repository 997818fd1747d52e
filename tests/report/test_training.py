from dataclasses import replace
from typing import Any

from promptbench.record import Run
from promptbench.report.copying import Closest, Copying
from promptbench.report.lesson import lessons
from promptbench.report.training import path, trainings
from tests.report.records import candidate, run


def course(**more: Any) -> dict[str, Any]:
    return {
        "cases": 8,
        "stop_on": "loss",
        "steps": [2, 4, 6, 8],
        "losses": [3.0, 2.0, 1.5, 1.0],
        "looked": [4, 8],
        "looks": [2.2, 2.1],
        "kept": 2,
        "dev_loss": [2.5, 2.1],
        "probe_loss": [2.0, 2.3],
        "probes": 24,
        "seconds": 12.5,
        **more,
    }


def made(*courses: dict[str, Any], **manifest: Any) -> Run:
    specs = [f"./checkpoints/{place}" for place in range(len(courses))]
    names = [f"tuned {place}" for place in range(len(courses))]
    models = {spec: {"training": said} for spec, said in zip(specs, courses, strict=True)}
    return replace(
        run(),
        candidates=(
            candidate("plain"),
            *(candidate(name, model=spec) for name, spec in zip(names, specs, strict=True)),
        ),
        manifest={"models": {"smollm2": {}, **models}, **manifest},
    )


def told(made_run: Run, copied: tuple[Copying, ...] = ()):
    found = trainings(made_run)
    assert found is not None
    return lessons(made_run, found.courses, copied)


def test_a_run_without_a_fine_tune_has_no_training():
    assert trainings(run("a", "b")) is None
    assert trainings(replace(run("a"), manifest={"models": {"smollm2": {"family": "x"}}})) is None


def test_a_training_is_told_by_its_losses_and_dev_from_before_the_first_step():
    found = trainings(made(course()))
    assert found is not None
    (only,) = found.courses
    assert (only.name, only.steps, only.kept, only.probes) == ("tuned 0", 8, 2, 24)
    assert only.losses == ((2.0, 3.0), (4.0, 2.0), (6.0, 1.5), (8.0, 1.0))
    assert only.looks == ((0.0, 2.5), (4, 2.2), (8, 2.1))
    assert only.fell == (3.0, 1.0)


def test_a_metric_on_dev_is_no_loss_and_is_not_drawn_as_one():
    found = trainings(made(course(stop_on="metric", looks=[0.3, 0.4])))
    assert found is not None
    assert found.courses[0].looks == ()
    assert found.courses[0].scores == (0.3, 0.4)
    assert found.panels[0].traces[0].looks == ()


def test_seeds_of_an_arm_share_a_drawing():
    arms = [
        {"candidate": name, "group": "tuned n8", "kind": "tune", "labels": 8, "prompt": "plain"}
        for name in ("tuned 0", "tuned 1")
    ]
    found = trainings(made(course(), course(losses=[4.0, 3, 2, 1]), curve={"arms": arms}))
    assert found is not None
    (panel,) = found.panels
    assert panel.title == "tuned n8"
    assert [each.course.name for each in panel.traces] == ["tuned 0", "tuned 1"]
    # The same axes for both: the highest loss of all is at the top.
    assert panel.traces[1].path.startswith("M") and panel.up.high == 4.0


def test_an_older_curve_has_its_losses_beside_the_arms():
    arms = [{"candidate": "tuned 0", "group": "g", "losses": [2.0, 1.0], "probe_loss": [2.0, 2.0]}]
    made_run = made({}, curve={"arms": arms})
    found = trainings(made_run)
    assert found is not None
    assert found.courses[0].losses == ((1.0, 2.0), (2.0, 1.0))


def test_one_checkpoint_with_two_prompts_is_one_training():
    first = made(course())
    both = replace(first, candidates=(*first.candidates, candidate("b", model="./checkpoints/0")))
    found = trainings(both)
    assert found is not None
    assert len(found.courses) == 1


def test_a_path_of_one_point_is_a_dash():
    assert path([(1.0, 2.0)]) == "M1 2h3"
    assert path([(1.0, 2.0), (3.5, 4.0)]) == "M1 2L3.5 4"


def test_what_the_losses_did_is_said_plainly():
    assert told(made(course())).loss == (
        "The training loss fell from the first tenth of the steps to the last.",
        "On dev, which is not trained on, the loss did not rise: the learning carries over.",
    )
    bad = told(made(course(), course(losses=[1.0, 1, 1, 2], dev_loss=[2.0, 2.6]))).loss
    assert bad[0].startswith("The training loss did not fall in tuned 1")
    assert bad[1].startswith("On dev the loss rose in tuned 1")
    assert "was not taken" in told(made(course(dev_loss=[None, None]))).loss[1]


def test_what_was_forgotten_is_said_with_its_size():
    (rose,) = told(made(course())).forgetting
    assert rose.startswith("On 24 questions beside the suite the loss rose")
    assert "tuned 0 (by 0.30)" in rose
    (little,) = told(made(course(probe_loss=[2.0, 2.04]))).forgetting
    assert "rose by at most 0.04 nats a token: no sign of forgetting" in little
    (none,) = told(made(course(probe_loss=[2.0, 1.9]))).forgetting
    assert none.endswith("the loss did not rise: no sign of forgetting.")
    assert told(made(course(probe_loss=[None, None]))).forgetting[0].startswith("Not measured")


def test_the_leak_check_is_said_with_its_result():
    clean = {"compared with": ["train", "dev"], "nearly equal from": 0.85, "cases": 40}
    assert told(made(course(), leaks=clean)).leaks == (
        "None of the 40 cases equals or nearly equals (similarity from 0.85) one of train and dev:"
        " no answer could be had by remembering.",
    )
    assert "3 of 40 cases" in told(made(course(), leaks=clean | {"left out": 3})).leaks[0]
    alone = told(made(course(), leaks=clean | {"compared with": []})).leaks[0]
    assert "leaks were not looked for" in alone
    assert told(made(course())).leaks == ("No leak check is recorded for this run.",)


def test_copies_are_counted_of_the_fine_tunes_alone():
    closest = Closest(1, "x", "out", 0.9, "t", "out")
    rows = (
        Copying("plain", 10, 0.3, None, 7, closest),
        Copying("tuned 0", 10, 0.3, None, 2, closest),
    )
    assert told(made(course()), rows).leaks[-1] == (
        "2 of 10 outputs repeat a training answer (tuned 0)."
    )
    none = (replace(rows[1], copied=0),)
    assert told(made(course()), none).leaks[-1].startswith("None of the fine-tunes' 10 outputs")
