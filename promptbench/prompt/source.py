"""Read a template and every file that it is made of: parents, includes and imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from jinja2 import meta, nodes

from promptbench.error import PromptError, choices, not_utf8
from promptbench.prompt.block import emptied
from promptbench.prompt.sandbox import Sandbox

MAX_SOURCE = 1_000_000


class Loader(jinja2.BaseLoader):
    """Finds templates beside the first one, or by a path from there, inside the workspace."""

    def __init__(self, folder: Path, workspace: Path, without: str = "") -> None:
        """`folder` is where the first template lies; the block `without` is emptied in all."""
        self.folder = folder
        self.without = without
        self.workspace = workspace.resolve()

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Jinja's protocol: the source, its file name, and whether it is still current."""
        try:
            path = (self.folder / template).resolve()
            if not path.is_relative_to(self.workspace):
                what = f"template '{template}' leads out of the workspace"
                hint = f"A template reads only below {self.workspace}: copy the file there."
                raise PromptError(what, hint=hint)
            if not path.is_file():
                raise jinja2.TemplateNotFound(template)
            if path.stat().st_size > MAX_SOURCE:
                raise PromptError(f"template '{template}' is larger than {MAX_SOURCE:,} bytes")
            text = path.read_text(encoding="utf-8-sig")
            return emptied(text, self.without) if self.without else text, str(path), lambda: True
        except jinja2.TemplateNotFound:  # which is an OSError, too
            raise
        except UnicodeDecodeError as error:
            what = f"template '{template}' is {not_utf8(error)}"
            raise PromptError(what, hint="Save it as UTF-8.") from error
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle, NUL, too long
            raise PromptError(f"template {template!r} cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a template: its text, where it lies, and what Jinja makes of it."""

    text: str
    file: str
    tree: nodes.Template


def all_sources(environment: Sandbox, loader: Loader, name: str) -> dict[str, Source]:
    """A template, first, and everything that it extends, includes or imports, by name.

    Raises PromptError or Jinja's TemplateError, the latter with file and line.
    """
    waiting, found = [name], dict[str, Source]()
    while waiting:
        current = waiting.pop(0)
        if current in found:
            continue
        text, file, _ = loader.get_source(environment, current)
        tree = environment.parse(text, current, file)
        found[current] = Source(text, file, tree)
        refuse_moving_names(tree, current, file)
        waiting += [other for other in meta.find_referenced_templates(tree) if other]
    return found


def refuse_moving_names(tree: nodes.Template, name: str, file: str) -> None:
    """A file whose name a case decides could not be part of the prompt's version."""
    for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        if None in meta.find_referenced_templates(nodes.Template([node])):
            what = "extends, include and import need a fixed name in quotes"
            raise jinja2.TemplateSyntaxError(what, node.lineno, name, file)


def nesting(sources: Mapping[str, Source]) -> dict[str, tuple[str, ...]]:
    """The blocks that a template and its parents name, each with those that lie inside of it.

    What is extended comes first: it has the blocks in the order of the prompt.
    """
    found: dict[str, dict[str, None]] = {}
    for source in reversed(list(sources.values())):
        for block in source.tree.find_all(nodes.Block):
            inside = found.setdefault(block.name, {})
            inside |= {inner.name: None for inner in block.find_all(nodes.Block)}
    return {name: tuple(inside) for name, inside in found.items()}


def is_emptied(before: Mapping[str, Source], after: Mapping[str, Source], name: str) -> bool:
    """Whether in every file the block says nothing and what is not inside of it is still there."""
    for file, source in after.items():
        were = list(before[file].tree.find_all(nodes.Block))
        gone = {inner.name for b in were if b.name == name for inner in b.find_all(nodes.Block)}
        there = list(source.tree.find_all(nodes.Block))
        # The marks of a block's beginning and end are all that an empty one puts out.
        full = any(block.name == name and len(block.body) > 2 for block in there)
        if full or {b.name for b in there} != {b.name for b in were} - gone:
            return False
    return True


def lost_block(sources: Mapping[str, Source]) -> tuple[str, int, str, str] | None:
    """A block that its file's parents do not have, which Jinja would drop without a word.

    Returns file, line, a statement and a hint.
    """
    for name, source in sources.items():
        others = [other.tree for key, other in sources.items() if key != name]
        known = {block.name for tree in others for block in tree.find_all(nodes.Block)}
        child = any(isinstance(node, nodes.Extends) for node in source.tree.body)
        for block in source.tree.body if child else []:
            if isinstance(block, nodes.Block) and block.name not in known:
                what = f"no parent of this template has a block '{block.name}'"
                return source.file, block.lineno, what, choices(block.name, known)
    return None
