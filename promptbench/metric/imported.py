"""What a Python file stands on: its source in; digests and versions of what it imports out."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

INSTALLED = {"site-packages", "dist-packages"}


def imports_of(source: bytes) -> dict[str, str]:
    """Of each module of the user's own the SHA-256, of each installed package its version.

    What those of the user's own import in their turn is among them; Python's own modules and
    promptbench, which has a version, are not. What is opened or imported by a name that is made
    while the code runs is not seen.
    """
    found: dict[str, str] = {}
    waiting = list(names_in(source))
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if name in found or top in sys.stdlib_module_names or top == "promptbench":
            continue
        if is_installed(top):
            found[top] = found.get(top) or release_of(top)
        elif file := file_of(name):
            text = file.read_bytes()
            found[name] = hashlib.sha256(text).hexdigest()
            waiting += names_in(text, package_of(name, file)) if file.suffix == ".py" else ()
    return dict(sorted(found.items()))


def names_in(source: bytes, package: str = "") -> Iterator[str]:
    """The modules that a source may import, each after those that it lies in."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):  # of a module that nobody could import
        return
    for node in nodes:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{base_of(node, package)}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def base_of(node: ast.ImportFrom, package: str) -> str:
    """What is imported from, in full."""
    outer = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*outer, *([node.module] if node.module else [])])


def is_installed(top: str) -> bool:
    """Whether a package or module lies where installed ones do."""
    spec = spec_of(top)
    places = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
    return any(INSTALLED.intersection(Path(place).parts) for place in places if place)


def file_of(name: str) -> Path | None:
    """The file of a module; None for what is none, or has none."""
    spec = spec_of(name)
    path = Path(spec.origin) if spec and spec.has_location and spec.origin else None
    return path if path and path.is_file() else None


def spec_of(name: str) -> ModuleSpec | None:
    """Where a module comes from."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None


def package_of(name: str, file: Path) -> str:
    """What the relative imports of a module start from."""
    return name if file.stem == "__init__" else name.rpartition(".")[0]


def release_of(top: str) -> str:
    """The version of the installed package that has a module, "" where there is none."""
    try:
        names = packages_distributions().get(top, [])
        return ", ".join(sorted(f"{name} {version(name)}" for name in set(names)))
    except PackageNotFoundError:
        return ""
