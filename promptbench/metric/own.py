"""Metrics of the user's own: a Python function in a file of the workspace in, a metric out."""

from __future__ import annotations

import hashlib
import inspect
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar, get_args

from promptbench.error import SuiteError, choices
from promptbench.metric.imported import imports_of
from promptbench.record import Case, Completion, Direction, MetricInfo, Score

F = TypeVar("F", bound=Callable[..., Any])

SIGNATURE = (
    "A metric is `def name(text: str, case: Case) -> float | None`; a third parameter is the"
    " Completion."
)
NONE = "the function returned None"


@dataclass(frozen=True, slots=True)
class Own:
    """A metric that is a function of the text and the case, and of the completion if it asks."""

    info: MetricInfo
    function: Callable[..., Any]
    parameters: int
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """What the function returns; unscored where it raises, or returns no number of its range.

        A function may return None for what it cannot score, and True or False for 1 or 0.
        """
        try:
            value = self.function(*(completion.text, case, completion)[: self.parameters])
        # Whatever another's code raises is a missing score of this case, not the end of a run.
        except Exception as error:
            return Score(self.info.name, None, f"{type(error).__name__}: {error}")
        reason = self._reason(value)
        return Score(self.info.name, None if reason else float(value), reason)

    def _reason(self, value: Any) -> str:
        """Why a value is no score; nothing where it is one."""
        if value is None:
            return NONE
        try:
            number = math.nan if isinstance(value, str | bytes) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            return f"the function returned no finite number but {value!r:.40}"
        low, high = self.info.low, self.info.high
        if (low is not None and number < low) or (high is not None and number > high):
            return f"the function returned {number:g}, which is outside its range"
        wrong = self.info.binary and number not in (0, 1)
        return f"the function returned {number:g}, and is said to be binary" if wrong else ""


def metric(
    *,
    direction: Direction = "higher",
    low: float | None = None,
    high: float | None = None,
    binary: bool = False,
) -> Callable[[F], F]:
    """Say what the values of a function mean: `@metric(direction="lower", low=0, high=1)`.

    Without it higher is better and there are no bounds. `binary` values are 0 or 1.
    """

    def mark(function: F) -> F:
        """Leave the function as it is, with its attributes set."""
        said = {"direction": direction, "low": low, "high": high, "binary": binary}
        vars(function).update(said)
        return function

    return mark


def load_function(path: Path, name: str, *, alias: str = "", where: str = "") -> Own:
    """The metric that a function of a file is; the caller has made sure that the file may be run.

    Raises SuiteError where the file cannot be read or imported, or has no such function. Its
    SHA-256 and what it imports are among the settings: a file that was changed holds other metrics.
    A data file that it reads is not looked at.
    """
    source = source_of(path, where)
    digest = hashlib.sha256(source).hexdigest()
    function = _function(_module(path, source, digest, where), path.name, name, where)
    parameters = _parameters(function, name, where)
    info = info_of(function, alias or name, path.name, digest, where)
    if imports := imports_of(source):
        info = replace(info, settings={**info.settings, "imports": imports})
    return Own(info, function, parameters)


def source_of(path: Path, where: str) -> bytes:
    """The file of a function. Raises SuiteError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SuiteError(f"cannot read {path.name}: {error.strerror}", where=where) from None


def _module(path: Path, source: bytes, digest: str, where: str) -> ModuleType:
    """Run the very bytes of which the digest was taken."""
    module = ModuleType(f"promptbench_own_{digest[:16]}")
    module.__file__ = str(path)
    # Dataclasses look their own module up.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    except SyntaxError as error:
        what = f"{path.name} is no Python, line {error.lineno}: {error.msg}"
        raise SuiteError(what, where=where) from None
    except (Exception, SystemExit) as error:
        what = f"{path.name} cannot be imported: {type(error).__name__}: {error}"
        raise SuiteError(what, where=where) from error
    return module


def _function(module: ModuleType, file: str, name: str, where: str) -> Callable[..., Any]:
    """The function of that name, written in this file or imported into it."""
    found = vars(module).get(name)
    if callable(found):
        return found  # type: ignore[no-any-return]
    own = [
        key
        for key, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    ]
    hint = choices(name, own, "Functions there") or SIGNATURE
    raise SuiteError(f"{file} has no function {name!r}", where=where, hint=hint)


def _parameters(function: Callable[..., Any], name: str, where: str) -> int:
    """Whether it takes (text, case) or (text, case, completion): 3 where it can take three."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise SuiteError(f"{name!r} is no metric: {error}", where=where, hint=SIGNATURE) from None
    for count in (3, 2):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return count
    what = f"{name}{signature} does not take (text, case)"
    raise SuiteError(what, where=where, hint=SIGNATURE)


def info_of(
    function: Callable[..., Any], name: str, file: str, digest: str, where: str
) -> MetricInfo:
    """What its author says of it, in attributes and in its docstring."""
    direction: Any = getattr(function, "direction", "higher")
    if direction not in get_args(Direction):
        what = f"{function.__name__} has the direction {direction!r}"
        raise SuiteError(what, where=where, hint=choices(str(direction), get_args(Direction)))
    binary = bool(getattr(function, "binary", False))
    about = " ".join((inspect.getdoc(function) or "Its docstring does not say what it is.").split())
    low, high = (getattr(function, bound, None) for bound in ("low", "high"))
    return MetricInfo(
        name=name,
        label=f"{function.__name__} ({file})",
        direction=direction,
        low=0.0 if binary else low,
        high=1.0 if binary else high,
        binary=binary,
        settings={"metric": f"{file}:{function.__name__}", "sha256": digest},
        description=f"{about} A function of the suite's own, in {file}.",
    )
