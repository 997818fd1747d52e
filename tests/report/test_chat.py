"""The section of a chat, and the dialogue of a case, on the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from promptbench.record import Message, Seen
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.write import write_report
from tests.browser import Tab, needs_chromium, tab_of
from tests.report.chatted import chatted, remembering
from tests.report.records import candidate, cases, run, samples
from tests.report.test_page import PAYLOADS, Elements, text_of
from tests.report.test_rating import begin

MEMORIES = ("all", "last:1", "none", "summary:60+last:1")
SCORES = ([0.9, 0.8, 0.7, 0.9], [0.8, 0.9, 0.6, 0.9], [0.1, 0.0, 0.2, 0.0], [0.4, 0.5, 0.4, 0.3])


def material(memories: tuple[str, ...] = MEMORIES, hostile: str = "") -> Material:
    friend = candidate(hostile or "friend")
    made = run(candidates=tuple(remembering(friend, each) for each in memories))
    names = [each.name for each in made.candidates]
    rows = samples(dict(zip(names, SCORES, strict=False)))
    rows = [
        replace(row, completion=replace(row.completion, key=f"{row.candidate} {row.case_id}"))
        for row in rows
        if row.completion
    ]
    found, turns = chatted(made, cases(4), rows)
    if hostile:
        turns = [
            replace(turn, user=hostile, reply=hostile, rule=hostile, summary=hostile)
            for turn in turns
        ]
    seen = {
        row.completion.key: Seen(row.completion.key, hostile, (Message("user", hostile),))
        for row in rows
        if row.completion
    }
    return Material(made, found, rows, prompts=seen, turns=turns)


def section(page: str) -> str:
    start = page.index('<section id="chat"')
    return page[start : page.index("</section>", start)]


def test_only_a_chat_has_the_section():
    whole = material()
    assert 'href="#chat"' in build_page(whole)
    bare = build_page(replace(whole, turns=()))
    assert 'id="chat"' not in bare and 'href="#chat"' not in bare


def test_it_tells_scores_by_distance_tokens_by_turn_and_what_each_memory_costs():
    page = section(build_page(material()))
    text = text_of(f"</style>{page}")
    assert "rougeL by turns between what was told and the question" in text
    assert "Tokens read for a turn" in text
    assert "No memory that reads less is shown to be as good as all." in text or "at most" in text
    for memory in MEMORIES:
        assert memory in text
    # One drawing of four lines over three distances, another over two turns.
    assert page.count("<title>") == 4 * (3 + 2) + 2 * 4
    assert "1 case" in text and "4 turns" in text


def test_a_single_memory_is_no_comparison_of_memories():
    text = text_of("</style>" + section(build_page(material(("all",)))))
    assert "The dialogues" in text
    assert "Against" not in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_was_said_cannot_become_markup(payload: str):
    page = build_page(material(("all", "none"), payload))
    assert Elements(page).tags("script", "img") == Elements(
        build_page(material(("all", "none")))
    ).tags("script", "img")


def test_the_same_turns_give_the_same_page():
    assert build_page(material()) == build_page(material())


def talked(tab: Tab, number: int, memory: str) -> list[str]:
    """Open a case and its dialogue with a candidate; the classes of what is shown."""
    tab.page.evaluate(f"location.hash = '#case-{number}'")
    tab.page.wait_for_selector(f"#case .opened-title:has-text('Case {number} ')")
    tab.page.wait_for_selector("#case .talk")
    tab.page.select_option("#case .talk select", label=f"friend · {memory}")
    return [
        str(each.get_attribute("class")) for each in tab.page.locator(".exchanges > ol > li").all()
    ]


@needs_chromium
@pytest.mark.parametrize("width", [1280, 360])
def test_a_case_shows_its_dialogue_and_what_was_remembered(
    browser: Browser, tmp_path: Path, width: int
):
    url = write_report(build_page(material()), tmp_path).as_uri()
    with tab_of(browser, width) as tab:
        tab.open(url)
        assert talked(tab, 2, "all") == ["exchange", "exchange own"]
        text = tab.page.inner_text("#case .talk")
        assert "The turn before stood in the prompt." in text
        assert "My name is Ada, number 1." in text and "not remembered" not in text
        assert "mood \N{MINUS SIGN}0.50" in text and "upset" in text
        assert "Turn 2 · 40 tokens in, 10 out · rougeL: 0.800 · this case" in text
        assert talked(tab, 2, "none") == ["exchange gone", "exchange own"]
        assert "not remembered" in tab.page.inner_text("#case .talk")
        assert talked(tab, 2, "summary:60+last:1") == ["exchange gone", "recap", "exchange own"]
        text = tab.page.inner_text("#case .talk")
        assert "They are Ada." in text and "9 to remember" in text
        # The choice stays, as others do.
        tab.page.click("#case [aria-label^='Next case']")
        tab.page.wait_for_selector("#case .opened-title:has-text('Case 3 ')")
        tab.page.wait_for_selector("#case .recap")
        assert tab.complaints == []
        assert tab.run("document.documentElement.scrollWidth") == width


@needs_chromium
def test_checked_turns_of_a_dialogue_lead_to_each_other(tab: Tab, tmp_path: Path):
    whole = material(("all", "none"))
    # Case 1 becomes the first turn of what case 2 is the second turn of.
    first, second, *rest = whole.cases
    first = replace(first, variables={**first.variables, "dialogue": "talk-1", "turn": 1})
    turns = [
        replace(turn, case_id=first.id) if (turn.dialogue, turn.number) == ("talk-1", 1) else turn
        for turn in whole.turns
        if turn.dialogue != "talk-0"
    ]
    page = build_page(replace(whole, cases=[first, second, *rest], turns=turns))
    tab.open(write_report(page, tmp_path).as_uri())
    assert talked(tab, 1, "all") == ["exchange own"]
    assert "nothing was said before" in tab.page.inner_text("#case .talk")
    tab.page.click("#case .talk a:has-text('case 2')")
    tab.page.wait_for_selector("#case .opened-title:has-text('Case 2 ')")
    tab.page.click("#case .talk a:has-text('case 1')")
    tab.page.wait_for_selector("#case .opened-title:has-text('Case 1 ')")
    assert tab.complaints == []


@needs_chromium
def test_a_turn_that_was_not_reached_is_said_to_be_missing(tab: Tab, tmp_path: Path):
    whole = material(("all", "none"))
    rows = [row for row in whole.samples if row.candidate == "friend · all"]
    turns = [turn for turn in whole.turns if turn.candidate == "friend · all"]
    page = build_page(replace(whole, samples=rows, turns=turns))
    tab.open(write_report(page, tmp_path).as_uri())
    talked(tab, 1, "none")
    assert "This turn has not been reached." in tab.page.inner_text("#case .talk")
    assert tab.complaints == []


@needs_chromium
def test_who_rates_sees_what_the_user_said_and_no_candidates_reply(tab: Tab, tmp_path: Path):
    whole = material(("all", "none"))
    rows = [
        replace(row, completion=replace(row.completion, text=f"{row.candidate[-4:]} says so"))
        for row in whole.samples
        if row.completion
    ]
    tab.open(write_report(build_page(replace(whole, samples=rows)), tmp_path).as_uri())
    begin(tab, wanted=1)
    told = tab.page.inner_text("#rate-input")
    assert "The user: My name is Ada, number" in told
    assert "Hello!" not in told
    other = [replace(turn, user=f"{turn.user} {turn.candidate[-4:]}") for turn in whole.turns]
    tab.open(write_report(build_page(replace(whole, samples=rows, turns=other)), tmp_path).as_uri())
    begin(tab, wanted=1)
    told = tab.page.inner_text("#rate-input")
    assert "What was said before A" in told and "What was said before B" in told
    assert tab.complaints == []
