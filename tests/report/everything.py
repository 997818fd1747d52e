"""A page with every section: a chat of choices, a curve, judged, repeated, gated, with copies."""

from __future__ import annotations

from dataclasses import replace

from promptbench.record import Control, Judgement, MetricInfo, Nearness, Run, Score
from promptbench.report.material import Material
from promptbench.report.page import build_page
from tests.report.chatted import chatted
from tests.report.labelled import Made, drawn

SETTINGS = {"metric": "judge", "scale": [1, 5], "human": "", "rated": ""}
JUDGE = MetricInfo("helpful", "helpful, judged by m", "higher", 1.0, 5.0, settings=SETTINGS)
COURSE = {
    "stop_on": "loss",
    "steps": list(range(1, 41)),
    "losses": [3 / (1 + step / 9) for step in range(40)],
    "looked": [20, 40],
    "looks": [1.6, 1.4],
    "kept": 2,
    "dev_loss": [2.9, 1.4],
    "probe_loss": [2.2, 2.4],
    "probes": 24,
    "seconds": 61.0,
}


def everything() -> str:
    """Build the page."""
    return build_page(material(drawn(4, 24)))


def material(labelled: Made) -> Material:
    """All that such a page is made of, around a classification."""
    made, cases, samples = labelled
    again = [replace(each, repeat=1) for each in samples]
    rows = [
        replace(each, scores={**each.scores, "helpful": Score("helpful", 4.0, "", (1.0, 1.0))})
        for each in (*samples, *again)
    ]
    cases, turns = chatted(_run(made), cases, rows)
    return Material(
        _run(made),
        cases,
        rows,
        [
            Judgement("accuracy at least 0.5", 1, "passed", "accuracy", "0.6 (0.5 to 0.7)", "", ""),
            Judgement("accuracy at least 0.9", 2, "failed", "accuracy", "0.6 (0.5 to 0.7)", "", ""),
        ],
        [Nearness("written", cases[0].id, 0, 0.9, 0.3, "train-1", "A training answer. " * 30)],
        [Control("says nothing", cases[0].id, Score("helpful", 5.0, "", (1.0, 1.0)))],
        turns=turns,
    )


def _run(made: Run) -> Run:
    plain, tuned = made.candidates
    arms = [
        {"candidate": plain.name, "group": "plain", "kind": "prompt", "labels": 0, "dev": 0.5},
        {
            "candidate": tuned.name,
            "group": "tuned n8",
            "kind": "tune",
            "labels": 8,
            "seconds": 61.0,
            "tokens": 900,
            "probe_loss": [2.2, 2.4],
        },
    ]
    return replace(
        made,
        repeats=2,
        metrics=(*made.metrics, JUDGE),
        candidates=(
            replace(plain, memory="summary:60+last:1"),
            replace(tuned, model="./checkpoints/x", memory="none"),
        ),
        manifest={
            "models": {"./checkpoints/x": {"training": COURSE}},
            "leaks": {
                "compared with": ["train", "dev"],
                "nearly equal from": 0.85,
                "cases": 26,
                "left out": 2,
                "from": {"train": 2},
            },
            "curve": {"arms": [{**arm, "prompt": "plain"} for arm in arms], "seeds": 1},
        },
    )
