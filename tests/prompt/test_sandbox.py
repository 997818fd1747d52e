"""Template injection: no way from a template into Python, into files, or into the data."""

import copy

import jinja2
import pytest

from promptbench.error import PromptError
from promptbench.prompt.template import Template
from promptbench.record import Case

from .ask import compiled, refused, said, write

SECRET = "the-secret-of-another-folder"
VARIABLES = {"text": "hello", "rows": ["b", "a"], "data": {"a": 1}}

# Each of these gets somewhere in plain Jinja: see the first test.
REACHING = [
    # attributes, named in every way that Jinja knows
    "{{ text.__class__ }}",
    "{{ text['__class__'] }}",
    "{{ text|attr('__class__') }}",
    "{{ text['__cla' ~ 'ss__'] }}",
    "{{ text|attr(['__cl', 'ass__']|join) }}",
    "{{ text|attr('__CLASS__'|lower) }}",
    "{{ text|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ text|attr('%sclass%s'|format('__', '__')) }}",
    "{% set name %}__class__{% endset %}{{ text[name] }}",
    "{{ ''.__class__.__mro__[1].__subclasses__()|length }}",
    "{{ 1 .real.__class__ }}",
    "{{ nope.__class__ }}",
    "{{ text.__getattribute__('upper')() }}",
    "{{ text.__reduce_ex__(2) }}",
    "{{ text.__format__('') }}",
    "{{ text.upper.__self__.__class__ }}",
    "{{ (text|attr('upper')).__self__ }}",
    # through filters that read attributes
    "{{ [text]|map(attribute='__class__')|list }}",
    "{{ [text]|map(attribute='__class__.__mro__')|list }}",
    "{{ [text]|map('attr', '__class__')|join }}",
    "{{ ([text]|map(attribute='__class__')|first).__name__ }}",
    "{{ [text]|join(attribute='__class__') }}",
    "{{ [text]|groupby('__class__')|list }}",
    "{{ [text]|selectattr('__class__')|list }}",
    "{{ [text]|rejectattr('__class__', 'none')|map(attribute='__class__')|list }}",
    "{{ [text]|unique(attribute='__class__')|list }}",
    "{{ rows|sort(attribute='__class__.__name__')|join }}",
    "{{ rows|max(attribute='__class__.__name__') }}",
    # through format strings
    "{{ '{0.__class__}'.format(text) }}",
    "{{ '{0.__class__.__mro__}'.format(text) }}",
    "{{ '{a.__class__}'.format(a=text) }}",
    "{{ '{a.__class__}'.format_map({'a': text}) }}",
    "{{ ('{0.__cl' ~ 'ass__}').format(text) }}",
    "{{ ('{0.__class__}'|attr('format'))(text) }}",
    "{{ '{0.__class__}'['format'](text) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(text) }}",
    "{{ '{0.upper}'.format(text) }}",
    "{{ '%s'|format(text.__class__) }}",
    # globals
    "{{ range.__doc__ }}",
    "{{ dict.__subclasses__() }}",
    "{{ dict.mro() }}",
    "{{ namespace.__init__.__globals__|length }}",
    "{{ namespace(x=1).__class__ }}",
    "{{ namespace()|attr('_Namespace__attrs') }}",
    "{{ lipsum.__globals__['os'].getcwd() }}",
    "{{ lipsum() }}",
    "{{ cycler.__init__.__globals__|length }}",
    "{{ joiner.__init__.__globals__|length }}",
    # Jinja's own objects
    "{{ self.__class__ }}",
    "{{ self._TemplateReference__context }}",
    "{% block user %}{{ self.user._context.environment }}{% endblock %}",
    "{% block user %}{{ self.user.__init__.__globals__|length }}{% endblock %}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterable }}{% endfor %}",
    "{% for x in [1] %}{{ loop.__init__.__globals__|length }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__init__.__globals__|length }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__code__ }}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{% macro m() %}{{ varargs.__class__ }}{% endmacro %}{{ m(1) }}",
    "{% macro m() %}{{ kwargs.__class__ }}{% endmacro %}{{ m(a=1) }}",
    "{% macro m() %}{{ caller._func }}{% endmacro %}{% call m() %}x{% endcall %}",
    "{{ (rows|map('upper')).gi_frame.f_globals|length }}",
    # changing what the data holds
    "{{ rows.append('c') }}",
    "{{ rows.sort() }}{{ rows }}",
    "{{ rows.__setitem__(0, 'c') }}",
    "{{ (rows|attr('pop'))() }}",
    "{{ data.update(a=2) }}",
    "{{ data.pop('a') }}",
    "{{ data['clear']() }}",
    "{{ data.setdefault('b', 2) }}",
    # what is different in each run, or makes bytes
    "{{ rows|random }}",
    "{{ text.upper }}",
    "{{ [text.upper] }}",
    "{{ text.upper ~ '' }}",
    "{{ text.upper|string }}",
    "{{ range }}",
    "{{ self }}",
    "{{ text.encode().hex() }}",
    "{{ (1).to_bytes(2, 'big') }}",
    "{{ text.translate({104: 'j'}) }}",
]

# Names that other frameworks or Python know.
ABSENT = ["config", "request", "session", "os", "sys", "open", "eval", "getattr", "__builtins__"]
ABSENT += ["__import__", "get_flashed_messages", "environment", "context", "_", "resolve"]


