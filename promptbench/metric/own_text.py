"""A metric of the user's own as its file has it: source in, a metric out, and nothing is run.

So a suite can be checked before anybody trusts it. What only running it would tell, such as what an
import brings, is believed here and found out by the run.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from promptbench.error import SuiteError, choices
from promptbench.metric.own import SIGNATURE, Own, info_of, source_of

Function = ast.FunctionDef | ast.AsyncFunctionDef
DECORATOR = "metric"


def read_function(path: Path, name: str, *, alias: str = "", where: str = "") -> Own:
    """The metric that `load_function` makes, without what scores.

    Raises SuiteError where the file is no Python, binds no such name, or has a function of it that
    cannot take (text, case).
    """
    source = source_of(path, where)
    bound = {
        one: node for node in statements(parsed(source, path.name, where)) for one in names(node)
    }
    if name not in bound and "*" not in bound:
        own = [one for one, node in bound.items() if isinstance(node, Function)]
        hint = choices(name, own, "Functions there") or SIGNATURE
        raise SuiteError(f"{path.name} has no function {name!r}", where=where, hint=hint)
    node = bound.get(name)
    stand_in = standing_in(node, name)
    count = parameters(node, where) if isinstance(node, Function) else 3
    digest = hashlib.sha256(source).hexdigest()
    return Own(info_of(stand_in, alias or name, path.name, digest, where), stand_in, count)


def parsed(source: bytes, file: str, where: str) -> ast.Module:
    """The file as a tree. Raises SuiteError."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        what = f"{file} is no Python, line {error.lineno}: {error.msg}"
        raise SuiteError(what, where=where) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise SuiteError(f"{file} is no usable Python: {error}", where=where) from None


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """What runs when the file is imported, in order, also under `if`, `try` and `with`."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef | ast.expr):
            waiting += reversed([*ast.iter_child_nodes(node)])


def names(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds to what may be a function; "*" for any."""
    if isinstance(node, Function | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (one.asname or one.name for one in node.names)
    elif isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant):
        yield from (one.id for one in node.targets if isinstance(one, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def standing_in(node: ast.AST | None, name: str) -> Any:
    """A function that says of itself what the one in the file says of it in so many words."""

    def nothing(*_: Any) -> None:
        """See above."""

    nothing.__name__ = name
    nothing.__doc__ = ast.get_docstring(node) if isinstance(node, Function) else None
    if isinstance(node, Function):
        vars(nothing).update(said(node))
    return nothing


def said(node: Function) -> dict[str, Any]:
    """What the decorator `metric` is told, as far as it stands there."""
    found = {}
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and called(call) == DECORATOR:
            for word in call.keywords:
                if word.arg and isinstance(word.value, ast.Constant):
                    found[word.arg] = word.value.value
    return found


def called(node: ast.expr) -> str:
    """The last part of the name of what decorates a function."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def parameters(node: Function, where: str) -> int:
    """Whether it takes (text, case) or (text, case, completion): 3 where it can take three.

    What another decorator makes of a function, nobody knows here.
    """
    given = node.args
    places = len(given.posonlyargs) + len(given.args)
    least = places - len(given.defaults)
    needy = any(default is None for default in given.kw_defaults)
    for count in (3, 2):
        if not needy and least <= count and (count <= places or given.vararg):
            return count
    if any(called(one) != DECORATOR for one in node.decorator_list):
        return 3
    what = f"{node.name}({ast.unparse(given)}) does not take (text, case)"
    raise SuiteError(what, where=where, hint=SIGNATURE)
