"""Blocks found in a source, and templates without one of them."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.error import PromptError
from promptbench.prompt.block import blocks, emptied, pieces
from promptbench.prompt.template import without
from promptbench.record import Case
from tests.prompt.ask import compiled

FRAGMENTS = ["{%", "%}", "{{", "}}", "{#", "#}", "block a", "endblock", "raw", '"', "'", " ", "x\n"]


def text_without(folder: Path, block: str, source: str, files=(), **variables: object) -> str:
    template = without(compiled(folder, source, **dict(files)), block, "left")
    (message,) = template.render(Case("7", variables))
    return message.text


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
def test_the_pieces_are_the_source(source: str):
    assert "".join(source[piece.start : piece.end] for piece in pieces(source)) == source


@pytest.mark.parametrize(
    "source",
    [
        "{% block a %}x{% endblock %}y",
        "{%- block a -%} x {%- endblock a -%} y",
        "{%block a%}{% if '{% endblock %}' %}x{% endif %}{%endblock%}y",
        "{% block a %}{# {% endblock %} #}x{% endblock %}y",
        "{% block a %}{% raw %}{% endblock %}{% endraw %}{% endblock %}y",
        "{% block a %}{{ '{% endblock %}' }}{% endblock %}y",
        "{% block a %}{% block b %}x{% endblock %}x{% endblock %}y",
        "{% block a scoped %}x{% endblock %}y",
        "{% set d = {'k': {'l': 1}} %}{% block a %}{{ {'k': {'l': 1}} }}{% endblock %}y",
    ],
)
def test_a_block_is_cut_out_where_jinja_sees_it(tmp_path: Path, source: str):
    assert text_without(tmp_path, "a", source) == "y"


def test_a_source_that_only_looks_like_blocks_has_none():
    assert blocks("{# {% block a %}{% endblock %} #}{% raw %}{% block b %}{% endraw %}") == []
    assert emptied("{% raw %}{% block a %}x{% endblock %}{% endraw %}", "a").count("x") == 1


def test_what_is_left_out_is_left_out_of_what_is_extended_too(tmp_path: Path):
    parent = "{% block a %}one{% endblock %} {% block b %}two{% endblock %}"
    child = '{% extends "parent.j2" %}{% block a %}{{ super() }} more{% endblock %}'
    assert text_without(tmp_path, "a", child, {"parent": parent}) == "two"
    assert text_without(tmp_path, "b", child, {"parent": parent}) == "one more"


def test_the_outer_block_takes_the_inner_ones_along(tmp_path: Path):
    inner = "{% block a %}one{% endblock %} {% block b %}two{% endblock %}"
    parent = f"{{% block out %}}{inner}{{% endblock %}}!"
    child = '{% extends "parent.j2" %}{% block a %}first{% endblock %}'
    template = compiled(tmp_path, child, parent=parent)
    assert template.blocks == {"out": ("a", "b"), "a": (), "b": ()}
    assert text_without(tmp_path, "out", child, {"parent": parent}) == "!"


def test_a_variant_has_a_version_of_its_own_that_shows_what_is_gone(tmp_path: Path):
    template = compiled(tmp_path, "{% block a %}one{% endblock %} two")
    first, again = (without(template, "a", "p without a") for _ in range(2))
    assert first.prompt.digest == again.prompt.digest != template.prompt.digest
    assert first.prompt.source == "{% block a %}{% endblock %} two"
    assert first.prompt.name == "p without a"


def test_an_unknown_block_is_an_error_with_the_nearest(tmp_path: Path):
    template = compiled(tmp_path, "{% block instruction %}x{% endblock %}")
    with pytest.raises(PromptError, match="has no block 'instructions'") as caught:
        without(template, "instructions", "left")
    assert "Did you mean 'instruction'?" in caught.value.hint


@pytest.mark.parametrize("source", ["{%" * 400_000, "{{ '" * 250_000, "{#" * 500_000])
def test_a_source_without_an_end_costs_no_time(source: str):
    started = time.monotonic()
    assert len(list(pieces(source))) == 1
    assert time.monotonic() - started < 5
