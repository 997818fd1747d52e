"""Template injection: no way from a template into Python, into files, or into the data.

Each attack goes in as a prompt file and as a checkpoint's chat template, and once more as the
text of a case, where it must stay text.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pytest

from promptbench.error import ModelError, PromptError
from promptbench.model.chat_template import ChatTemplate
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.prompt.template import Template
from promptbench.record import Case, Message
from promptbench.store.prompt import Prompts
from tests.errors.checkpoint import TEMPLATE
from tests.errors.workspace import PROMPT, RUN, Entry, happen, put, template
from tests.model.tiny import write_tokenizer
from tests.prompt.ask import SECRET, refused, said, space_with_links, write
from tests.run.workspace import Workspace
from tests.run.workspace import email as row

VARIABLES: dict[str, Any] = {"text": "hello", "rows": ["b", "a"], "data": {"a": 1}}
# The same for a chat template, which sees messages.
IN_CHAT = "{% set text = messages[0].content %}{% set rows = ['b', 'a'] %}{% set data = {'a': 1} %}"
PATH = Path("checkpoints/tiny")
SAYS = r"the chat template (is broken|refuses the prompt): "


class Attack(NamedTuple):
    """A template that gets somewhere in plain Jinja. Here it must end in an error at its line."""

    name: str
    source: str


ATTACKS = {
    "attribute": [
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
    ],
    "filter": [
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
    ],
    "format string": [
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
    ],
    "global": [
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
    ],
    "Jinja's own object": [
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
    ],
    "assembled name": [
        "{{ text|attr(['_', '_', 'class', '_', '_']|join) }}",
        "{{ text|attr('__ssalc__'|reverse) }}",
        "{{ text|attr(dict(__class__=1)|list|first) }}",
        "{{ text|attr(dict(__class__=1)|join) }}",
        "{{ text|attr('__class__ '|trim) }}",
        "{{ text|attr('__cXass__'|replace('X', 'l')) }}",
        "{% for name in ['__class__'] %}{{ text|attr(name) }}{% endfor %}",
        "{% macro m(a) %}{{ text|attr(a) }}{% endmacro %}{{ m('__class__') }}",
        "{{ [text]|map('attr', '__cla' ~ 'ss__')|map('attr', '__mro__')|list }}",
        "{{ [{'a': text}]|map(attribute='a.__class__')|list }}",
        "{{ [{'a': text}]|groupby('a.__class__')|list }}",
        "{{ [text]|min(attribute='__class__.__name__') }}",
        "{{ data|attr('__init__')|attr('__self__') }}",
        "{{ data['__class__'] }}",
        "{{ data.items.__self__.__class__ }}",
    ],
    "frame": [
        "{% macro m() %}{% endmacro %}{{ m._func.__globals__|length }}",
        "{% macro m() %}{{ caller.__init__.__globals__|length }}{% endmacro %}"
        "{% call m() %}{% endcall %}",
        "{{ (rows|select('string')).gi_code.co_name }}",
        "{{ ((rows|map('upper'))|attr('gi_frame')).f_builtins|length }}",
        "{{ rows.__iter__().__reduce__() }}",
        "{{ range(3).__reduce__() }}",
        "{{ namespace.__mro__ }}",
        "{{ dict.__base__ }}",
        "{{ range.mro() }}",
        "{{ ''.__class__.mro()[1] }}",
        "{% set x = namespace() %}{% set x.__class__ = 1 %}{{ x.__class__ }}",
    ],
    "mutation": [
        "{{ rows.append('c') }}",
        "{{ rows.sort() }}{{ rows }}",
        "{{ rows.__setitem__(0, 'c') }}",
        "{{ (rows|attr('pop'))() }}",
        "{{ data.update(a=2) }}",
        "{{ data.pop('a') }}",
        "{{ data['clear']() }}",
        "{{ data.setdefault('b', 2) }}",
        "{{ data.popitem() }}",
        "{{ data.__delitem__('a') }}{{ data }}",
        "{{ rows.extend(['c']) }}",
        "{{ rows.insert(0, 'c') }}",
        "{{ rows.remove('a') }}",
        "{{ rows.reverse() }}",
        "{{ rows.clear() }}",
        "{{ rows.__iadd__(['c']) }}",
    ],
    "leaking value": [
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
    ],
}

REACHING = [
    Attack(f"{kind} {number}", source)
    for kind, sources in ATTACKS.items()
    for number, source in enumerate(sources, 1)
]
named = pytest.mark.parametrize("attack", REACHING, ids=lambda attack: attack.name)

# What transformers gives to chat templates, turned against it.
GIVEN = {
    "globals of strftime_now": "{{ strftime_now.__globals__ }}",
    "globals of raise_exception": "{{ raise_exception.__globals__|length }}",
    "closure of strftime_now": "{{ strftime_now|attr('__closure__') }}",
    "a date in a megabyte": "{{ strftime_now('%c' * 500000)|length }}",
    "the date's class": "{{ strftime_now('%Y').__class__ }}",
    "a format of an exception": "{{ '{0.__traceback__}'.format(raise_exception) }}",
    "an address": "{{ raise_exception }}",
    "messages emptied": "{{ messages.clear() }}",
    "a message changed": "{{ messages[0].update(content='other') }}",
    "a message appended": "{{ messages.append({'role': 'user', 'content': 'x'}) }}",
    "a message deleted": "{{ messages[0].pop('content') }}",
    "a file included": "{% include '/etc/passwd' %}",
    "a file extended": "{% extends 'config.json' %}",
    "a file imported": "{% import 'tokenizer.json' as t %}{{ t }}",
}


@named
def test_the_attempt_is_a_real_one(attack: Attack):
    """In plain Jinja it works: else its refusal would say nothing about the sandbox."""
    plain = jinja2.Environment().from_string(attack.source)
    assert plain.render(copy.deepcopy(VARIABLES)).strip()


@named
def test_a_prompt_file_gets_nowhere_and_changes_nothing(tmp_path: Path, attack: Attack):
    variables = copy.deepcopy(VARIABLES)
    error = refused(tmp_path, attack.source, **variables)
    assert variables == VARIABLES
    assert error.where.startswith("prompt.j2:1")
    assert "0x" not in str(error)


@named
def test_a_chat_template_gets_nowhere(attack: Attack):
    with pytest.raises(ModelError, match=SAYS) as e:
        ChatTemplate(IN_CHAT + attack.source, {}, PATH).render((Message("user", "hello"),))
    assert e.value.where == str(PATH)
    assert "0x" not in str(e.value)


@pytest.mark.parametrize("name", GIVEN)
def test_a_checkpoint_cannot_use_what_chat_templates_are_given(tmp_path: Path, name: str):
    tokenizer = Tokenizer(write_tokenizer(tmp_path, template=GIVEN[name]))
    asked = (Message("user", "w1 w2"),)
    with pytest.raises(ModelError, match=SAYS) as e:
        tokenizer.encode(asked)
    assert asked == (Message("user", "w1 w2"),)
    assert "0x" not in str(e.value) and "root:" not in str(e.value)


def test_a_template_that_refuses_cannot_write_into_the_terminal():
    source = "{{ raise_exception('\\x1b]0;owned\\x07\\u202e') }}"
    outcome = happen(Entry("escape", "gave an escape sequence", refusing(source), code=2))
    assert outcome.code == 2
    assert not set("\x1b\x07\u202e") & set(outcome.message)


def refusing(source: str):
    """The suite's checkpoint with another chat template."""

    def prepare(workspace: Path, patch: pytest.MonkeyPatch) -> list[str]:
        put(workspace, "checkpoints/tiny/chat_template.jinja", source)
        return list(RUN)

    return prepare


