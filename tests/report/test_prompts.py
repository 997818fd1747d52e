"""The prompts on the page: sources, sections by tokens, differences; hostile ones stay text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from promptbench.record import Candidate, Prompt, Run
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.prompts import MOST_PAIRS, Earlier, prompts_of
from promptbench.report.write import write_report
from tests.browser import needs_chromium, tab_of
from tests.report.records import candidate, cases, run, samples
from tests.report.test_page import Elements, text_of

OWN = "chat template and special tokens"


def prompt(name: str, source: str) -> Prompt:
    return Prompt(name, f"prompts/{name}.j2", source, f"sha of {source}"[:64])


def used(*prompts: Prompt) -> tuple[Candidate, ...]:
    return tuple(candidate(each.name, prompt=each) for each in prompts)


def counted(total: float, *sections: list[Any]) -> dict[str, Any]:
    return {"total": [total, total - 1, total + 1], "sections": list(sections)}


def page_of(made: Run, earlier: dict[str, Earlier] | None = None) -> str:
    table = {each.name: [0.5, 0.25] for each in made.candidates}
    return build_page(Material(made, cases(2), samples(table), earlier=earlier))


def section(page: str) -> str:
    return page.split('<section id="prompts"')[1].split("</section>")[0]


A = prompt(
    "a", "{% block user %}\n{% block ask %}Sum it up.{% endblock %}\n{{ body }}\n{% endblock %}\n"
)
B = prompt("b", A.source.replace("Sum it up.", "Sum it all up."))


def test_every_pair_of_a_few_prompts_is_compared_otherwise_each_with_the_first():
    few = [prompt(f"p{n}", f"text {n}") for n in range(6)]
    assert len(prompts_of(run(candidates=used(*few))).pairs) == 15
    many = [prompt(f"p{n}", f"text {n}") for n in range(7)]
    pairs = prompts_of(run(candidates=used(*many))).pairs
    assert [(each.first, each.second) for each in pairs] == [("p0", f"p{n}") for n in range(1, 7)]
    ablation = run(candidates=used(*few), manifest={"ablation": {"candidate": "p0", "blocks": []}})
    assert len(prompts_of(ablation).pairs) == 5


def test_candidates_that_send_the_same_share_a_line_in_the_order_of_the_run():
    same = counted(10.0, [0, "user", 8.0, 8, 8, 8.0], [0, OWN, 2.0, 2, 2, 2.0])
    other = counted(20.0, [0, "user", 18.0, 18, 18, 18.0], [0, OWN, 2.0, 2, 2, 2.0])
    facts = {"cases": 2, "of": 9, "candidates": {"x": same, "a": other, "b": same}}
    made = run(
        candidates=tuple(candidate(name, prompt=A) for name in ("x", "a", "b")),
        manifest={"sections": facts},
    )
    found = prompts_of(made).makeups
    assert found is not None
    assert [each.candidates for each in found.each] == [("x", "b"), ("a",)]
    bars = [[(p.start, p.width) for p in each.portions] for each in found.each]
    assert bars == [[(0, 40), (40, 10)], [(0, 90), (90, 10)]], "per cent of the longest"
    text = text_of(page_of(made))
    assert "2 cases spread over the 9" in text
    assert "x and b" in text


def test_the_counts_stand_with_the_prompts_and_not_in_the_manifest():
    facts = {"cases": 2, "of": 2, "candidates": {"a": counted(5.0, [0, "user", 5.0, 4, 6, 5.0])}}
    page = page_of(run(candidates=used(A), manifest={"sections": facts, "seed": 1}))
    assert "What a prompt is made of" in section(page)
    assert "sections" not in page.split('<section id="manifest"')[1].split("<script")[0]


def test_a_run_without_counts_and_with_one_prompt_shows_neither():
    page = section(page_of(run(candidates=used(A))))
    assert "What a prompt is made of" not in page
    assert "How they differ" not in page
    assert "earlier run" not in page, "nobody looked"


def test_blocks_are_labelled_and_changed_words_marked():
    page = section(page_of(run(candidates=used(A, B))))
    assert 'title="block ask">Sum it up.</span>' in page
    assert "<ins>all </ins>" in page
    assert "1 line gone, 1 new." in page


def test_the_same_source_under_two_names_is_said():
    page = section(page_of(run(candidates=used(A, prompt("c", A.source)))))
    assert "There is no difference" in page


def test_what_changed_since_an_earlier_run_is_shown():
    earlier = {"b": Earlier(prompt("b", A.source), "email-00ff", "2025-01-01T00:00:00+00:00")}
    page = section(page_of(run(candidates=used(A, B)), earlier))
    assert "Changed since run <code>email-00ff</code>" in page
    assert page.count("No earlier run in the store has another version of it.") == 1
    assert page.count("<ins>all </ins>") == 2


ATTACK = "</code></pre></script><script>document.title='owned'</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "source",
    [
        ATTACK,
        f"{{% block a %}}{ATTACK}{{% endblock %}}\u202eevil\u0000",
        f"{{{{ '{ATTACK}' }}}}{{# {ATTACK} #}}{{% if '{ATTACK}' %}}{{% endif %}}",
    ],
)
def test_hostile_sources_stay_text(source: str):
    harmless = Elements(page_of(run(candidates=used(A, B)), {"a": Earlier(B, "r", "2025")}))
    page = page_of(
        run(candidates=used(prompt("a", source), prompt("b", source[::-1]))),
        {"a": Earlier(prompt("a", source + "x"), ATTACK, ATTACK)},
    )
    for tag in ("script", "img", "style", "iframe"):
        assert Elements(page).tags(tag) == harmless.tags(tag)
    assert "\u202e" not in page


@pytest.mark.parametrize(
    "sources",
    [
        ["x" * 1_000_000, "y " * 500_000],
        ["a\n" * 500_000, "b\n" * 500_000],
        ["{{ x }}" * 140_000, "{% block a %}{% endblock %}" * 30_000],
        ["".join(f"{{% block b{n} %}}{n}{{% endblock %}}\n" for n in range(100)), "nothing"],
    ],
)
def test_large_sources_cost_a_page_little_more_than_their_length(sources: list[str]):
    made = run(candidates=used(*(prompt(f"p{n}", text) for n, text in enumerate(sources))))
    earlier = {"p0": Earlier(prompt("p0", "short"), "r", "2025")}
    grown = len(page_of(made, earlier)) - len(page_of(run(candidates=used(A, B))))
    assert grown < sum(map(len, sources)) + 300_000


def test_a_hundred_prompts_are_compared_within_bounds():
    made = run(candidates=used(*(prompt(f"p{n}", f"text {n}\n" * 300) for n in range(100))))
    assert len(prompts_of(made).pairs) == MOST_PAIRS


@needs_chromium
def test_one_difference_is_shown_at_a_time_and_all_in_print(browser: Browser, tmp_path: Path):
    c = prompt("c", "{{ body }}\n" + "a_long_word" * 60)
    sections = counted(5.0, [0, "user", 5.0, 4, 6, 1.0], [1, "ask", 4.0, 4, 4, 4.0])
    facts = {"cases": 2, "of": 2, "candidates": dict.fromkeys("abc", sections)}
    url = write_report(
        page_of(run(candidates=used(A, B, c), manifest={"sections": facts})), tmp_path
    ).as_uri()
    for width in (360, 1280):
        with tab_of(browser, width) as tab:
            tab.open(url)
            page = tab.page
            page.evaluate("document.querySelectorAll('.prompt').forEach((e) => { e.open = true; })")
            assert page.locator(".difference:visible h4").all_inner_texts() == ["a → b"]
            page.get_by_label("From one to another").select_option("b → c")
            assert page.locator(".difference:visible h4").all_inner_texts() == ["b → c"]
            assert tab.run("document.documentElement.scrollWidth") == width
            fill = "getComputedStyle(document.querySelector('.stack rect.c1')).fill"
            assert tab.run(fill) == "rgb(194, 74, 0)"
            page.emulate_media(media="print")
            assert page.locator(".difference:visible").count() == 3
            assert (tab.complaints, tab.dialogs) == ([], [])
