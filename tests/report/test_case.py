"""The page of one case in a real browser: every feature clicked, on a desk and on a phone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from promptbench.metric.registry import build_metrics
from promptbench.record import (
    Case,
    Choice,
    Completion,
    Message,
    MetricSpec,
    Sample,
    Sampling,
    Score,
    Section,
    Seen,
)
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.write import write_report
from tests.browser import Tab, needs_chromium, tab_of
from tests.report.records import candidate, cases, completion, run, sample, samples

pytestmark = needs_chromium

BODY = "Dear team,\nBrian moved the call to 15:00 on Monday. 👍 " + "More of the thread. " * 40
REFERENCE = "Brian moved the call to 3 pm."
OUTPUT = "👍 Brian moved the meeting to 3 pm in 2019."
PIECES = ["👍", " Brian", " moved", " the meeting", " to", " 3 pm", " in 2019", "."]
HOSTILE = '</script><img src=x onerror="document.title=1">\u202e\x07`````'


def prompt(key: str, body: str) -> Seen:
    text = f"Summarize.\n\n{body}\n\nSummary:"
    sections = (Section("instruction", 0, 10), Section("input", 12, 12 + len(body)))
    messages = (Message("system", "Be short."), Message("user", text, sections))
    chat = "".join(f"<|im_start|>{one.role}\n{one.text}<|im_end|>\n" for one in messages)
    return Seen(key, f"{chat}<|im_start|>assistant\n", messages)


def written(key: str, text: str) -> Completion:
    """An output whose first token is half of a character, and whose last one is the end."""
    ends, at = [0], 0
    for piece in PIECES:
        at += len(piece)
        ends.append(at)
    logprobs = (-3.5, -0.01, -0.3, -1.0, -2.0, -0.05, -0.2, -4.0, -0.1, -0.02)
    known = {"ends": (*ends, at), "logprobs": logprobs} if text == "".join(PIECES) else {}
    return Completion(key, text, 412, 10, "stop", 1.25, **known)  # type: ignore[arg-type]


def page(folder: Path, hostile: str = "") -> str:
    metrics = tuple(
        metric.info
        for metric in build_metrics([MetricSpec("rougeL"), MetricSpec("invented_facts")])
    )
    name = hostile or "writes"
    labels = ("billing", hostile or "travel", "weather")
    choice = Sampling(choice=Choice(labels, tuple((each,) for each in labels)))
    made = run(
        candidates=(candidate(name), replace(candidate("chooses"), sampling=choice)),
        metrics=metrics,
    )
    given: dict[str, Any] = {"subject": hostile or "The call", "body": BODY + hostile}
    rows = [
        Case(hostile or "mail-0", given, (REFERENCE + hostile, "Another."), hostile or "thread"),
        Case("mail-1", {"body": "Short."}, ("Another reference.",)),
    ]

    def cell(who: str, case: Case, done: Completion, value: float) -> Sample:
        scores = {
            "rougeL": Score("rougeL", value),
            "invented_facts": Score("invented_facts", None, hostile or "the case has no input"),
        }
        return Sample(who, case.id, 0, done, scores)

    chosen = Completion("c", labels[1], 20, 3, "choice", 0.1, choices=(-2.0, -1.0, -9.0))
    failed = completion("", error=hostile or "out of memory")
    found = [
        cell(name, rows[0], written("w", OUTPUT + hostile), 0.75),
        cell(name, rows[1], replace(completion("Another one.", reason="length"), key="x"), 0.5),
        cell("chooses", rows[0], chosen, 0.25),
        cell("chooses", rows[1], failed, 0.0),
    ]
    seen = [prompt("w", BODY + hostile), Seen("x", "SHORT!", (Message("user", "Short."),))]
    prompts = {one.key: one for one in seen}
    made_page = build_page(Material(made, rows, found, prompts=prompts))
    return write_report(made_page, folder).as_uri()


def opened(tab: Tab, url: str, number: int = 1) -> None:
    tab.open(f"{url}#case-{number}")
    tab.page.wait_for_selector("#case article")


def quiet(tab: Tab, width: int) -> None:
    assert (tab.complaints, tab.dialogs, len(tab.requests)) == ([], [], 1)
    assert tab.run("document.documentElement.scrollWidth") == width


def all_of(tab: Tab, selector: str) -> list[str]:
    return tab.page.locator(f"#case {selector}").all_text_contents()


def said(tab: Tab) -> str:
    """The first output without what is said of its parts."""
    return str(
        tab.run("""(() => {
          const copy = document.querySelector('#case .said').cloneNode(true);
          for (const each of copy.querySelectorAll('del, .hidden, .finish')) each.remove();
          return copy.textContent.trimEnd();
        })()""")
    )


@pytest.mark.parametrize("width", [1280, 360])
def test_every_feature_of_a_case_works(browser: Browser, tmp_path: Path, width: int):
    url = page(tmp_path)
    with tab_of(browser, width) as tab:
        opened(tab, url)
        case = tab.page.locator("#case")
        assert "The call" in case.locator("dl.fields").inner_text()
        assert case.locator('.text.long[tabindex="0"]').count() == 1
        assert all_of(tab, ".cell h4 .tag") == ["best"]
        assert all_of(tab, ".ending")[0] == "finished · 412 tokens in, 10 out · 1.25 s"
        assert "unscored: the case has no input" in all_of(tab, ".scores")[0]
        assert said(tab) == OUTPUT
        compare(tab)
        facts(tab)
        probabilities(tab)
        choices(tab)
        seen(tab)
        copies(tab, url)
        assert said(tab) == OUTPUT
        found = Axe().run(tab.page, context="#case").response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        quiet(tab, width)


def compare(tab: Tab) -> None:
    assert all_of(tab, "ins") == []
    choose = tab.page.get_by_label("Compare outputs with")
    assert choose.locator("option").all_text_contents() == [
        "nothing",
        "reference 1",
        "reference 2",
        "writes",
        "chooses",
    ]
    choose.select_option("reference 1")
    assert all_of(tab, ".cell:first-child .said del") == ["missing: call "]
    assert all_of(tab, ".cell:first-child .said ins") == [
        "new: 👍 ",
        "new: meeting ",
        "new: in 2019",
    ]
    assert "only in reference 1" in all_of(tab, ".legend")[0]
    choose.select_option("chooses")
    # The one that is compared with stays as it is.
    assert tab.page.locator("#case .cell:last-child .said :is(ins, del)").count() == 0
    assert all_of(tab, ".cell:first-child .said del") == ["missing: travel"]


def facts(tab: Tab) -> None:
    tab.page.get_by_label("Mark facts").check()
    assert all_of(tab, ".said .fact.kept") == ["Brian", "3 pm"]
    assert all_of(tab, ".said .fact.invented") == ["2019"]
    styles = "[...document.querySelectorAll('.legend .fact')].map((each) =>"
    styles += " getComputedStyle(each).textDecorationStyle)"
    assert tab.run(styles) == ["wavy", "dotted", "solid"]


def probabilities(tab: Tab) -> None:
    tab.page.get_by_label("Tint tokens").check()
    assert "".join(all_of(tab, ".cell:first-child .said .token")) == f"{OUTPUT}end"
    first = tab.page.locator("#case .said .token").first
    assert first.text_content() == "👍"
    # Two tokens wrote it; the less likely one tints.
    title = str(first.get_attribute("title")).replace("\u2212", "-")
    assert title == '"👍": 3.0% (-3.50), 99.0% (-0.01)'
    assert "p4" in str(first.get_attribute("class"))
    assert tab.page.locator("#case .legend .token").count() == 5


def choices(tab: Tab) -> None:
    table = tab.page.locator("#case .labels")
    assert "softmax" in table.inner_text()
    rows = [row.split() for row in table.locator("tr").all_inner_texts()]
    assert rows == [["travel", "73.1%"], ["billing", "26.9%"], ["weather", "below", "0.1%"]]
    assert table.locator(".picked th").inner_text() == "travel"


def seen(tab: Tab) -> None:
    tab.page.get_by_text("Prompt, 412 tokens").click()
    prompt = tab.page.locator("#case .seen pre")
    assert prompt.is_visible()
    assert prompt.locator(".section.s0").inner_text().startswith("instruction")
    assert BODY.strip() in str(prompt.locator(".section.s1").text_content())
    assert prompt.locator(".special").first.inner_text() == "<|im_start|>"
    parts = all_of(tab, ".parts li")
    assert "instruction 10 characters" in parts
    assert f"input {len(BODY)} characters" in parts
    tab.page.get_by_text("As a dialogue of 2 messages").click()
    assert all_of(tab, ".turn .role") == ["system", "user"]


def copies(tab: Tab, url: str) -> None:
    tab.run(COPY)
    tab.page.locator(".case .aids").get_by_role("button", name="Copy as Markdown").click()
    status = tab.page.locator("#case [role=status]")
    assert status.inner_text() == "Copied."
    copied = tab.run("window.copied")
    assert copied.startswith("# Case 1: mail-0\n")
    for part in (BODY, REFERENCE, OUTPUT, "rougeL", "<|im_start|>system\nBe short.<|im_end|>"):
        assert part in copied
    tab.page.get_by_role("button", name="Copy link").click()
    assert tab.run("window.copied") == f"{url}#case-1"
    # A page that may not use the clipboard copies a selection.
    tab.run(REFUSE)
    tab.run("""document.addEventListener('copy', () => {
      window.copied = document.activeElement.value;
    })""")
    tab.page.get_by_role("button", name="Copy prompt").click()
    tab.until("window.copied.startsWith('<|im_start|>system')")
    assert tab.run("window.copied") == prompt("w", BODY).text
    assert status.inner_text() == "Copied."


def test_choices_stay_for_the_next_case(tab: Tab, tmp_path: Path):
    opened(tab, page(tmp_path))
    tab.page.get_by_label("Compare outputs with").select_option("reference 1")
    tab.run("location.hash = '#case-2'")
    tab.until("document.querySelector('#case h3')?.textContent.includes('Case 2')")
    assert tab.page.get_by_label("Compare outputs with").input_value() == "r0"
    assert all_of(tab, ".said ins") == ["new: one"]
    # An output that was cut off stands out, and so does an error.
    assert tab.page.locator("#case .ending .alarm").inner_text() == "cut off"
    assert "out of memory" in tab.page.locator("#case .fault strong").locator("..").inner_text()
    # A chat template that changed the text: nobody knows where its sections lie.
    tab.page.get_by_text("Prompt, 100 tokens").click()
    assert "has changed the messages" in tab.page.locator("#case .seen .aside").inner_text()
    assert all_of(tab, ".seen pre") == ["SHORT!"]
    quiet(tab, 1280)


def test_hostile_texts_stay_texts_in_every_field(tab: Tab, tmp_path: Path):
    opened(tab, page(tmp_path, HOSTILE))
    tab.page.get_by_label("Compare outputs with").select_option("reference 1")
    tab.page.get_by_label("Mark facts").check()
    tab.run("for (const each of document.querySelectorAll('details')) each.open = true")
    text = tab.page.locator("#case").inner_text()
    assert "\u202e" not in text and "\x07" not in text
    assert text.count("[U+202E][U+0007]") > 8
    assert tab.page.locator("#case img").count() == 0
    tab.run(COPY)
    tab.page.locator(".case .aids").get_by_role("button", name="Copy as Markdown").click()
    # The fences are longer than any in a text.
    assert f"``````text\n{BODY}{HOSTILE}\n``````" in tab.run("window.copied")
    assert tab.run("document.title") == "email · promptbench report"
    quiet(tab, 1280)


def test_repeats_stand_below_each_other(tab: Tab, tmp_path: Path):
    rows = [sample("a", 0, 0.5, repeat=repeat) for repeat in (0, 1)]
    made = build_page(Material(run("a", repeats=3), cases(1), rows))
    opened(tab, write_report(made, tmp_path).as_uri())
    assert all_of(tab, ".cell h5") == ["Repeat 1", "Repeat 2", "Repeat 3"]
    assert all_of(tab, ".output .fault") == ["Not run yet."]
    quiet(tab, 1280)


# Playwright would call a function that an expression gives.
COPY = "void (navigator.clipboard.writeText = async (text) => { window.copied = text; })"
REFUSE = "void (navigator.clipboard.writeText = () => Promise.reject(new Error('no')))"
DRAWN = """(() => {
  let seed = 7;
  const draw = (most) => (seed = (seed * 48271) % 2147483647) % most;
  const signs = ['the ', 'of ', 'cat', ', ', 'Grüße ', '日本 ', '👍 ', '\\n\\n', ' ', "it's "];
  const sign = () => signs[draw(signs.length)];
  const text = (most) => Array.from({ length: draw(most) }, sign).join('');
  const bare = (list) => list.join('').replace(/\\s/g, '');
  const faults = [];
  for (let turn = 0; turn < 500; turn += 1) {
    const [a, b] = [text(30), text(30)];
    const parts = bench.diff(a, b);
    const of = (kind) => parts.filter((each) => each.kind !== kind).map((each) => each.text);
    const joins = of('gone').join('') === b && bare(of('new')) === bare([a]);
    if (!joins || parts.coarse) faults.push([a, b]);
  }
  return faults;
})()"""
LONG = """(() => {
  const words = (name, every) =>
    Array.from({ length: 20000 }, (_, place) => `${place % every ? 'w' : name}${place}`).join(' ');
  const begun = performance.now();
  const [a, b] = [words('x', 3), words('y', 3)];
  const parts = bench.diff(a, b);
  const of = (kind) => parts.filter((each) => each.kind !== kind).map((each) => each.text).join('');
  return [of('gone') === b, parts.coarse, parts.length, performance.now() - begun];
})()"""


def test_differences_join_to_both_texts_and_long_ones_are_found_in_bounded_work(
    tab: Tab, tmp_path: Path
):
    tab.open(
        write_report(
            build_page(Material(run("a"), cases(1), samples({"a": [1]}))), tmp_path
        ).as_uri()
    )
    assert tab.run(DRAWN) == []
    same = tab.run("bench.diff('a  b', 'a b\\n')")
    assert [(each["kind"], each["text"]) for each in same] == [("same", "a b\n")]
    chance = tab.run("bench.diff('one two to three four', 'five six to seven eight')")
    assert [each["kind"] for each in chance] == ["gone", "new"]
    joins, coarse, parts, milliseconds = tab.run(LONG)
    assert joins and coarse
    assert parts == 20001  # every third word is gone, another is new, what is between is the same
    assert milliseconds < 5000
