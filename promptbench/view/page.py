"""Fill the viewer's own templates: words in, a page out; and what a page may do."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from promptbench.record import MetricInfo
from promptbench.report import asset
from promptbench.report.number import Scale, scale_of
from promptbench.report.page import environment as words_of_reports
from promptbench.report.tone import Tone
from promptbench.view.line import date

FOLDER = Path(__file__).parent / "page"
# Nobody may put a page of ours into a frame; a page itself cannot say so, a header can.
FRAMES = "; frame-ancestors 'none'"


@cache
def environment() -> jinja2.Environment:
    """The report's words and drawings, with the viewer's templates before its own."""
    made = words_of_reports()
    made.loader = jinja2.FileSystemLoader([FOLDER, asset.FOLDER])
    made.globals |= {"date": date, "scale_for": scale_for, "tones": (Tone(0, 0), Tone(1, 1))}
    return made


def fill(template: str, **words: object) -> bytes:
    """Fill a template of the viewer's; the page as UTF-8."""
    style, script = assets()
    parts = {"style": Markup(style), "script": Markup(script)}
    return environment().get_template(template).render(**words, **parts).encode("utf-8")


@cache
def assets() -> tuple[str, str]:
    """The style sheet and the script of the viewer's pages."""
    style = "".join(map(asset.source, ("report.css", "first.css"))) + source("view.css")
    return style, source("view.js")


@cache
def own_policy() -> str:
    """What the viewer's pages may do: their script may ask this server, and no other."""
    return f"{asset.policy(*assets())}; connect-src 'self'{FRAMES}"


@cache
def report_policy() -> str:
    """The policy that every report states in itself, for the header."""
    style, script = ("\n".join(map(asset.source, names)) for names in (asset.STYLES, asset.SCRIPTS))
    return asset.policy(style, script) + FRAMES


def source(name: str) -> str:
    """Read a style sheet or a script of the viewer's."""
    return (FOLDER / name).read_text(encoding="utf-8")


def scale_for(metric: MetricInfo, *values: float | None) -> Scale:
    """How a metric's values are written where these are shown."""
    return scale_of(metric, [value for value in values if value is not None])


def as_json(content: object) -> bytes:
    """A record as JSON in ASCII."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")
