"""A command that a page gives to be copied is one command, whatever the run is called."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from promptbench.report.material import Material
from promptbench.report.page import build_page
from tests.browser import needs_chromium, tab_of
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


@needs_chromium
@pytest.mark.parametrize("name", PAYLOADS)
def test_a_copied_command_is_one_command(browser: Browser, tmp_path: Path, name: str):
    made = replace(run("a", "b"), id=PAYLOADS[name])
    page = build_page(Material(made, cases(CASES), outputs("ab")))
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    with tab_of(browser) as tab:
        tab.page.set_default_timeout(10_000)
        tab.open((tmp_path / "index.html").as_uri())
        shown = tab.run("document.querySelector('[aria-label=Command]').textContent")
        begin(tab, wanted=1)
        press(tab, "1")
        tab.page.wait_for_selector("#rate-end")
        rating = tab.run("document.getElementById('rate-command').textContent")
        assert (tab.complaints, tab.dialogs) == ([], [])
    words = shlex.shlex(shown, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    assert [*words] == ["promptbench", "report", PAYLOADS[name]]
    head, verb, file = rating.split(" ")
    assert (head, verb) == ("promptbench", "import-ratings")
    assert file == shlex.quote(file) and file.startswith("ratings-")


def test_count():
    assert len(PAYLOADS) == 14
