from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from promptbench.error import InputError, StoreError
from promptbench.gate.junit import check_place, junit, write_junit
from tests.gate.figures import judgement

HOSTILE = "]]></failure> <a b=\"c\" d='e'> & \x00\x1b[2J\r\x85\u202e\ud800\ufffe \U0001f600"


def test_each_gate_is_a_test_case():
    gates = [
        judgement(),
        judgement(gate="words <= 0.9", verdict="failed", reason="the high end is above 0.9"),
        judgement(gate="not worse than latest", verdict="undecided", figure="", reason="no run"),
    ]
    root = Xml.fromstring(junit("email", "email-1a2b3c4d", gates))
    (suite,) = root.iter("testsuite")
    assert suite.attrib == {
        "name": "email",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    passed, failed, undecided = root.iter("testcase")
    assert passed.attrib == {"classname": "promptbench.email", "name": "rougeL >= 0.25"}
    assert passed.findtext("system-out") == "plain 0.312 (0.281 to 0.344)"
    failure = failed.find("failure")
    assert failure is not None
    assert failure.get("message") == "the high end is above 0.9"
    assert "0.281 to 0.344" in (failure.text or "")
    skipped = undecided.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "no run"


def test_nothing_in_a_gate_becomes_markup_or_a_control_character():
    hostile = judgement(gate=HOSTILE, verdict="failed", figure=HOSTILE, reason=HOSTILE)
    text = junit(HOSTILE, HOSTILE, [hostile])
    text.encode("utf-8")
    assert not set("\x00\x1b\r\x85\u202e\ud800\ufffe") & set(text)
    root = Xml.fromstring(text)
    (case,) = root.iter("testcase")
    (failure,) = root.iter("failure")
    assert "]]></failure> <a b=\"c\" d='e'> & [U+0000][U+001B][2J[U+000D][U+0085][U+202E]" in (
        case.get("name") or ""
    )
    assert "\U0001f600" in (failure.text or "")
    assert {each.tag for each in root.iter()} == {
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
    }


def test_a_suite_without_gates_is_an_empty_test_suite():
    assert Xml.fromstring(junit("email", "email-1", [])).get("tests") == "0"


def test_a_place_that_cannot_be_is_told_before_the_run(tmp_path: Path):
    check_place(tmp_path / "junit.xml")
    with pytest.raises(InputError, match="a folder"):
        check_place(tmp_path)
    with pytest.raises(InputError, match="there is no folder"):
        check_place(tmp_path / "none" / "junit.xml")


def test_a_file_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path: Path):
    with pytest.raises(StoreError, match="cannot be written") as caught:
        write_junit(tmp_path / "none" / "junit.xml", "text")
    assert "same command" in caught.value.hint
