"""`pytest --promptbench suites`: the gates of suites as tests; each suite is run once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptbench.error import PromptbenchError

if TYPE_CHECKING:
    from promptbench.record import Completion, Judgement
    from promptbench.suite.stated import GateSpec


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--promptbench`; without it this plugin does nothing."""
    parser.getgroup("promptbench").addoption(
        "--promptbench", action="store_true", help="Run the suites in suites/ and test their gates."
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the YAML files that lie in a folder `suites`."""
    found = file_path.suffix in (".yaml", ".yml") and file_path.parent.name == "suites"
    if found and parent.config.getoption("promptbench"):
        made: SuiteFile = SuiteFile.from_parent(parent, path=file_path)
        return made
    return None


class SuiteFile(pytest.File):
    """A suite: one test for each of its gates, none if it has none."""

    judgements: tuple[Judgement, ...] | None = None
    error: PromptbenchError | None = None

    def collect(self) -> Iterator[GateTest]:
        """Read the suite, without running it."""
        from promptbench.cli.escape import escaped
        from promptbench.gate.rule import said
        from promptbench.suite.read import read_suite

        try:
            suite = read_suite(self.path)
        except PromptbenchError as error:
            raise self.CollectError(escaped(str(error))) from error
        for place, spec in enumerate(suite.gates):
            # In brackets, for pytest writes the dots outside of them as colons.
            name = escaped(f"gate[{said(spec.entry)}]")
            yield GateTest.from_parent(self, name=name, place=place, spec=spec)

    def judged(self, place: int) -> Judgement:
        """What became of a gate. The suite is run for the first that asks."""
        if self.judgements is None and self.error is None:
            self.run()
        if self.judgements is None:
            raise self.error or RuntimeError("the suite was not run")
        return self.judgements[place]

    def run(self) -> None:
        """Run the suite, and keep what came of it, or the error."""
        from promptbench.run.job import run_suite
        from promptbench.run.option import Options

        try:
            result = run_suite(self.path, Options(), Silence())
            refuse_errors(result.errors, self.path)
            self.judgements = result.judgements
        except PromptbenchError as error:
            self.error = error


class GateTest(pytest.Item):
    """A gate as a test: passed, failed with its figures, or skipped if it is undecided."""

    def __init__(self, *, place: int, spec: GateSpec, **rest: Any) -> None:
        """`place` is its position among the gates of its suite."""
        super().__init__(**rest)
        self.place = place
        self.spec = spec

    def runtest(self) -> None:
        """Hold the gate against the run."""
        from promptbench.cli.escape import escaped

        suite = self.parent
        if not isinstance(suite, SuiteFile):
            raise RuntimeError("a gate belongs to a suite")
        judgement = suite.judged(self.place)
        if judgement.verdict == "undecided":
            pytest.skip(escaped(judgement.reason))
        if judgement.verdict == "failed":
            raise GateFailed(judgement)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The figures, and no traceback."""
        from promptbench.cli.escape import escaped

        if isinstance(excinfo.value, GateFailed | PromptbenchError):
            return escaped(str(excinfo.value))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the gate stands: file, line from 0, and its words."""
        from promptbench.gate.rule import line_of

        return self.path, line_of(self.spec) - 1, self.name


class GateFailed(Exception):  # noqa: N818 - it is no mistake of a program
    """A gate that the run does not bear out."""

    def __init__(self, judgement: Judgement) -> None:
        """Say the gate, the figure and what is wrong with it."""
        super().__init__(f"{judgement.gate}\n  {judgement.figure}: {judgement.reason}")


class Silence:
    """A Watcher that says nothing: pytest has the terminal."""

    def note(self, message: str) -> None:
        """See Watcher."""

    def planned(self, total: int, missing: int, what: str = "outputs") -> None:
        """See Watcher."""

    def generated(self, batch: list[Completion]) -> None:
        """See Watcher."""

    def found(self, number: int) -> None:
        """See Watcher."""

    def stopped(self, candidate: str, cases: int, total: int, saved: int) -> None:
        """See Watcher."""


def refuse_errors(errors: int, suite: Path) -> None:
    """Outputs that failed leave gaps in the figures: no gate is judged on such a run."""
    if errors:
        from promptbench.cli.ranking import failed_outputs
        from promptbench.error import RunError

        hint = "The report names each error; the same command tries them again."
        raise RunError(failed_outputs(errors), where=str(suite), hint=hint)