@pytest.mark.parametrize("source", REACHING)
def test_the_attempt_is_a_real_one(source):
    """In plain Jinja it works: else its refusal would say nothing about the sandbox."""
    plain = jinja2.Environment().from_string(source)
    assert plain.render(copy.deepcopy(VARIABLES)).strip()


@pytest.mark.parametrize("source", REACHING)
def test_a_way_into_python_or_the_data_is_refused(tmp_path, source):
    variables = copy.deepcopy(VARIABLES)
    error = refused(tmp_path, source, **variables)
    assert variables == VARIABLES
    assert error.where.startswith("prompt.j2:1")
    assert "0x" not in str(error)


@pytest.mark.parametrize("name", ABSENT)
def test_a_name_from_outside_is_undefined(tmp_path, name):
    assert refused(tmp_path, f"{{{{ {name} }}}}", text="x").what == f"case 7: '{name}' is undefined"


@pytest.mark.parametrize("source", ["{% do rows.append(1) %}", "{% debug %}", "{% continue %}"])
def test_tags_of_extensions_are_unknown(tmp_path, source):
    assert "unknown tag" in refused(tmp_path, source, **VARIABLES).what


def test_an_attempt_in_the_data_stays_text(tmp_path):
    for attempt in REACHING:
        assert said(tmp_path, "<{{ text }}>", text=attempt) == f"<{attempt}>"


# Files.


def workspace(tmp_path):
    """A workspace with links that lead out of it, beside a folder with a secret."""
    write(tmp_path, {"outside/secret.j2": SECRET, "space/prompts/fine.j2": "fine"})
    write(tmp_path, {"outside/macro.j2": "{% macro m() %}" + SECRET + "{% endmacro %}"})
    prompts = tmp_path / "space/prompts"
    (prompts / "link.j2").symlink_to(tmp_path / "outside/secret.j2")
    (prompts / "folder").symlink_to(tmp_path / "outside")
    (prompts / "circle.j2").symlink_to(prompts / "circle.j2")
    (prompts / "near.j2").symlink_to(prompts / "fine.j2")
    return tmp_path / "space"


def render_there(space, source):
    write(space, {"prompts/p.j2": source})
    template = Template("p", space / "prompts/p.j2", "prompts/p.j2", space)
    return template.render(Case("7", {"text": "x", "name": "../../outside/secret.j2"}))


@pytest.mark.parametrize(
    "source",
    [
        "{% include '../../outside/secret.j2' %}",
        "{% include '../prompts/../../outside/secret.j2' %}",
        "{% include '../../outside/secret.j2' ignore missing %}",
        "{% include ['../../outside/secret.j2', 'fine.j2'] %}",
        "{% include ['fine.j2', '../../outside/secret.j2'] %}",
        "{% extends '../../outside/secret.j2' %}",
        "{% import '../../outside/macro.j2' as m %}{{ m.m() }}",
        "{% from '../../outside/macro.j2' import m %}{{ m() }}",
        "{% include 'OUTSIDE/secret.j2' %}",
        "{% include 'link.j2' %}",
        "{% include 'folder/secret.j2' %}",
        "{% extends 'link.j2' %}",
        "{% from 'folder/macro.j2' import m %}{{ m() }}",
        "{% include 'circle.j2' %}",
        "{% include '/etc/passwd' %}",
        "{% include '//etc/passwd' %}",
        "{% include 'file:///etc/passwd' %}",
        "{% include '~/.ssh/id_rsa' %}",
        "{% include '/dev/zero' %}",
        "{% include '..' %}",
        "{% include '' %}",
        "{% include 'fine.j2\\0' %}",
        "{% include '\\ud800' %}",
        "{% include '" + "a" * 5000 + "' %}",
        "{% include name %}",
        "{% include name ~ '' %}",
        "{% include ['fine.j2', name] %}",
        "{% extends name %}",
        "{% import name as m %}",
        "{% include self %}",
        "{% import 'os' as os %}{{ os.getcwd() }}",
    ],
)
def test_a_file_outside_of_the_workspace_is_not_read(tmp_path, source):
    space = workspace(tmp_path)
    source = source.replace("OUTSIDE", str(tmp_path / "outside"))
    with pytest.raises(PromptError) as caught:
        render_there(space, source)
    assert SECRET not in str(caught.value)
    assert "root:" not in str(caught.value)
    assert caught.value.where.startswith("prompts/p.j2")


@pytest.mark.parametrize("name", ["fine.j2", "../prompts/fine.j2", "near.j2", "./fine.j2"])
def test_a_file_inside_of_the_workspace_is_read(tmp_path, name):
    (found,) = render_there(workspace(tmp_path), f"{{% include '{name}' %}}!")
    assert found.text == "fine!"


def test_a_prompt_that_is_a_link_out_of_the_workspace_is_not_read(tmp_path):
    space = workspace(tmp_path)
    with pytest.raises(PromptError, match="leads out of the workspace") as caught:
        Template("p", space / "prompts/link.j2", "prompts/link.j2", space)
    assert SECRET not in str(caught.value)


def test_one_prompt_does_not_see_the_state_of_another(tmp_path):
    one = compiled(tmp_path / "one", "{% set x = 'left' %}{{ x }}")
    two = compiled(tmp_path / "two", "{{ x }}")
    assert one.render(Case("1", {}))[0].text == "left"
    with pytest.raises(PromptError, match="'x' is undefined"):
        two.render(Case("2", {}))
