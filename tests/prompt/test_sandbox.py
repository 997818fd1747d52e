"""What a template may read and keep; the attacks on it are in tests/payloads."""

import pytest

from promptbench.error import PromptError
from promptbench.prompt.template import Template
from promptbench.record import Case

from .ask import SECRET, compiled, refused, space_with_links, write


@pytest.mark.parametrize("source", ["{% do rows.append(1) %}", "{% debug %}", "{% continue %}"])
def test_tags_of_extensions_are_unknown(tmp_path, source):
    assert "unknown tag" in refused(tmp_path, source, rows=[]).what


def render_there(space, source):
    write(space, {"prompts/p.j2": source})
    template = Template("p", space / "prompts/p.j2", "prompts/p.j2", space)
    return template.render(Case("7", {"text": "x", "name": "../../outside/secret.j2"}))


@pytest.mark.parametrize("name", ["fine.j2", "../prompts/fine.j2", "near.j2", "./fine.j2"])
def test_a_file_inside_of_the_workspace_is_read(tmp_path, name):
    (found,) = render_there(space_with_links(tmp_path), f"{{% include '{name}' %}}!")
    assert found.text == "fine!"


def test_a_prompt_that_is_a_link_out_of_the_workspace_is_not_read(tmp_path):
    space = space_with_links(tmp_path)
    with pytest.raises(PromptError, match="leads out of the workspace") as caught:
        Template("p", space / "prompts/link.j2", "prompts/link.j2", space)
    assert SECRET not in str(caught.value)


def test_one_prompt_does_not_see_the_state_of_another(tmp_path):
    one = compiled(tmp_path / "one", "{% set x = 'left' %}{{ x }}")
    two = compiled(tmp_path / "two", "{{ x }}")
    assert one.render(Case("1", {}))[0].text == "left"
    with pytest.raises(PromptError, match="'x' is undefined"):
        two.render(Case("2", {}))
