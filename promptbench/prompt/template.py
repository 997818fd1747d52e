"""Compile prompt templates: a file in, a Template that renders cases into messages out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import jinja2
from jinja2 import meta
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context

from promptbench.error import PromptError, choices
from promptbench.prompt.bounds import BoundedWork
from promptbench.prompt.collect import collect_messages
from promptbench.prompt.hint import compile_hint, undefined_hint
from promptbench.prompt.sandbox import Sandbox
from promptbench.prompt.source import (
    Loader,
    Source,
    all_sources,
    is_emptied,
    lost_block,
    nesting,
)
from promptbench.prompt.words import in_words
from promptbench.record import Case, Message, Prompt


class Template:
    """A compiled prompt. `prompt.digest` covers every file it is made of.

    `names` are the variables that any of the files reads, `blocks` the named blocks, each with
    those inside of it.
    """

    def __init__(
        self, name: str, path: Path, shown: str, workspace: Path, without: str = ""
    ) -> None:
        """Read and compile. Raises PromptError with file and line.

        `shown` is the file's name in messages; parents and includes must lie in `workspace`. The
        block `without` is read as if it were empty; see `without` below.
        """
        self.path = path
        self.shown = shown
        self.workspace = workspace
        loader = Loader(path.parent, workspace, without)
        environment = Sandbox(loader)
        try:
            sources = all_sources(environment, loader, path.name)
            if not without:  # the template as it is has been looked at
                self.refuse_lost_block(sources)
            compiled = [environment.get_template(name) for name in sources]
        except jinja2.TemplateError as error:
            raise self.error(error, hint=compile_hint(error, environment)) from error
        except PromptError as error:
            raise PromptError(error.what, where=error.where or shown, hint=error.hint) from error
        except Exception as error:  # a file can be too deep or too odd for Jinja and for Python
            what = f"cannot be compiled: {in_words(error)}"
            raise PromptError(what, where=shown) from error
        self.compiled = compiled[0]
        # Jinja keeps them as a chain of mappings, and a third of a rendering was to copy that.
        self.globals = dict(self.compiled.globals)
        self.sources = sources
        self.blocks = nesting(sources)
        self.names = frozenset(
            name for one in sources.values() for name in meta.find_undeclared_variables(one.tree)
        )
        digest = hashlib.sha256()
        for source in sources.values():
            digest.update(hashlib.sha256(source.text.encode()).digest())
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
            with BoundedWork():
                context = self.context(values)
                return collect_messages(self.compiled.root_render_func(context))
        except PromptError as error:
            raise self.error(error, f"case {case.id}: ", error.hint) from error
        except jinja2.UndefinedError as error:
            hint = undefined_hint(error, values)
            raise self.error(error, f"case {case.id}: ", hint) from error
        except SecurityError as error:
            hint = "A template only fills in a prompt; prepare larger things in the data file."
            raise self.error(error, f"case {case.id}: ", hint) from error
        except Exception as error:  # an expression can fail in any way: 1/0, "a" + 1, ...
            hint = "`|string` makes text of a number, `|int` a number of text."
            hint = hint if isinstance(error, TypeError) else ""
            raise self.error(error, f"case {case.id}: ", hint) from error

    def context(self, values: Mapping[str, Any]) -> Context:
        """What one rendering looks names up in."""
        compiled = self.compiled
        parent = {**self.globals, **values}
        kind = compiled.environment.context_class
        return kind(compiled.environment, parent, compiled.name, compiled.blocks, self.globals)

    def error(self, error: Exception, before: str = "", hint: str = "") -> PromptError:
        """An error of Jinja, or of an expression, as ours, at the template's file and line."""
        if isinstance(error, jinja2.TemplateNotFound):
            what = f"there is no template '{error.message}' in {self.path.parent}"
            near = [path.name for path in sorted(self.path.parent.iterdir()) if path.is_file()]
            hint = choices(str(error.message), near, "There are")
            return PromptError(what, where=self.shown, hint=hint)
        file, line = place(error)
        where = f"{self.seen(file)}:{line}" if line else self.shown
        return PromptError(f"{before}{in_words(error)}", where=where, hint=hint)

    def seen(self, file: str) -> str:
        """The name of one of the template's files in messages."""
        if not file or Path(file) == self.path.resolve() or not Path(file).is_absolute():
            return self.shown
        return str(Path(file).relative_to(self.workspace.resolve()))

    def refuse_lost_block(self, sources: Mapping[str, Source]) -> None:
        """Refuse a block that would not show in any prompt."""
        if lost := lost_block(sources):
            file, line, what, hint = lost
            raise PromptError(what, where=f"{self.seen(file)}:{line}", hint=hint)


def without(template: Template, block: str, name: str) -> Template:
    """A template under another name whose block says nothing, nor any block inside of it.

    Its source, and so its version, has the block empty in every file. Raises PromptError for a
    block that there is not.
    """
    if block not in template.blocks:
        what = f"prompt '{template.prompt.name}' has no block '{block}'"
        raise PromptError(what, where=template.shown, hint=choices(block, template.blocks))
    made = Template(name, template.path, template.shown, template.workspace, block)
    if not is_emptied(template.sources, made.sources, block):
        what = f"block '{block}' cannot be cut out of the source"
        hint = "Write its tags as {% block name %} and {% endblock %}, outside of other tags."
        raise PromptError(what, where=template.shown, hint=hint)
    return made


def variables_of(template: Template) -> set[str]:
    """The names that the template's own file reads and does not set itself."""
    environment = template.compiled.environment
    source = template.path.read_text(encoding="utf-8-sig")
    return meta.find_undeclared_variables(environment.parse(source))


def joined(sources: Mapping[str, Source]) -> str:
    """A template's source, followed by that of its parents and includes under their names."""
    first, *others = sources.items()
    return "\n".join([first[1].text, *(f"{{# {name} #}}\n{s.text}" for name, s in others)])


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
