import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from promptbench.record import Case, Judgement, MetricInfo, Prompt, Sample, Score
from promptbench.report.page import build_page
from tests.report.records import METRIC, candidate, cases, completion, run, sample, samples

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "javascript:alert(1)//--><iframe src=//evil.example>",
    "{{ 7 * 7 }}{% raw %}\u2028\u2029\u202e\x00\ud800",
)
ALIVE = {"script", "style", "img", "iframe", "object", "embed", "base", "meta", "link", "form"}


class Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag):
        self._open = ""

    def handle_data(self, data):
        self.texts.setdefault(self._open, []).append(data)

    def tags(self, *names: str) -> list[str]:
        return [tag for tag, _ in self.found if tag in names]


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("</style>")[1]))


def hostile_page(payload: str) -> str:
    prompt = Prompt(payload, payload, payload, payload)
    metrics = tuple(
        MetricInfo(name, payload, "higher", description=payload, settings={payload: payload})
        for name in (METRIC, payload)
    )
    made = run(
        candidates=(
            candidate(payload, model=payload, prompt=prompt),
            candidate("other", prompt=prompt),
        ),
        metrics=metrics,
        manifest={payload: {payload: [payload, {payload: payload}]}},
    )
    case = Case(payload, {payload: payload, "long": payload * 99}, (payload,), payload)
    scores = {METRIC: Score(METRIC, 0.5), payload: Score(payload, None, payload)}
    rows = [
        Sample(payload, payload, 0, completion(payload), scores),
        Sample("other", payload, 0, completion("", error=payload), {}),
    ]
    return build_page(made, [case], rows)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_the_records_becomes_markup(payload: str):
    harmless = Elements(hostile_page("harmless"))
    hostile = Elements(hostile_page(payload))
    assert hostile.tags(*ALIVE) == harmless.tags(*ALIVE)
    # Short and long texts are laid out differently; beyond that the elements are the same.
    assert set(hostile.tags()) <= set(harmless.tags())
    for _, attributes in hostile.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/svg+xml,"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_embedded_data_can_be_read_and_cannot_end_its_element(payload: str):
    page = hostile_page(payload)
    data = page.split('id="data">')[1].split("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(data)
    assert json.loads(data)["cases"][0] == {"id": payload, "scores": [0.5, None]}
    page.encode("utf-8")


def test_the_policy_allows_one_style_and_one_script_by_their_digests():
    found = Elements(build_page(run("a"), cases(1), samples({"a": [0.5]})))
    assert found.tags("script", "style") == ["style", "script", "script"]
    policy = next(
        attributes["content"]
        for tag, attributes in found.found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style, script = "".join(found.texts["style"]), found.texts["script"][-1]
    for kind, text in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy


def test_the_same_records_give_the_same_bytes():
    def page() -> str:
        table = {"a": [0.5, 0.25, 0.75], "b": [0.25, 0.5, 0.5]}
        return build_page(run("a", "b"), cases(3), samples(table))

    assert page() == page()


def test_the_order_of_samples_does_not_matter():
    rows = samples({"a": [0.5, 0.25], "b": [0.25, 0.5]})
    made = run("a", "b"), cases(2)
    assert build_page(*made, rows) == build_page(*made, rows[::-1])


def test_unscored_and_errors_are_shown_as_such():
    rows = [
        sample("a", 0, None, reason="the judge gave no verdict"),
        sample("b", 0, None, done=completion("", error="the server is gone")),
    ]
    shown = text_of(build_page(run("a", "b", "c"), cases(1), rows))
    assert "unscored: the judge gave no verdict" in shown
    assert "error: the server is gone" in shown
    assert "Not run yet." in shown
    assert "0.000" not in shown


def test_every_repeat_is_shown():
    rows = [
        sample("a", 0, 0.5, repeat=repeat, done=completion(f"Answer {repeat}"))
        for repeat in range(3)
    ]
    shown = text_of(build_page(run("a", repeats=3), cases(1), rows))
    assert all(f"Repeat {repeat + 1} Answer {repeat}" in shown for repeat in range(3))


def test_a_case_has_an_anchor_its_texts_and_its_best_output():
    page = build_page(run("a", "b"), cases(2), samples({"a": [0.5, 0.1], "b": [0.4, 0.1]}))
    assert 'id="case-1"' in page and 'href="#case-2"' in page
    shown = text_of(page)
    assert "Subject 1" in shown and "line two of 1." in shown and "Reference 1." in shown
    # In the second case both are equal, and nobody is marked.
    assert shown.count(" best 0.") == 1


def test_entities_in_the_data_stay_as_they_are():
    case = Case("x", {"body": "&gt; quoted &amp; more"}, ())
    assert "&amp;gt; quoted &amp;amp; more" in build_page(run("a"), [case], [])


def test_a_binary_metric_is_told_as_yes_or_no():
    made = run("a", metrics=(MetricInfo(METRIC, METRIC, "higher", binary=True),))
    assert f"{METRIC} yes" in text_of(build_page(made, cases(1), [sample("a", 0, 1.0)]))


@pytest.mark.parametrize("number", [0, 1])
def test_a_page_without_scores_can_be_built(number: int):
    assert "Nothing is compared" in build_page(run("a", "b"), cases(number), [])


def test_a_date_that_is_none_stays_as_it_is():
    made = run("a")
    assert "2 January 2025, 03:04 UTC" in build_page(made, [], [])


def test_the_gates_stand_on_the_page_and_nothing_in_them_becomes_markup():
    gates = [
        Judgement(payload, 1, "failed", METRIC, payload, payload, payload) for payload in PAYLOADS
    ]
    page = build_page(run("a", "b"), cases(2), samples({"a": [1, 0], "b": [0, 1]}), gates)
    bare = build_page(run("a", "b"), cases(2), samples({"a": [1, 0], "b": [0, 1]}))
    assert 'id="gates"' in page
    assert 'id="gates"' not in bare
    assert "undecided" not in text_of(bare)
    assert Elements(page).tags(*ALIVE) == Elements(bare).tags(*ALIVE)
    assert "\u202e" not in page
