"""Build the page of a run: records in, one self-contained HTML document out, same in, same out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from shlex import quote
from typing import Any

import jinja2
from markupsafe import Markup

from promptbench.record import Candidate, Case, MetricInfo, Run, Sample
from promptbench.report.ablation import meaning
from promptbench.report.advice import Advice, advise
from promptbench.report.asset import FOLDER, assets
from promptbench.report.axis import Axis, axis
from promptbench.report.baseline import WORDS, boards
from promptbench.report.chat import chat
from promptbench.report.classification import classify
from promptbench.report.copying import copying
from promptbench.report.digest import data_digest
from promptbench.report.early import is_early
from promptbench.report.explore import TOLD, explore
from promptbench.report.grid import Grid, lay_out, primary_metric
from promptbench.report.human import human
from promptbench.report.judging import judging, noted
from promptbench.report.learning import Learning, learning
from promptbench.report.lesson import lessons
from promptbench.report.manifest import as_text, brief, tabulate
from promptbench.report.markdown import markdown
from promptbench.report.material import Material
from promptbench.report.mood import shares
from promptbench.report.number import (
    Scale,
    count,
    duration,
    fixed,
    listing,
    money,
    probability,
    scale_of,
)
from promptbench.report.pack import pack
from promptbench.report.pareto import costs
from promptbench.report.plot import Plot, plot
from promptbench.report.prompts import prompts_of
from promptbench.report.summary import Summary, summarise_grid
from promptbench.report.tally import flaws, tally
from promptbench.report.tone import SHAPES, Tone, tones
from promptbench.report.training import trainings
from promptbench.report.verdict import cases_in_clusters, reading
from promptbench.report.visible import visible

DIRECTIONS = {
    "higher": "Higher is better.",
    "lower": "Lower is better.",
    "none": "No direction is better.",
}


@dataclass(frozen=True, slots=True)
class Learned:
    """A curve for the page: its figures, the answer, the drawing."""

    found: Learning
    advice: Advice
    plot: Plot | None


def build_page(material: Material) -> str:
    """Build the page. It needs no network, and nothing in the records can become markup."""
    run = material.run
    grid, summary = material.figures or figures_of(run, material.cases, material.samples)
    ordered = grid.by_id()
    judges = judging(run, ordered, summary, material.controls)
    summary = noted(summary, judges)
    scales = _scales(run, summary)
    names = tuple(each.candidate.name for each in summary.standings)
    looks = tones(run)
    copied = copying(material.nearness, grid, names)
    training = trainings(run)
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            run=run,
            summary=summary,
            scales=scales,
            scale=scales[summary.primary.name],
            created=_date(run.created),
            tones=looks,
            axes={metric.name: _metric_axis(summary, metric.name) for metric in run.metrics},
            boards=boards(run, ordered, summary),
            tally=tally(summary),
            costs=costs(summary, ordered),
            training=training,
            lessons=training and lessons(run, training.courses, copied),
            prompts=prompts_of(run, material.earlier),
            # The sections' tokens stand with the prompts.
            groups=tabulate({k: v for k, v in run.manifest.items() if k != "sections"}),
            packed=Markup(pack(run, grid, names, material.prompts, material.turns)),  # base64
            judgements=material.judgements,
            classification=classify(run, ordered, names),
            learning=learned(run, ordered, scales[summary.primary.name]),
            tone_prompt=Tone(0, 0),
            tone_tuned=Tone(1, 1),
            explored=explore(run, ordered),
            told=TOLD,
            early=is_early(run),
            copied=copied,
            chat=chat(material, ordered, summary, scales[summary.primary.name]),
            judging=judges,
            spent=material.spent,
            human=human(run, grid, material.ratings, names),
            **assets(_data(run, grid, summary, scales, looks)),
        )
    )


def figures_of(run: Run, cases: Sequence[Case], samples: Iterable[Sample]) -> tuple[Grid, Summary]:
    """Lay the samples out and work out every figure of a report."""
    grid = lay_out(run, cases, samples)
    return grid, summarise_grid(run, grid)


def learned(run: Run, grid: Grid, scale: Scale) -> Learned | None:
    """The curve of a run that is one."""
    found = learning(run, grid)
    advice = found and advise(found, grid, primary_metric(run), scale)
    return Learned(found, advice, plot(found, scale)) if found and advice else None


def direction(metric: MetricInfo) -> str:
    """Say which way a metric is better."""
    return DIRECTIONS[metric.direction]


def environment() -> jinja2.Environment:
    """Where templates come from, and the words that they can use."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    words = (
        as_text,
        brief,
        cases_in_clusters,
        count,
        direction,
        duration,
        fixed,
        flaws,
        listing,
        markdown,
        meaning,
        money,
        probability,
        quote,
        shares,
    )
    environment.globals.update({word.__name__: word for word in (*words, reading)})
    environment.globals["shapes"] = SHAPES
    environment.globals["words_of"] = WORDS
    return environment


def _data(
    run: Run,
    grid: Grid,
    summary: Summary,
    scales: Mapping[str, Scale],
    looks: Mapping[str, Tone],
) -> str:
    """Write what the script must know before it unpacks the cases."""
    content = {
        "run": run.id,
        "suite": run.suite,
        "data": data_digest(grid.cases),
        "cases": summary.cases,
        "repeats": run.repeats,
        "primary": [metric.name for metric in run.metrics].index(summary.primary.name)
        if summary.primary in run.metrics
        else None,
        "metrics": [
            {
                "name": metric.name,
                "label": metric.label,
                "direction": metric.direction,
                "low": metric.low,
                "high": metric.high,
                "binary": metric.binary,
                "decimals": scales[metric.name].decimals,
            }
            for metric in run.metrics
        ],
        "candidates": [_look(each.candidate, looks) for each in summary.standings],
        "shapes": SHAPES,
    }
    # ASCII only, which covers U+2028 and U+2029 as well.
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _look(candidate: Candidate, looks: Mapping[str, Tone]) -> dict[str, Any]:
    tone = looks[candidate.name]
    return {
        "name": candidate.name,
        "prompt": candidate.prompt.name,
        "model": candidate.model,
        "colour": tone.colour,
        "shape": tone.shape,
        "labels": candidate.sampling.choice.labels if candidate.sampling.choice else None,
    }


def _scales(run: Run, summary: Summary) -> Mapping[str, Scale]:
    metrics = {metric.name: metric for metric in (primary_metric(run), *run.metrics)}
    return {
        name: scale_of(
            metric,
            [
                found.mean
                for each in summary.standings
                if (found := each.estimate(metric)) is not None
            ],
        )
        for name, metric in metrics.items()
    }


def _metric_axis(summary: Summary, metric: str) -> Axis | None:
    found = (each.figures[metric].estimate for each in summary.standings)
    values = [value for each in found if each for value in (each.mean, each.low, each.high)]
    return axis(values, 3)


def _date(created: str) -> str:
    """Write a date that can be read; one that is not ISO 8601 stays as it is."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    zone = f" {moment.tzname()}" if moment.tzname() else ""
    return f"{moment.day} {moment:%B %Y, %H:%M}{zone}"
