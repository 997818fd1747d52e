"""Build the page of a look inside a model: a study in, one HTML document and its drawings out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from promptbench.report.asset import digest, source
from promptbench.report.effect import SCALE, Effect, bars
from promptbench.report.heat import AttentionMap, heat
from promptbench.report.page import environment


@dataclass(frozen=True, slots=True)
class Reading:
    """How a head's attention from the place of the answer is shared among the sections."""

    head: str
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """What was seen inside a model.

    `prompt` says whose attention the maps and readings show, `sections` are the readings' columns;
    `text` says what the loss (nats a token over `tokens`, in `examples`) was measured on.
    """

    model: str
    architecture: str
    parameters: int
    prompt: str
    sections: tuple[str, ...]
    readings: tuple[Reading, ...]
    maps: tuple[AttentionMap, ...]
    text: str
    loss: float
    tokens: int
    examples: int
    effects: tuple[Effect, ...]
    notes: tuple[str, ...] = ()


def build_anatomy(study: Study) -> str:
    """Build the page; it needs no network and holds no script."""
    style = source("report.css") + source("drawing.css")
    policy = f"default-src 'none'; style-src '{digest(style)}'; base-uri 'none'; form-action 'none'"
    return (
        environment()
        .get_template("anatomy.html.j2")
        .render(
            study=study,
            signed=SCALE.signed,
            bars=bars(study.effects),
            heats=[heat(each) for each in study.maps],
            style=Markup(style),
            policy=policy,
        )
    )


def drawings(study: Study) -> Mapping[str, str]:
    """The page's drawings as SVG files of their own, by name."""
    template = environment().get_template("drawing.svg.j2")
    style = Markup(source("drawing.css"))
    found = {}
    if drawn := bars(study.effects):
        found["loss.svg"] = template.render(style=style, bars=drawn, heat=None)
    for each in study.maps:
        name = f"head-{each.head}.svg"
        found[name] = template.render(style=style, bars=None, heat=heat(each))
    return found
