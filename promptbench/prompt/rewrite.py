"""Put the counting, and the marks of blocks, into a parsed template before it is compiled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from promptbench.prompt.bounds import PLACE_BYTES

# Filters that a template cannot name, nor put something else in the place of: names with spaces.
STEP = "promptbench step"
MARK = "promptbench mark"
TURN = "promptbench turn"
WEIGHED = "promptbench weighed"
SLICE = "promptbench slice"


def rewrite(tree: nodes.Template) -> nodes.Template:
    """Let every loop turn, macro and slice be counted, every comparison and key be weighed."""
    refuse_lost_text(tree)
    loops: list[Any] = list(tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock)))
    for loop in loops:
        loop.body.insert(0, output_of(STEP, loop.lineno, PLACE_BYTES * literals(loop)))
        if isinstance(loop, nodes.For) and loop.test:
            loop.test = through(TURN, cast(nodes.Expr, loop.test))
    for block in tree.find_all(nodes.Block):
        block.body.insert(0, output_of(MARK, block.lineno, (block.name, True)))
        block.body.append(output_of(MARK, block.lineno, (block.name, False)))
    rewrite_expressions(tree)
    return tree


def rewrite_expressions(tree: nodes.Template) -> None:
    """The expressions whose work Jinja's sandbox does not show us."""
    for concat in tree.find_all(nodes.Concat):
        items = nodes.List(list(concat.nodes), lineno=concat.lineno)
        concat.nodes = [through("join", items)]
    for compare in tree.find_all(nodes.Compare):
        compare.expr = through(WEIGHED, compare.expr)
        for operand in compare.ops:
            operand.expr = through(WEIGHED, operand.expr)
    for pair in tree.find_all(nodes.Pair):
        pair.key = through(WEIGHED, pair.key)
    for item in tree.find_all(nodes.Getitem):
        if isinstance(part := item.arg, nodes.Slice):
            none = nodes.Const(None, lineno=item.lineno)
            ends = [end or none for end in (part.start, part.stop, part.step)]
            item.arg = through(SLICE, nodes.List(ends, lineno=item.lineno))


def through(name: str, value: nodes.Expr) -> nodes.Expr:
    """The expression, passed through one of our filters; a plain constant needs none."""
    if isinstance(value, nodes.Const):
        return value
    return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)


def output_of(name: str, line: int, argument: object) -> nodes.Output:
    """An output node that calls one of our filters."""
    value = nodes.Const(argument, lineno=line)
    called = nodes.Filter(value, name, [], [], None, None, lineno=line)
    return nodes.Output([called], lineno=line)


def literals(loop: nodes.Node) -> int:
    """How many items the lists and mappings hold that are written out in a loop."""
    found: Iterable[Any] = loop.find_all((nodes.List, nodes.Tuple, nodes.Dict))
    return sum(len(literal.items) for literal in found)


def refuse_lost_text(tree: nodes.Template) -> None:
    """Jinja drops what a child template says outside of its blocks; an author should know."""
    if not any(isinstance(node, nodes.Extends) for node in tree.body):
        return
    for output in tree.body:
        for piece in output.nodes if isinstance(output, nodes.Output) else []:
            if not isinstance(piece, nodes.TemplateData) or piece.data.strip():
                what = "a template that extends another one says something outside of its blocks"
                raise TemplateSyntaxError(what, piece.lineno)
