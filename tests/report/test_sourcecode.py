"""Sources marked up: the same text, its blocks known, bounded."""

from __future__ import annotations

from promptbench.record import Prompt
from promptbench.report.sourcecode import MOST_STRETCHES, Stretch, colours_of, stretches

SOURCE = "Hi {{ name }}{% block a %}one {% block b %}two{% endblock %}{# no #}{% endblock %} end"


def test_a_stretch_knows_its_innermost_block_and_what_it_is():
    found = stretches(SOURCE, {"a": 0, "b": 1})
    assert "".join(each.text for each in found) == SOURCE
    assert found[:2] == (
        Stretch("Hi ", "text", "", None),
        Stretch("{{ name }}", "expression", "", None),
    )
    assert [(each.block, each.kind, each.colour) for each in found[2:]] == [
        ("a", "tag", 0),
        ("a", "text", 0),
        ("b", "tag", 1),
        ("b", "text", 1),
        ("b", "tag", 1),
        ("a", "comment", 0),
        ("a", "tag", 0),
        ("", "text", None),
    ]


def test_a_block_has_one_colour_in_all_prompts_and_sections_come_first():
    prompts = [Prompt(name, name, SOURCE, name) for name in ("p", "q")]
    assert colours_of(prompts) == {"a": 0, "b": 1}
    assert colours_of(prompts, ["user", "b"]) == {"user": 0, "b": 1, "a": 2}


def test_more_blocks_than_colours_share_them():
    source = "".join(f"{{% block b{n} %}}{{% endblock %}}" for n in range(100))
    colours = colours_of([Prompt("p", "p", source, "p")])
    assert len(colours) == 100
    assert set(colours.values()) == set(range(7))


def test_what_is_too_large_is_not_marked_up():
    for source in ("x" * 1_000_000, "{{ x }}" * (MOST_STRETCHES + 1), "{%" * 500_000):
        assert stretches(source, {}) == (Stretch(source, "text", "", None),)
