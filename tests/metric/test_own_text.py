"""A metric of the user's own is looked at without being run."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.error import SuiteError
from promptbench.metric.own import load_function
from promptbench.metric.own_text import read_function
from promptbench.record import Case, Completion

RUNS = "raise AssertionError('it was run')\n"
IMPORT = "from promptbench.metric.own import metric\n"


def read(folder: Path, source: str, name: str = "f", before: str = RUNS, **more: str):
    path = folder / "mine.py"
    path.write_text(before + source, "utf-8")
    return read_function(path, name, where="suite.yaml:9", **more)


@pytest.mark.parametrize(
    ("source", "parameters"),
    [
        ("def f(text, case): ...", 2),
        ("def f(text, case, completion): ...", 3),
        ("def f(text, case, extra=None): ...", 3),
        ("def f(text, case, /): ...", 2),
        ("def f(text, *more): ...", 3),
        ("def f(*given): ...", 3),
        ("def f(text, case, *, strict=True): ...", 2),
        ("async def f(text, case): ...", 2),
        ("def f(): ...\ndef f(text, case): ...", 2),
        ("if True:\n    def f(text, case): ...", 2),
        ("try:\n    import g as f\nexcept ImportError:\n    def f(text, case): ...", 2),
        ("import functools\n@functools.cache\ndef f(): ...", 3),
        ("f = functools.partial(print, 1)", 3),
        ("f: Any = make()", 3),
        ("from others import f", 3),
        ("from others import g as f", 3),
        ("from others import *", 3),
        ("class f:\n    def __new__(cls, text, case): ...", 3),
    ],
)
def test_what_may_be_a_metric_is_taken_for_one(tmp_path: Path, source: str, parameters: int):
    assert read(tmp_path, source).parameters == parameters


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("", "mine.py has no function 'f'"),
        ("f = 3", "mine.py has no function 'f'"),
        ("def g():\n    def f(text, case): ...", "mine.py has no function 'f'"),
        ("class A:\n    def f(text, case): ...", "mine.py has no function 'f'"),
        ("def f(text): ...", r"f\(text\) does not take \(text, case\)"),
        ("def f(text, case, more, most): ...", "does not take"),
        ("def f(text, case, *, strict): ...", "does not take"),
        ("def f(:", "mine.py is no Python, line 2"),
        ("x = '\0'", "mine.py is no Python"),
        ("x = " + "-" * 200_000 + "1", "mine.py is no usable Python"),
        ("x = " + "(" * 100_000, "mine.py is no Python"),
        ("if a: ...\n" + "elif a: ...\n" * 20_000, "mine.py is no usable Python"),
        ("@metric(direction='lowr')\ndef f(text, case): ...", "f has the direction 'lowr'"),
    ],
)
def test_what_can_be_none_is_refused(tmp_path: Path, source: str, what: str):
    with pytest.raises(SuiteError, match=what) as raised:
        read(tmp_path, source)
    assert raised.value.where == "suite.yaml:9"


def test_a_missing_name_gets_the_near_one(tmp_path: Path):
    with pytest.raises(SuiteError) as raised:
        read(tmp_path, "def polite(text, case): ...\nCOUNT = 3\n", "plite")
    assert raised.value.hint == "Did you mean 'polite'? Functions there: polite."


@pytest.mark.parametrize(
    "source",
    [
        'def f(text, case):\n    """Count\n    politeness."""\n    return 1',
        "def f(text, case, completion): return 1",
        f"{IMPORT}@metric(direction='lower', low=0, high=5)\ndef f(text, case): return 1",
        f"{IMPORT}@metric(binary=True)\ndef f(text, case): return True",
        "import promptbench.metric.own as own\n@own.metric(low=0)\ndef f(text, case): return 1",
    ],
)
def test_what_is_said_of_it_is_what_running_it_would_tell(tmp_path: Path, source: str):
    looked = read(tmp_path, source, before="", alias="polite")
    ran = load_function(tmp_path / "mine.py", "f", alias="polite")
    assert (looked.info, looked.parameters) == (ran.info, ran.parameters)


def test_it_scores_nothing(tmp_path: Path):
    done = Completion("key", "please", 3, 5, "stop", 0.5)
    score = read(tmp_path, "def f(text, case): return 1").score(done, Case("one", {}, ()))
    assert (score.value, score.reason) == (None, "the function returned None")


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(SuiteError, match=r"cannot read none.py: No such file"):
        read_function(tmp_path / "none.py", "f")
