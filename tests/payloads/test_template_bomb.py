"""Template bombs: refused early, in time and in memory, wherever the template comes from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from promptbench.error import ModelError
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.record import Message
from tests.cost import at_most
from tests.errors.workspace import PROMPT, Entry, happen, template
from tests.model.tiny import write_tokenizer
from tests.prompt.ask import refused

MILLION = "{% set s = 'a' * 1000000 %}"
STATE = "{% set ns = namespace(x='aaaaaaaaaaaaaaaa', l=[], n=9) %}"


def loop(body, turns=60000):
    return f"{{% for i in range({turns}) %}}{body}{{% endfor %}}"


def growing(expression, turns=200):
    return STATE + loop("{% set ns.x = " + expression + " %}", turns) + "{{ ns.x|length }}"


def hoarding(expression, turns=60000, before=MILLION):
    """Keep what each turn makes."""
    return before + STATE + loop("{% set ns.l = ns.l + [" + expression + "] %}", turns)


LOOPS = {
    "nested loops": loop(loop("", 100000), 100000),
    "a thousand loops": loop("{% for j in range(99999) %}{% endfor %}" * 50),
    "nested loops that skip": loop("{% for j in range(99999) if j < 0 %}{% endfor %}", 99999),
    "a recursive loop": "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a loop that doubles": (
        "{% for x in [1] recursive %}{{ loop([1]) if loop.depth < 40 }}"
        "{{ loop([1]) if loop.depth < 40 }}{% endfor %}"
    ),
    "a loop over text": MILLION + "{% for c in s %}{% endfor %}",
    "a source of many parts": "{{ x }}" * 140_000,
    "a literal of many parts": "{{ [" + "0," * 490_000 + "] }}",
    "a large range": loop("", 10**9),
    "a range by arithmetic": "{{ range(1000 * 1000 * 1000)|list }}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a macro that calls itself twice": (
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}"
    ),
    "a caller that doubles": (
        "{% macro m(n) %}{{ caller() }}{% if n %}{% call m(n - 1) %}x{% endcall %}"
        "{% call m(n - 1) %}x{% endcall %}{% endif %}{% endmacro %}{% call m(40) %}x{% endcall %}"
    ),
    "a block that doubles": "{% block user %}{{ self.user() }}{{ self.user() }}{% endblock %}",
}

GROWTH = {
    "doubling by ~": growing("ns.x ~ ns.x"),
    "doubling by +": growing("ns.x + ns.x"),
    "doubling by *": growing("ns.x * 2"),
    "doubling by %": growing("'%s%s' % (ns.x, ns.x)"),
    "doubling by format": growing("'%s%s'|format(ns.x, ns.x)"),
    "doubling by named format": growing("'%(a)s%(a)s'|format(a=ns.x)"),
    "doubling by .format": growing("'{0}{0}'.format(ns.x)"),
    "doubling by join": growing("[ns.x, ns.x]|join"),
    "doubling by .join": growing("''.join([ns.x, ns.x])"),
    "doubling by replace": growing("ns.x|replace('a', 'aa')"),
    "doubling by .replace": growing("ns.x.replace('a', 'aa')"),
    "doubling by a macro": ("{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}" + growing("m(ns.x)")),
    "doubling by set": STATE + loop("{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}", 200),
    "doubling by a filter block": STATE
    + loop("{% set ns.x %}{% filter trim %}{{ ns.x }}{{ ns.x }}{% endfilter %}{% endset %}", 200),
    "doubling by a filled slot": growing("'%(a)s %(a)s'|format(a=ns.x)"),
    "doubling a list": STATE + loop("{% set ns.l = (ns.l or [1]) + ns.l %}"),
    "doubling a list by *": STATE + loop("{% set ns.l = (ns.l or [1]) * 2 %}"),
    "tripling a quotation": STATE + loop("{% set ns.x = [ns.x, ns.x]|tojson %}", 200),
    "a huge text": "{{ 'a' * 1000000000 }}",
    "a huge text the other way": "{{ 1000000000 * 'a' }}",
    "a huge list": "{{ ([0] * 1000000000)|length }}",
    "many copies": MILLION + "{{ s }}{{ s }}{{ s }}",
    "center": "{{ 'a'|center(1000000000) }}",
    "center by name": "{{ 'a'|center(width=1000000000) }}",
    ".center": "{{ 'a'.center(1000000000) }}",
    ".ljust": "{{ 'a'.ljust(1000000000) }}",
    ".rjust": "{{ 'a'.rjust(1000000000, 'x') }}",
    ".zfill": "{{ 'a'.zfill(1000000000) }}",
    ".expandtabs": "{{ ('\t' * 1000000).expandtabs(10000) }}",
    "indent": "{{ 'a'|indent(1000000000, first=true) }}",
    "indent of many lines": "{{ ('\n' * 1000000)|indent(10000, blank=true) }}",
    "indent by a text": MILLION + "{{ ('a\n' * 1000)|indent(s) }}",
    "indent by name": MILLION + "{{ ('a\n' * 1000)|indent(width=s) }}",
    "tojson indent": "{{ ([0] * 200000)|tojson(indent=9999) }}",
    "tojson deep": STATE + loop("{% set ns.l = [ns.l] %}", 500) + "{{ ns.l|tojson(indent=9999) }}",
    "replace": MILLION + "{{ s|replace('a', s) }}",
    "replace by names": MILLION + "{{ s|replace(new=s, old='a') }}",
    "replace of nothing": MILLION + "{{ s|replace('', s) }}",
    "replace of a number": MILLION + "{{ ('1' * 1000)|replace(1, s) }}",
    "replace in a list": MILLION + "{{ [s]|replace('a', s) }}",
    ".replace": MILLION + "{{ s.replace('a', s) }}",
    "join": MILLION + "{{ range(10000)|join(s) }}",
    ".join": MILLION + "{{ s.join('a' * 100000) }}",
    "join of a list": MILLION + "{{ ([s] * 10000)|join }}",
    "join by attribute": MILLION + "{{ ([{'a': s}] * 10000)|join(attribute='a') }}",
    "~ of lists": MILLION + "{{ ([s] * 10000) ~ '' }}",
    "wordwrap of one word": "{{ ('a' * 900000)|wordwrap(2, break_long_words=true) }}",
    "urlize": MILLION + "{{ ('http://a ' * 100000)|urlize }}",
    "xmlattr": MILLION + "{{ dict.fromkeys(range(99999), s)|xmlattr }}",
    "pprint": MILLION + "{{ ([s] * 9999)|pprint }}",
    "striptags": MILLION + "{{ ([s] * 100000)|striptags }}",
    "wordwrap": MILLION + "{{ s|wordwrap(1) }}",
    "a wide %": "{{ '%999999999d' % 1 }}",
    "a wide % by *": "{{ '%*d' % (999999999, 1) }}",
    "a precise %": "{{ '%.999999999f' % 1 }}",
    "a wide % of a name": "{{ '%(a)999999999d' % {'a': 1} }}",
    "a wide % of an odd name": "{{ '%(a(b)c)999999999d' % {'a(b)c': 1} }}",
    "a wide format": "{{ '%999999999d'|format(1) }}",
    "a wide .format": "{{ '{:>999999999}'.format(1) }}",
    "a wide .format by an argument": "{{ '{:>{}}'.format(1, 999999999) }}",
    "many wide %": "{{ ('%9999d' * 100000) % ((1,) * 100000) }}",
    "many wide .format": "{{ ('{0:>9999}' * 100000).format(1) }}",
    "many %": MILLION + "{{ ('%(a)s' * 100000) % {'a': s} }}",
    "many .format": MILLION + "{{ ('{0}' * 100000).format(s) }}",
    "a list of long texts": MILLION + "{{ [s] * 100000 }}",
    "a list of long texts in a list": MILLION + "{{ [[s] * 1000] * 1000 }}",
    "a list of long texts as text": MILLION + "{{ ([s] * 100000)|string|length }}",
    "a list of long texts as %s": MILLION + "{{ '%s' % ([[s] * 100000],) }}",
    "a list of long texts as {}": MILLION + "{{ '{}'.format([s] * 100000) }}",
    "a list of long texts as json": MILLION + "{{ ([s] * 100000)|tojson|length }}",
    "a list of long texts in upper case": MILLION + "{{ ([s] * 100000)|upper }}",
    "a list of long texts, trimmed": MILLION + "{{ ([s] * 100000)|trim }}",
    "a list of long texts under test": MILLION + "{{ ([s] * 100000) is lower }}",
    "a namespace of long texts": MILLION
    + STATE
    + "{% set ns.l = [s] * 100000 %}{{ [ns]|string|length }}",
    "a laughing list": STATE + loop("{% set ns.l = [ns.l, ns.l] %}", 60) + "{{ ns.l }}",
    "a laughing mapping": STATE
    + loop("{% set ns.l = {'a': ns.l, 'b': ns.l} %}", 60)
    + "{{ ns.l|tojson }}",
}

NUMBERS = {
    "a power": "{{ 9 ** 999999999 }}",
    "a power of a power": "{{ 9 ** 9 ** 9 }}",
    "dividing": STATE
    + loop("{% set ns.n = ns.n * ns.n %}", 14)
    + loop("{% set x = (ns.n // 7) // 3 %}", 99999),
    "squaring": STATE + loop("{% set ns.n = ns.n * ns.n %}"),
    "a long literal": "{{ " + "9" * 5000 + " }}",
    "a long text as a number": "{{ ('9' * 1000000)|int }}",
    "a long number shown": STATE + loop("{% set ns.n = ns.n * 99999 %}", 2000) + "{{ ns.n }}",
    "a power of a power of a power": "{{ 10**10**10 }}",
    "a large number of digits": "{{ '%.999999999d' % 1 }}",
    "round": "{{ 1.5|round(999999999) }}",
    "round down": "{{ 1.5|round(999999999, 'floor') }}",
    "bytes of a number": "{{ (1).to_bytes(999999999, 'big')|length }}",
    "sum": "{{ ([[0] * 1000] * 1000)|sum(start=[])|length }}",
}

# In C, where nothing could interrupt it.
COMPARING = {
    ".strip": "{{ ('a' * 1000000).strip('b' * 900000 ~ 'a') }}",
    "trim": "{{ ('a' * 900000)|trim('b' * 900000 ~ 'a') }}",
    ".rfind": "{{ ('a' * 1000000).rfind('a' * 200000 ~ 'b' ~ 'a' * 200000) }}",
    ".rsplit": "{{ ('a' * 1000000).rsplit('a' * 200000 ~ 'b' ~ 'a' * 200000) }}",
    "hashing a deep tuple": "{% set ns = namespace(t=()) %}"
    + loop("{% set ns.t = (ns.t,) %}")
    + "{{ {ns.t: 1} }}",
    "equal texts in a list": "{% set a = 'a' * 1000000 %}{% set b = a[1:] ~ 'a' %}"
    "{{ a in [b] * 1000000 }}",
    "sorting equal texts": "{% set a = 'a' * 1000000 %}{% set b = a[1:] ~ 'a' %}"
    "{{ ([a, b] * 100000)|sort|length }}",
    "the largest of equal texts": "{% set a = 'a' * 1000000 %}{% set b = a[1:] ~ 'a' %}"
    "{{ ([a, b] * 100000)|max|length }}",
    "unique texts": "{% set a = 'a' * 1000000 %}{% set b = a[1:] ~ 'a' %}"
    "{{ ([a, b] * 100000)|unique|list|length }}",
    "grouping": MILLION + "{{ ([{'a': s}] * 100000)|groupby('a')|length }}",
    "counting": "{% set a = 'a' * 1000000 %}{% set b = a[1:] ~ 'a' %}{{ ([a] * 100000).count(b) }}",
    "comparing laughing lists": "{% set ns = namespace(a=[1], b=[1]) %}"
    + loop("{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}", 60)
    + "{{ ns.a == ns.b }}",
    "testing laughing lists": "{% set ns = namespace(a=[1], b=[1]) %}"
    + loop("{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}", 60)
    + "{{ ns.a is eq ns.b }}",
    "changed laughing lists": "{% set ns = namespace(a=[1], b=[1]) %}"
    + loop("{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}", 60)
    + "{% for x in [ns.a, ns.b] %}{{ loop.changed(x) }}{% endfor %}",
    "a laughing key": "{% set ns = namespace(a=(1,)) %}"
    + loop("{% set ns.a = (ns.a, ns.a) %}", 60)
    + "{{ {ns.a: 1}|length }}",
    "a laughing key of dict()": "{% set ns = namespace(a=(1,)) %}"
    + loop("{% set ns.a = (ns.a, ns.a) %}", 60)
    + "{{ dict([(ns.a, 1)])|length }}",
    "a laughing subscript": "{% set ns = namespace(a=(1,)) %}"
    + loop("{% set ns.a = (ns.a, ns.a) %}", 60)
    + "{{ {}[ns.a] }}",
    "a laughing .get": "{% set ns = namespace(a=(1,)) %}"
    + loop("{% set ns.a = (ns.a, ns.a) %}", 60)
    + "{{ {}.get(ns.a, 1) }}",
    "a laughing filter name": "{% set ns = namespace(a=(1,)) %}"
    + loop("{% set ns.a = (ns.a, ns.a) %}", 60)
    + "{{ ns.a is filter }}",
}

HOARDS = {
    "slices": hoarding("s[1:]"),
    "slices of lists": hoarding("r[1:]", before="{% set r = range(99999)|list %}"),
    "upper": hoarding("s|upper"),
    ".upper": hoarding("s.upper()"),
    "texts by ~": hoarding("s ~ i"),
    "texts by *": hoarding("'a' * 1000000"),
    "texts by set": MILLION
    + STATE
    + loop("{% set x %}{{ s }}{{ i }}{% endset %}{% set ns.l = ns.l + [x] %}"),
    "texts by a macro": "{% macro m(i) %}{{ 'a' * 99999 }}{{ i }}{% endmacro %}" + hoarding("m(i)"),
    "ranges": hoarding("range(99999)|list"),
    "maps": hoarding("range(99999)|map('string')|list"),
    "lists by *": hoarding("[0] * 1000000"),
    "lists of letters": hoarding("('\u8a9e' * 100000)|list"),
    "words": hoarding("('ab ' * 300000).split()"),
    "lines": hoarding("('ab\n' * 300000).splitlines()"),
    "batches": hoarding("range(99999)|batch(1)|list"),
    "slices by a filter": hoarding("range(99)|slice(9999)|list"),
    "batches filled up": hoarding("[1]|batch(9999, 0)|list"),
    "mappings": hoarding("dict.fromkeys(range(99999))"),
    "copies": hoarding("r.copy()", before="{% set r = range(99999)|list %}"),
    "items": hoarding("d|items|list", before="{% set d = dict.fromkeys(range(99999)) %}"),
    "sorted lists": hoarding("range(99999)|sort"),
    "long literals": hoarding("[" + "0," * 9000 + "]"),
    "wide characters": hoarding("'\U0001f600' * 1000000"),
    "arguments": "{% macro m() %}{{ varargs|length }}{% endmacro %}"
    + hoarding("m(*r)", before="{% set r = range(99999)|list %}"),
}

ALL = LOOPS | GROWTH | NUMBERS | COMPARING | HOARDS


# What a checkpoint's author would try: each of these would hang or fill the memory in plain Jinja.
IN_CHAT_TEMPLATES = (
    "nested loops",
    "a loop that doubles",
    "a large range",
    "a macro that calls itself twice",
    "a source of many parts",
    "doubling by ~",
    "doubling by join",
    "doubling a list",
    "a huge text",
    "many copies",
    "center",
    "a wide %",
    "indent",
    "a laughing list",
    "a power of a power",
    "squaring",
    "equal texts in a list",
    "texts by *",
)
IN_COMMANDS = ("nested loops", "a huge text", "a power of a power of a power", "a laughing list")

SAYS = re.compile(
    "more than [0-9,]+|too large|too much padding|too deep|not available|No filter named"
    "|deeper than [0-9]+|[0-9,]+ numbers at most|[Ee]xceeds the limit|is not text"
    "|longer than [0-9,]+ characters"
)


@pytest.mark.parametrize("name", ALL)
def test_a_bomb_is_refused_within_two_seconds_and_300_megabytes(tmp_path: Path, name: str):
    with at_most(seconds=2, megabytes=300):
        error = refused(tmp_path, ALL[name])
    assert error.where.startswith("prompt.j2")
    assert SAYS.search(error.what), error.what
    assert "emory" not in error.what


@pytest.mark.parametrize("name", IN_CHAT_TEMPLATES)
def test_a_bomb_in_a_checkpoint_is_refused_as_early(tmp_path: Path, name: str):
    tokenizer = Tokenizer(write_tokenizer(tmp_path, template=ALL[name]))
    with at_most(seconds=2, megabytes=300), pytest.raises(ModelError) as caught:
        tokenizer.encode((Message("user", "w1 w2"),))
    assert caught.value.where == str(tmp_path)
    assert SAYS.search(caught.value.what), caught.value.what


@pytest.mark.parametrize("name", IN_COMMANDS)
def test_a_bomb_ends_the_command_with_exit_code_2_and_one_message(name: str):
    with at_most(seconds=10, megabytes=300):
        outcome = happen(Entry(name, "planted a bomb", template(ALL[name])))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {PROMPT}:1: ")
    assert outcome.message.count("error: ") == 1


def test_count():
    assert len(ALL) == 146
    assert (len(IN_CHAT_TEMPLATES), len(IN_COMMANDS)) == (18, 4)
