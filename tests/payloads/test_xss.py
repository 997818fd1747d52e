"""Texts that run in a page that does not escape them stay texts in every page that we write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as Xml

import pytest
from playwright.sync_api import Browser, Route

from promptbench.gate.annotation import commands
from promptbench.gate.junit import junit
from promptbench.record import Case, Judgement
from promptbench.report.anatomy import build_anatomy, drawings
from promptbench.report.baseline import boards
from promptbench.report.grid import lay_out
from promptbench.report.markdown import markdown
from promptbench.report.material import Material
from promptbench.report.number import Scale
from promptbench.report.page import build_page
from promptbench.report.summary import summarise_grid
from promptbench.report.write import write_report
from promptbench.run.job import store_path
from promptbench.store.database import Sitting
from tests.browser import Tab, needs_chromium, tab_of
from tests.payloads.hostile import marked, poisoned, studied, whole
from tests.payloads.poison import Poison
from tests.payloads.xss import EVIL, PAYLOADS
from tests.report.ablated import ablated
from tests.report.everything import material
from tests.report.labelled import drawn
from tests.report.records import cases, run, samples
from tests.report.test_form import SECTIONS
from tests.report.test_page import ALIVE, Elements
from tests.run.workspace import Workspace
from tests.store.records import case
from tests.view.conftest import serving

COUNT = 60
FEW = ("Run.", "MetricInfo.", "Candidate.", "Prompt.", "Score.reason", "Control.")


def test_count():
    assert len(PAYLOADS) == len(set(PAYLOADS)) == COUNT


# The detector, and a page that forgets to escape.

NAIVE_URL = "http://naive.invalid/"
NAIVE = """<!doctype html><html data-ready><meta charset=utf-8><title>naive</title>
<div>{0}</div><textarea>{0}</textarea><i title="{0}">x</i><i title='{0}'>x</i><i title={0}>x</i>
<!-- {0} --><svg><desc><![CDATA[{0}]]></desc></svg><style>/* {0} */</style>
<script>var a = "{0}";</script><script>var b = '{0}';</script><script>var c = `{0}`;</script>
<a id=link href="{0}">link</a></html>"""
# Says so whenever a script sets the mark, also of a page that is left at once.
WATCH = "Object.defineProperty(window, '__pwned', { set() { console.log('pwned'); } });"
ALARMS = """(() => {
  const found = [];
  for (const each of document.querySelectorAll('*'))
    for (const { name, value } of each.attributes) {
      if (/^on/i.test(name)) found.push(`${each.tagName} ${name}`);
      if (/^(href|src|action|data)$/i.test(name) && /^\\s*javascript:/i.test(value))
        found.push(`${each.tagName} ${value}`);
    }
  return found;
})()"""


@pytest.fixture
def watched(browser: Browser) -> Iterator[Tab]:
    """A tab that complains of a script that sets the mark."""
    with tab_of(browser) as tab:
        tab.page.add_init_script(WATCH)
        yield tab


def alarms(tab: Tab, own: str) -> list[str]:
    """Whatever a page did or tried: scripts, dialogs, requests, and what its policy stopped."""
    asked = [each for each in tab.requests if not each.startswith((own, "about:", "blob:"))]
    return [*tab.run(ALARMS), *tab.dialogs, *asked, *tab.complaints]


@needs_chromium
def test_every_payload_is_live_in_a_page_that_does_not_escape(watched: Tab):
    assert [payload for payload in PAYLOADS if not goes_off(watched, payload)] == []


def goes_off(tab: Tab, payload: str) -> bool:
    """Whether a payload runs, asks for something or opens a dialog."""
    for heap in (tab.dialogs, tab.requests, tab.complaints):
        heap.clear()
    tab.page.unroute_all()
    tab.page.route("**/*", lambda route: answer(route, payload))
    tab.page.goto(NAIVE_URL, wait_until="commit")

    def heard() -> bool:
        asked = any(EVIL in each for each in tab.requests)
        return asked or "pwned" in tab.complaints or bool(tab.dialogs)

    for _ in range(20):
        if heard():
            return True
        if payload.startswith("javascript:"):
            tab.page.click("#link")
        tab.page.wait_for_timeout(20)
    return heard()


def answer(route: Route, payload: str) -> None:
    """The naive page itself, and nothing else in the world."""
    if route.request.url == NAIVE_URL:
        route.fulfill(body=NAIVE.replace("{0}", payload), content_type="text/html")
    else:
        route.abort()


# Reports


def test_every_payload_stands_in_every_field_of_which_there_are_many():
    poison = Poison(PAYLOADS, FEW)
    poisoned(whole(), poison)
    everywhere = {place for place, used in poison.used.items() if used == set(PAYLOADS)}
    assert everywhere >= {
        *("Case.id", "Case.cluster", "Case.references", "name of a variable", "Turn.user"),
        *("Judgement.gate", "Judgement.figure", "Judgement.reason", "Judgement.candidate"),
        *("Nearness.train", "Nearness.target", "Rating.rater", "Rating.note"),
        *("Seen.text", "Message.text", "Section.name", "Choice.labels"),
    }
    all_at_once = "\n".join(PAYLOADS)
    for place in ("Run.suite", "Run.description", "Run.split", "MetricInfo.label", "Prompt.path"):
        assert poison.used[place] == {all_at_once}, place


@pytest.mark.parametrize("payload", PAYLOADS[:3] + PAYLOADS[-3:] + ("\n".join(PAYLOADS),))
def test_no_text_of_a_report_becomes_markup(payload: str, tame: Elements):
    becomes_no_markup(payload, tame)


@pytest.mark.long
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_a_report_becomes_markup_at_length(payload: str, tame: Elements):
    becomes_no_markup(payload, tame)


def becomes_no_markup(payload: str, tame: Elements) -> None:
    hostile = Elements(build_page(poisoned(material(drawn(2, 3)), Poison([payload]))))
    assert hostile.tags(*ALIVE) == tame.tags(*ALIVE)
    assert set(hostile.tags()) <= set(tame.tags())
    for _, attributes in hostile.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/svg+xml,"))


@pytest.fixture(scope="module")
def tame() -> Elements:
    """The same page with harmless texts of the same length, laid out alike."""
    return Elements(build_page(poisoned(material(drawn(2, 3)), Poison(["word " * 12]))))


@needs_chromium
def test_a_report_shows_all_of_it_and_runs_none(watched: Tab, tmp_path: Path):
    page = build_page(poisoned(whole(), Poison(PAYLOADS, FEW)))
    url = write_report(page, tmp_path).as_uri()
    watched.open(url)
    watched.page.wait_for_selector("html[data-whole]", state="attached")
    for section in SECTIONS:
        assert watched.page.locator(f"#{section}").count() == 1, section
    open_all(watched)
    for number in range(1, COUNT + 1):
        watched.run(f"location.hash = '#case-{number}'")
        watched.page.wait_for_selector(f"#case .opened-title:has-text('Case {number} ')")
        open_all(watched)
    text = watched.page.inner_text("#case")
    assert "__pwned" in text
    watched.page.keyboard.press("Escape")
    for payload in PAYLOADS[::12]:
        watched.page.fill("#search", payload)
    use_all(watched, "select")
    use_all(watched, "#cases button, #cases form button")
    watched.page.wait_for_timeout(200)
    assert alarms(watched, url) == []


def use_all(tab: Tab, kind: str) -> None:
    """Choose something else in each select, click each button: sort, filter, compare, copy."""
    found = [each for each in tab.page.query_selector_all(kind) if each.is_visible()]
    assert len(found) > 3, kind
    for each in found:
        if not each.is_visible():  # what was used before has put it away
            continue
        if kind == "select":
            each.select_option(index=1)
        else:
            each.dispatch_event("click")  # whatever lies over it


def open_all(tab: Tab) -> None:
    """Nothing stays folded."""
    tab.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


@needs_chromium
def test_who_rates_blind_sees_texts(watched: Tab, tmp_path: Path):
    names = [f"{payload} {place}" for place, payload in enumerate(PAYLOADS[:2])]
    found = [Case(p, {p: p}, (p,), p) for p in PAYLOADS]
    made = samples({name: [0.5] * COUNT for name in names})
    rows = [
        replace(
            each,
            case_id=PAYLOADS[n % COUNT],
            completion=each.completion
            and replace(each.completion, text=f"{PAYLOADS[n % COUNT]}{n}"),
        )
        for n, each in enumerate(made)
    ]
    url = write_report(build_page(Material(run(*names), found, rows)), tmp_path).as_uri()
    watched.open(url)
    watched.page.click("#rate-open")
    watched.page.fill("[name=rater]", PAYLOADS[0])
    watched.page.check("[name=references]")
    watched.page.fill("[name=wanted]", str(COUNT))
    watched.page.click("#rate-setup .main")
    for payload in PAYLOADS:
        seen = watched.page.inner_text("#rate-outputs")
        assert any(each.split("\n")[0] in seen for each in PAYLOADS)
        watched.page.keyboard.press("n")
        watched.page.keyboard.insert_text(payload)
        watched.page.keyboard.press("Enter")
        watched.page.keyboard.press("1")
    assert "60 ratings" in watched.page.inner_text("#rate-end")
    assert alarms(watched, url) == []


@needs_chromium
def test_other_pages_run_none(watched: Tab, tmp_path: Path):
    blocks = PAYLOADS[:6]
    made, found, rows = ablated({"": [1.0, 0.5], **{block: [0.5, 0.0] for block in blocks}})
    page = build_page(poisoned(Material(made, found, rows), Poison(PAYLOADS, FEW)))
    assert 'id="ablation"' in page
    url = write_report(page, tmp_path).as_uri()
    watched.open(url)
    open_all(watched)
    assert alarms(watched, url) == []
    path = tmp_path / "anatomy.html"
    path.write_text(build_anatomy(studied()), encoding="utf-8")
    watched.page.goto(path.as_uri())
    assert "__pwned" in watched.page.inner_text("body")
    assert alarms(watched, path.as_uri()) == [url] or alarms(watched, path.as_uri()) == []


@needs_chromium
def test_the_viewer_runs_none(watched: Tab, workspace: Workspace):
    with workspace.store() as store:
        for serial, payload in enumerate(PAYLOADS):
            hostile = Poison([payload]).record(run("a", "b"))
            store.begin(
                marked(hostile, [payload]),
                Sitting("plan", serial, fresh=False),
                map(case, range(2)),
            )
    ids = [f"{payload} //{run('a').id}" for payload in PAYLOADS]
    with serving(store_path(workspace.folder)) as viewer:
        watched.open(viewer.url)
        assert watched.page.inner_text("#shown") == f"{COUNT} runs"
        assert alarms(watched, viewer.base) == []
        for one, other in zip(ids[::20], ids[1::20], strict=True):
            a, b = quote(one, safe=""), quote(other, safe="")
            watched.page.goto(f"{viewer.base}/compare?a={a}&b={b}")
            assert alarms(watched, viewer.base) == []
            watched.page.goto(f"{viewer.base}/run/{a}")
            watched.page.wait_for_selector("html[data-ready]", state="attached")
            assert alarms(watched, viewer.base) == []
        assert viewer.told == []


# Outputs that are no pages


def test_no_drawing_is_anything_but_a_drawing():
    for text in drawings(studied()).values():
        tags = {each.tag.rpartition("}")[2] for each in Xml.fromstring(text).iter()}
        assert tags <= {"svg", "style", "g", "rect", "text", "title", "line", "path", "desc"}
        for each in Xml.fromstring(text).iter():
            assert not [name for name in each.attrib if name.startswith("on") or "href" in name]


@pytest.fixture(params=PAYLOADS)
def payload(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def test_no_text_of_other_files_becomes_markup(payload: str):
    gate = Judgement(payload, 3, "failed", payload, payload, payload, payload)
    root = Xml.fromstring(junit(payload, payload, [gate]))
    assert {each.tag for each in root.iter()} == {
        *("testsuites", "testsuite", "properties", "property"),
        *("testcase", "failure"),
    }
    (line,) = commands([gate], Path(f"{payload}.yaml".replace("/", "")), {})
    assert line.startswith("::error file=") and "\n" not in line
    assert "::" not in line.removeprefix("::error").partition("::")[0]
    made = replace(run(payload, "b"), suite=payload)
    grid = lay_out(made, cases(2), samples({payload: [1, 0], "b": [0, 1]}))
    summary = summarise_grid(made, grid)
    told = markdown(made, summary, Scale(3), boards(made, grid, summary).first)
    assert not [place for place, sign in enumerate(told) if sign == "<" and told[place - 1] != "\\"]
