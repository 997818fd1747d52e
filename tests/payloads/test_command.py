"""A command that a page gives to be copied is one command, whatever the run is called."""

from __future__ import annotations

import html
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from promptbench.report.material import Material
from promptbench.report.page import build_page
from tests.browser import Tab, needs_chromium
from tests.report.records import cases, run
from tests.report.test_rating import CASES, begin, outputs, press

PAYLOADS = {
    "another command": "mail; touch pwned",
    "in the background": "mail & touch pwned &",
    "a pipe": "mail | sh",
    "a substitution": "$(touch pwned)",
    "backquotes": "`touch pwned`",
    "a file to write": "mail > ~/.bashrc",
    "a quote": "mail'; touch pwned; echo '",
    "two quotes": 'mail"; touch pwned; echo "',
    "a line of its own": "mail\ntouch pwned",
    "an option": "--output ~/.bashrc",
    "a home": "~root",
    "a pattern": "*",
    "a comment": "mail #",
    "markup": "</code><script>alert(1)</script>",
}


def written(name: str) -> str:
    made = replace(run("a", "b"), id=name)
    return build_page(Material(made, cases(CASES), outputs("ab")))


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_copied_command_is_one_command(name: str):
    found = re.search('aria-label="Command"><code>(.*?)</code>', written(PAYLOADS[name]), re.DOTALL)
    assert found
    words = shlex.shlex(html.unescape(found[1]), posix=True, punctuation_chars=True)
    words.whitespace_split = True
    assert [*words] == ["promptbench", "report", PAYLOADS[name]]


@needs_chromium
def test_nor_has_the_name_of_a_file_a_sign_that_a_shell_reads(tab: Tab, tmp_path: Path):
    (tmp_path / "index.html").write_text(written(" ".join(PAYLOADS.values())), encoding="utf-8")
    tab.open((tmp_path / "index.html").as_uri())
    begin(tab, wanted=1)
    press(tab, "1")
    tab.page.wait_for_selector("#rate-end")
    head, verb, file = tab.run("document.getElementById('rate-command').textContent").split(" ")
    assert (head, verb) == ("promptbench", "import-ratings")
    assert file == shlex.quote(file) and file.startswith("ratings-mail-touch-pwned-")
    assert (tab.complaints, tab.dialogs) == ([], [])


def test_count():
    assert len(PAYLOADS) == 14
