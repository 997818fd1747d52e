"""What a fine-tuned checkpoint says of its training, kept small."""

import json
from pathlib import Path

import pytest

from promptbench.model.local.trained import MOST, thinned, trained, training

SAID = {
    "kind": "finetune",
    "base": {"spec": "smollm2"},
    "suite": "email",
    "prompt": {"name": "plain"},
    "recipe": {"method": "full", "epochs": 2, "stop_on": "loss"},
    "data": {"train": 8},
    "steps": {"done": 4, "planned": 4},
    "losses": [3.0, 2.0, 1.5, 1.0],
    "looks": [[1, 2, 2.2], [2, 4, 2.1]],
    "best": 2,
    "dev_loss": [2.5, 2.1],
    "probe_loss": [2.0, 2.3],
    "probes": 24,
    "seconds": 12.5,
}


def folder(tmp_path: Path, **said: object) -> Path:
    (tmp_path / "promptbench.json").write_text(json.dumps({**SAID, **said}), encoding="utf-8")
    return tmp_path


def test_the_course_of_a_training_is_told(tmp_path: Path):
    found = training(folder(tmp_path))
    assert (found["steps"], found["losses"]) == ([1, 2, 3, 4], [3.0, 2.0, 1.5, 1.0])
    assert (found["looked"], found["looks"], found["kept"]) == ([2, 4], [2.2, 2.1], 2)
    assert (found["dev_loss"], found["probe_loss"], found["probes"]) == ([2.5, 2.1], [2.0, 2.3], 24)
    assert ("fine-tuned on", "8 cases of email") in trained(tmp_path)


@pytest.mark.parametrize("said", [{"kind": "pretrain"}, None])
def test_any_other_checkpoint_has_none(tmp_path: Path, said: dict[str, str] | None):
    place = folder(tmp_path, **said) if said else tmp_path
    assert training(place) == {}
    assert trained(place) == ()


@pytest.mark.parametrize("steps", [1, 59, 60, 61, 130, 1510])
def test_a_long_course_is_means_over_neighbours_and_loses_no_step(steps: int):
    losses = [float(place) for place in range(steps)]
    ends, means = thinned(losses)
    assert len(ends) == len(means) == min(steps, MOST)
    assert ends[-1] == steps
    assert ends == sorted(set(ends))
    widths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    assert max(widths) - min(widths) <= 1
    whole = sum(mean * width for mean, width in zip(means, widths, strict=True)) / steps
    assert whole == pytest.approx(sum(losses) / steps)
