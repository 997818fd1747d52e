import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from string import ascii_letters, digits

import pytest

from promptbench.record import Case, Judgement, MetricInfo, Prompt, Sample, Score
from promptbench.report.material import Material
from promptbench.report.page import build_page
from tests.report.packed import unpacked
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
    return build_page(Material(made, [case], rows))


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
    names = [candidate["name"] for candidate in json.loads(data)["candidates"]]
    assert names == [payload, "other"]
    assert [metric["label"] for metric in json.loads(data)["metrics"]] == [payload, payload]
    packed = page.split('id="packed">')[1].split("</script>")[0]
    assert not set(packed) - set(ascii_letters + digits + "+/=\n")
    page.encode("utf-8")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_case_is_on_the_page_letter_by_letter(payload: str):
    found = unpacked(hostile_page(payload))
    assert found["cases"] == [
        {
            "id": payload,
            "cluster": payload,
            "variables": {payload: payload, "long": payload * 99},
            "references": [payload],
        }
    ]
    [[own]], [[other]] = found["outputs"]
    assert own["text"] == payload and own["values"] == [0.5, None]
    assert own["more"] == {"why": {"1": payload}}
    assert other["more"] == {"error": payload}


def test_the_policy_allows_one_style_and_one_script_by_their_digests():
    found = Elements(build_page(Material(run("a"), cases(1), samples({"a": [0.5]}))))
    assert found.tags("script", "style") == ["style", "script", "script", "script"]
    # The first two are data, which no browser runs.
    kinds = [attributes.get("type") for tag, attributes in found.found if tag == "script"]
    assert kinds == ["application/json", "text/plain", None]
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
        return build_page(Material(run("a", "b"), cases(3), samples(table)))

    assert page() == page()


def test_without_its_data_a_page_is_small():
    page = build_page(
        Material(run("a", "b"), cases(3), samples({"a": [0.5, 0.1, 1], "b": [0.4, 0.1, 0]}))
    )
    assert len(page.encode()) < 1_200_000


def test_the_order_of_samples_does_not_matter():
    rows = samples({"a": [0.5, 0.25], "b": [0.25, 0.5]})
    made = run("a", "b"), cases(2)
    assert build_page(Material(*made, rows)) == build_page(Material(*made, rows[::-1]))


def test_unscored_and_errors_are_told_as_such():
    rows = [
        sample("a", 0, None, reason="the judge gave no verdict"),
        sample("b", 0, None, done=completion("", error="the server is gone")),
    ]
    page = build_page(Material(run("a", "b", "c"), cases(1), rows))
    [[unscored]], [[error]], [[missing]] = unpacked(page)["outputs"]
    assert unscored["values"] == [None] and unscored["error"] == 0
    assert unscored["more"] == {"why": {"0": "the judge gave no verdict"}}
    assert error["values"] == [None] and error["error"] == 1
    assert error["more"] == {"error": "the server is gone"}
    assert missing is None
    assert "0.000" not in text_of(page)


def test_every_repeat_is_there():
    rows = [
        sample("a", 0, 0.5, repeat=repeat, done=completion(f"Answer {repeat}"))
        for repeat in range(3)
    ]
    [[outputs]] = unpacked(build_page(Material(run("a", repeats=3), cases(1), rows)))["outputs"]
    assert [output["text"] for output in outputs] == ["Answer 0", "Answer 1", "Answer 2"]


def test_a_case_is_there_with_its_texts_and_the_candidates_as_they_rank():
    table = {"a": [0.5, 0.1], "b": [0.6, 0.1]}
    page = build_page(Material(run("a", "b"), cases(2), samples(table)))
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["cases"] == 2 and data["primary"] == 0
    assert [candidate["name"] for candidate in data["candidates"]] == ["b", "a"]
    found = unpacked(page)
    assert found["cases"][1]["variables"]["body"] == "Dear team,\nline two of 1."
    assert found["cases"][1]["references"] == ["Reference 1."]
    values = [[row["values"][0] for [row] in rows] for rows in found["outputs"]]
    assert values == [table["b"], table["a"]]


def test_entities_in_the_data_stay_as_they_are():
    case = Case("x", {"body": "&gt; quoted &amp; more"}, ())
    found = unpacked(build_page(Material(run("a"), [case], [])))
    assert found["cases"][0]["variables"]["body"] == "&gt; quoted &amp; more"


def test_the_page_knows_a_binary_metric():
    made = run("a", metrics=(MetricInfo(METRIC, METRIC, "higher", binary=True),))
    page = build_page(Material(made, cases(1), [sample("a", 0, 1.0)]))
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["metrics"][0]["binary"] is True


@pytest.mark.parametrize("number", [0, 1])
def test_a_page_without_scores_can_be_built(number: int):
    assert "Nothing is compared" in build_page(Material(run("a", "b"), cases(number), []))


def test_a_date_that_is_none_stays_as_it_is():
    made = run("a")
    assert "2 January 2025, 03:04 UTC" in build_page(Material(made, [], []))


def test_the_gates_stand_on_the_page_and_nothing_in_them_becomes_markup():
    gates = [
        Judgement(payload, 1, "failed", METRIC, payload, payload, payload) for payload in PAYLOADS
    ]
    page = build_page(Material(run("a", "b"), cases(2), samples({"a": [1, 0], "b": [0, 1]}), gates))
    bare = build_page(Material(run("a", "b"), cases(2), samples({"a": [1, 0], "b": [0, 1]})))
    assert 'id="gates"' in page
    assert 'id="gates"' not in bare
    assert "undecided" not in text_of(bare)
    assert Elements(page).tags(*ALIVE) == Elements(bare).tags(*ALIVE)
    assert "\u202e" not in page
