"""Compile prompt templates: a file in, a Template that renders cases into messages out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import jinja2
from jinja2 import meta
from jinja2.exceptions import SecurityError

from promptbench.error import PromptError, choices
from promptbench.prompt.bounds import bounded_work
from promptbench.prompt.collect import collect_messages
from promptbench.prompt.sandbox import MARK, STEP, Sandbox
from promptbench.record import Case, Message, Prompt

MAX_SOURCE = 1_000_000


class Loader(jinja2.BaseLoader):
    """Finds templates beside the first one, or by a path from there, inside the workspace."""

    def __init__(self, folder: Path, workspace: Path) -> None:
        """`folder` is where the first template lies."""
        self.folder = folder
        self.workspace = workspace.resolve()

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Jinja's protocol: the source, its file name, and whether it is still current."""
        path = (self.folder / template).resolve()
        if "\0" in template or not path.is_relative_to(self.workspace):
            raise PromptError(f"template '{template}' leads out of the workspace {self.workspace}")
        if not path.is_file():
            raise jinja2.TemplateNotFound(template)
        if path.stat().st_size > MAX_SOURCE:
            raise PromptError(f"template '{template}' is larger than {MAX_SOURCE:,} bytes")
        return path.read_text(encoding="utf-8-sig"), str(path), lambda: True


class Template:
    """A compiled prompt. `prompt.digest` covers every file it is made of."""

    def __init__(self, name: str, path: Path, shown: str, workspace: Path) -> None:
        """Read and compile. Raises PromptError with file and line.

        `shown` is the file's name in messages; parents and includes must lie in `workspace`.
        """
        self.path = path
        self.shown = shown
        self.workspace = workspace
        environment = Sandbox(Loader(path.parent, workspace))
        try:
            sources = dict(all_sources(environment, path.name))
            self.compiled = environment.get_template(path.name)
        except jinja2.TemplateError as error:
            raise self.error(error) from error
        except PromptError as error:
            raise PromptError(error.what, where=error.where or shown) from error
        except (OSError, UnicodeDecodeError) as error:
            raise PromptError(f"cannot be read: {error}", where=shown) from error
        digest = hashlib.sha256()
        for source in sources.values():
            digest.update(hashlib.sha256(source.encode()).digest())
        self.prompt = Prompt(name, shown, joined(sources), digest.hexdigest())

    def render(
        self, case: Case, examples: Sequence[Mapping[str, Any]] | None = None
    ) -> tuple[Message, ...]:
        """The messages for one case. Values are put in as they are, never read as templates.

        Raises PromptError with file, line and case: an undefined name, a failing expression, a
        bound overstepped, text outside of the role blocks, or nothing to say to the model.
        """
        values = dict(case.variables)
        if examples is not None:
            values["examples"] = [dict(e) for e in examples]
        try:
            with bounded_work():
                context = self.compiled.new_context(values)
                return collect_messages(self.compiled.root_render_func(context))
        except PromptError as error:
            raise PromptError(f"case {case.id}: {error.what}", where=self.shown) from error
        except jinja2.UndefinedError as error:
            hint = undefined_hint(error, values)
            raise self.error(error, f"case {case.id}: ", hint) from error
        except SecurityError as error:
            hint = "A template only fills in a prompt; prepare larger things in the data file."
            raise self.error(error, f"case {case.id}: ", hint) from error
        except Exception as error:  # an expression can fail in any way: 1/0, "a" + 1, ...
            raise self.error(error, f"case {case.id}: {type(error).__name__}: ") from error

    def error(self, error: Exception, before: str = "", hint: str = "") -> PromptError:
        """A Jinja error as ours, at the template's file and line."""
        if isinstance(error, jinja2.TemplateNotFound) and not before:
            what = f"there is no template '{error.message}' in {self.path.parent}"
            return PromptError(what, where=self.shown)
        file, line = place(error)
        shown = self.shown
        if file and Path(file) != self.path.resolve() and Path(file).is_absolute():
            shown = str(Path(file).relative_to(self.workspace.resolve()))
        where = f"{shown}:{line}" if line else shown
        return PromptError(f"{before}{error}".strip().split("\n")[0], where=where, hint=hint)


def all_sources(environment: Sandbox, name: str) -> Iterator[tuple[str, str]]:
    """(name, source) of a template and of everything that it extends, includes or imports."""
    waiting, seen = [name], set()
    while waiting:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        source, file, _ = environment.loader.get_source(environment, current)  # type: ignore[union-attr]
        yield current, source
        for found in meta.find_referenced_templates(environment.parse(source, current, file)):
            if found is None:
                raise PromptError("extends, include and import need a fixed name in quotes")
            waiting.append(found)


def variables_of(template: Template) -> set[str]:
    """The names that the template's own file reads and does not set itself."""
    environment = template.compiled.environment
    source = template.path.read_text(encoding="utf-8-sig")
    return meta.find_undeclared_variables(environment.parse(source)) - {MARK, STEP}


def joined(sources: Mapping[str, str]) -> str:
    """A template's source, followed by that of its parents and includes under their names."""
    first, *others = sources.items()
    return "\n".join([first[1], *(f"{{# {name} #}}\n{source}" for name, source in others)])


def undefined_hint(error: jinja2.UndefinedError, values: Mapping[str, Any]) -> str:
    """What the template may use instead of the name in Jinja's "'x' is undefined"."""
    parts = (error.message or "").split("'")
    name = parts[1] if len(parts) > 2 else ""
    if name == "examples":
        return "Few-shot examples are asked for in the suite: {file: ..., examples: {count: 3}}."
    return choices(name, values)


def place(error: Exception) -> tuple[str, int]:
    """The template file and line in which an error arose: Jinja puts both into the traceback."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.filename or "", error.lineno
    file, line = "", 0
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, jinja2.Template):
            file = template.filename or ""
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return file, line