# Text that looks like a template.


@named
def test_an_attack_in_the_data_stays_text(attack: Attack, echoes: Template, chat: ChatTemplate):
    (found,) = echoes.render(Case("7", {"text": attack.source}))
    assert found.text == f"<{attack.source}>"
    assert f"user\n{attack.source}</s>" in chat.render((Message("user", attack.source),))


@pytest.fixture(scope="module")
def echoes(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A prompt that shows a text."""
    folder = tmp_path_factory.mktemp("echoes")
    write(folder, {"prompt.j2": "<{{ text }}>"})
    return Template("prompt", folder / "prompt.j2", "prompt.j2", folder)


@pytest.fixture(scope="module")
def chat() -> ChatTemplate:
    """A chat template that shows its messages."""
    return ChatTemplate(TEMPLATE, {}, PATH)


@pytest.mark.parametrize(
    "text", ["{{ 7 * 7 }}", "{% raw %}", "{% endraw %}{{ x }}", "{# x #}", "{%", "{{", "}}", "#}"]
)
def test_the_signs_of_a_template_in_a_variable_are_only_signs(tmp_path: Path, text: str):
    assert said(tmp_path, "[{{ text }}{{ {'a': text}.a }}]", text=text) == f"[{text}{text}]"


# Names that other frameworks or Python know.
ABSENT = ["config", "request", "session", "os", "sys", "open", "eval", "getattr", "__builtins__"]
ABSENT += ["__import__", "get_flashed_messages", "environment", "context", "_", "resolve"]


@pytest.mark.parametrize("name", ABSENT)
def test_a_name_from_outside_is_undefined(tmp_path: Path, name: str):
    assert refused(tmp_path, f"{{{{ {name} }}}}", text="x").what == f"case 7: '{name}' is undefined"


# Files.

FILES = [
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
]


@pytest.mark.parametrize("source", FILES)
def test_a_file_outside_of_the_workspace_is_not_read(tmp_path: Path, source: str):
    space = space_with_links(tmp_path)
    source = source.replace("OUTSIDE", str(tmp_path / "outside"))
    write(space, {"prompts/p.j2": source})
    with pytest.raises(PromptError) as caught:
        template = Template("p", space / "prompts/p.j2", "prompts/p.j2", space)
        template.render(Case("7", {"text": "x", "name": "../../outside/secret.j2"}))
    assert SECRET not in str(caught.value)
    assert "root:" not in str(caught.value)
    assert caught.value.where.startswith("prompts/p.j2")


# The command line.


@pytest.mark.parametrize(
    "source",
    [
        "{{ body.__class__.__mro__[1].__subclasses__() }}",
        "{{ body|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
        "{{ '{0.__class__}'.format(body) }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% include '../../../../../../../etc/passwd' %}",
    ],
)
def test_the_command_ends_with_exit_code_2_and_one_message(source: str):
    outcome = happen(Entry("injection", "attacked", template(source)))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {PROMPT}:1: ") or "leads out" in outcome.message
    assert outcome.message.count("error: ") == 1
    assert "root:" not in outcome.message and "uid=" not in outcome.message


def test_a_run_over_hostile_cases_stores_them_byte_for_byte(workspace: Workspace):
    rows = [row(number) | {"body": one.source} for number, one in enumerate(REACHING[::3])]
    workspace.cases("test", *rows)
    run = workspace.run(prompts=("plain",)).run_id
    with workspace.store() as store:
        sent = [seen.messages[-1].text for seen in Prompts(store, run).values()]
    assert len(sent) == len(rows) == 38
    for told, found in zip(rows, sent, strict=True):
        assert found.endswith(f"{told['subject']}: {told['body']}")


def test_count():
    assert len(REACHING) == 114
    assert (len(GIVEN), len(FILES), len(ABSENT)) == (14, 31, 15)
