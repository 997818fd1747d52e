"""The suites that come along run without a leak; one that is put in is refused (row 16)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from promptbench.error import SuiteError
from promptbench.run.option import Options
from promptbench.run.plan import make_plan
from promptbench.suite.read import read_suite
from tests.fake import FakeBackend

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, fake: FakeBackend) -> Path:
    """A copy of the suites, on the fake model."""
    for name in ("suites", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for suite in (tmp_path / "suites").glob("*.yaml"):
        text = suite.read_text(encoding="utf-8")
        suite.write_text(text.replace("models: [smollm2]", "models: [fake:a]"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("name", "test", "dev"), [("email", 43, 29), ("intent", 200, 100)])
def test_a_suite_that_comes_along_is_clean(folder: Path, name: str, test: int, dev: int):
    suite = read_suite(folder / "suites" / f"{name}.yaml")
    for split, number in (("test", test), ("dev", dev)):
        plan = make_plan(suite, Options(split=split))
        assert (len(plan.cases), plan.judged.leaks, plan.judged.repeats()) == (number, (), 0)


def test_a_test_email_in_train_is_refused_and_never_an_example(folder: Path):
    test, train = (folder / f"suites/email/{split}.jsonl" for split in ("test", "train"))
    rows = [json.loads(line) for line in test.read_text(encoding="utf-8").splitlines()]
    leaked = [
        {**row, "id": f"copy-{row['id']}", "body": f"{row['body']}\n\nBest", "annotator": "B"}
        for row in rows
        if len(row["body"]) > 300
    ]
    assert len(leaked) > 10
    train.write_text("".join(json.dumps(row) + "\n" for row in leaked), encoding="utf-8")
    suite = read_suite(folder / "suites/email.yaml")
    with pytest.raises(SuiteError, match=f"{len(leaked)} of 43 test cases leak from train"):
        make_plan(suite, Options())
    options = Options(allow_leaks=True, prompts=("plain",))
    assert len(make_plan(suite, options).cases) == 43 - len(leaked)
    with pytest.raises(SuiteError, match="asks for 3 examples; only 0 train cases"):
        make_plan(suite, Options(allow_leaks=True))
