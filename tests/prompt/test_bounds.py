"""What a bomb is told, how work is counted, and what a template may do all the same."""

import json
import threading
import time

import pytest

from promptbench.error import PromptError
from promptbench.prompt import bounds
from promptbench.prompt.bounds import BoundedWork, step
from promptbench.record import Case

from .ask import compiled, refused, said


def test_a_bomb_is_told_with_case_line_and_a_way_out(tmp_path):
    error = refused(tmp_path, "a\n\n{{ 'x' * 1000000000 }}")
    assert error.where == "prompt.j2:3"
    assert error.what == "case 7: the template builds more than 2,000,000 characters"
    assert error.hint.startswith("A template only fills in a prompt;")


def test_a_bomb_in_an_included_file_is_told_with_that_file(tmp_path):
    template = compiled(tmp_path, "{% include 'other.j2' %}", other="\n{{ 9 ** 9 }}")
    with pytest.raises(PromptError) as caught:
        template.render(Case("7", {}))
    assert caught.value.where == "other.j2:2"


def test_a_bomb_made_of_files_is_refused(tmp_path):
    twice = "{% include 'NEXT.j2' %}{% include 'NEXT.j2' %}"
    files = {f"f{n}": twice.replace("NEXT", f"f{n + 1}") for n in range(30)}
    template = compiled(tmp_path, twice.replace("NEXT", "f0"), **files, f30="x" * 99)
    started = time.process_time()
    with pytest.raises(PromptError):
        template.render(Case("7", {}))
    assert time.process_time() - started < 2


def test_time_is_bounded_too(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_SECONDS", -1.0)
    assert "takes longer than" in refused(tmp_path, "{{ 'a' + 'b' }}").what


@pytest.mark.parametrize("override", ["{% macro promptbench_step() %}{% endmacro %}", ""])
def test_a_template_cannot_switch_the_counting_off(tmp_path, override):
    loops = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    source = override + "{% set promptbench_step = dict %}" + loops
    assert "more than 200,000 steps" in refused(tmp_path, source).what


def test_each_rendering_counts_for_itself(tmp_path):
    template = compiled(tmp_path, "{% for i in range(90000) %}{% endfor %}x")
    for number in range(4):
        assert template.render(Case(str(number), {}))[0].text == "x"


def test_each_thread_counts_for_itself():
    failures = []

    def work():
        try:
            with BoundedWork():
                for _ in range(150_000):
                    step()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# What a template may do.

ROWS = [{"id": n, "name": f"row {n}", "score": n / 7, "tags": ["a", "b"]} for n in range(5000)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "{% for r in rows %}{{ r.name|upper }} {{ r.score|round(2) }}\n{% endfor %}",
            "\n".join(f"{r['name'].upper()} {round(r['score'], 2)}" for r in ROWS),
        ),
        (
            "{% for r in rows %}{{ r.nope|default('-') }}{{ r.tags|join(',') }}"
            "{{ r.name|replace('row', 'line') }};{% endfor %}",
            "".join(f"-a,b{r['name'].replace('row', 'line')};" for r in ROWS),
        ),
        (
            "{% macro line(r) %}{{ r.id ~ ': ' ~ r.name }}{% endmacro %}"
            "{% for r in rows %}{{ line(r) }}|{% endfor %}",
            "".join(f"{r['id']}: {r['name']}|" for r in ROWS),
        ),
        (
            "{% set ns = namespace(n=0) %}{% for r in rows if r.id is even %}"
            "{% set ns.n = ns.n + r.id %}{% endfor %}{{ ns.n }}",
            str(sum(r["id"] for r in ROWS if r["id"] % 2 == 0)),
        ),
        (
            "{% set ns = namespace(l=[]) %}{% for r in rows %}{% set ns.l = ns.l + [r.id] %}"
            "{% endfor %}{{ ns.l|length }} {{ ns.l[:3] }} {{ ns.l[-1] }}",
            "5000 [0, 1, 2] 4999",
        ),
        ("{{ rows|tojson|length }}", str(len(json.dumps(ROWS)))),
        ("{{ rows|map(attribute='id')|join(' ') }}", " ".join(str(n) for n in range(5000))),
        ("{{ rows|selectattr('id', 'lt', 3)|map(attribute='name')|list }}", None),
        ("{{ (rows|sort(attribute='score', reverse=true)|first).id }}", "4999"),
        ("{{ rows|groupby('name')|length }} {{ rows|length }}", "5000 5000"),
        ("{% for r in rows %}{{ loop.index if loop.last }}{% endfor %}", "5000"),
        ("{% for r in rows %}{% if r.name == 'row 7' %}{{ r.id }}{% endif %}{% endfor %}", "7"),
        ("{% for batch in rows|batch(1000) %}{{ batch|length }} {% endfor %}", "1000 " * 5),
        ("{% for r in rows[:2] %}{{ '%-8s|%5.2f' | format(r.name, r.score) }}\n{% endfor %}", None),
    ],
)
def test_work_over_five_thousand_rows_is_fine(tmp_path, source, expected):
    text = said(tmp_path, source, rows=ROWS)
    if expected is None:
        expected = {
            "[": "['row 0', 'row 1', 'row 2']",
            "r": "row 0   | 0.00\nrow 1   | 0.14",
        }[text[0]]
    assert text == expected.strip()


@pytest.mark.parametrize(
    "expression",
    [
        "text",
        "text|trim",
        "text|upper|lower",
        "text|replace('x', 'x')",
        "text ~ ''",
        "text + ''",
        "'%s' % text",
        "'{}'.format(text)",
        "text[:600000]",
        "text.split()|join(' ')",
        "text|truncate(600000)",
        "(text|list)|join",
        "text|indent(2)",
        "text if text|length > 9 and text != '' and 'word' in text",
    ],
)
def test_half_a_megabyte_of_text_is_fine(tmp_path, expression):
    text = "word " * 99_999 + "word"
    assert said(tmp_path, "{{ " + expression + " }}", text=text) == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 'a'|center(5) }}|", "  a  |"),
        ("{{ 'a\nb'|indent(2) }}", "a\n  b"),
        ("{{ 'a'.ljust(3) }}|{{ '7'.zfill(3) }}|{{ 'a\tb'.expandtabs() }}", "a  |007|a       b"),
        ("{{ 'a\tb'.expandtabs(2) }}|{{ 'a\tb'.expandtabs(tabsize=4) }}", "a b|a   b"),
        ("{% for i in [1] %}{{ 'a\tb'.expandtabs() }}{% endfor %}", "a       b"),
        ("{{ 'a b a'|replace('a', 'c', 1) }}|{{ 'aa'|replace('a', 'c', count=1) }}", "c b a|ca"),
        ("{{ 'a b a'.replace('a', 'c', 1) }}", "c b a"),
        ("{{ '* %s: 12345'|format('a') }}|{{ '**%s**' % 'b' }}", "* a: 12345|**b**"),
        ("{{ '100% of 5%' }}|{{ '%d%%' % 5 }}|{{ '%5.1f' % 2.25 }}", "100% of 5%|5%|  2.2"),
        ("{{ '{{x}} {0} {a:>3} {1!r:*^7}'.format(1, 'b', a=2) }}", "{x} 1   2 **'b'**"),
        ("{{ '123456: {}'.format(1) }}", "123456: 1"),
        ("{{ 123456|round }}|{{ 2.345|round(1) }}|{{ 2.5|round(0, 'floor') }}", "123456|2.3|2.0"),
        (
            "{{ 'x'|int(7) }}|{{ '12'|int }}|{{ 'ff'|int(base=16) }}|{{ '1.5'|float }}",
            "7|12|255|1.5",
        ),
        ("{{ [3, 1, 2]|sort }}|{{ [1, 1, 2]|unique|list }}|{{ [1, 2]|max }}", "[1, 2, 3]|[1, 2]|2"),
        ("{{ [1, 2, 3]|reverse|list }}|{{ 'abc'|reverse }}|{{ 'abc'[::-1] }}", "[3, 2, 1]|cba|cba"),
        ("{{ 'abc'[1:] }}|{{ [1, 2, 3][:-1] }}|{{ [1, 2, 3][0] }}", "bc|[1, 2]|1"),
        ("{{ [1, 2]|first }}|{{ [1, 2]|last }}|{{ 'a,b'.split(',') }}", "1|2|['a', 'b']"),
        ("{{ {'b': 1, 'a': 2}|dictsort }}", "[('a', 2), ('b', 1)]"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("{% for k, v in {'a': 1}|items %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("{{ 1 + 2 * 3 - 4 / 2 }}|{{ 7 // 2 }}|{{ 7 % 4 }}|{{ -3 }}", "5.0|3|3|-3"),
        (
            "{{ 1 < 2 <= 2 }}|{{ 'a' in 'abc' }}|{{ 2 not in [1] }}|{{ none }}",
            "True|True|True|None",
        ),
        ("{{ 5 is divisibleby 5 }}|{{ 'a' is eq 'a' }}|{{ 2 is in [1, 2] }}", "True|True|True"),
        ("{{ ['a', 'b'] ~ {'c': 1} }}|{{ 1 ~ 'x' ~ none }}", "['a', 'b']{'c': 1}|1xNone"),
        ("{{ ', '.join(['a', 'b']) }}|{{ ['a', 1]|join('-') }}|{{ 'abc'|join('-') }}", None),
        ("{% call(x) m() %}<{{ x }}>{% endcall %}", "a<1>b"),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
        ("{% with x = 1 %}{{ x }}{% endwith %}{% raw %}{{ y }}{% endraw %}", "1{{ y }}"),
        (
            "{% for x in [1, [2, [3]]] recursive %}{% if x is iterable %}({{ loop(x) }})"
            "{% else %}{{ x }}{% endif %}{% endfor %}",
            "1(2(3))",
        ),
        ("{% for x in 'aab' %}{% if loop.changed(x) %}{{ x }}{% endif %}{% endfor %}", "ab"),
        ("{% for x in [1, 2] %}{{ loop.cycle('odd', 'even') }} {% endfor %}", "odd even"),
        ("{{ dict(a=1) }}|{{ {1: 'x', 'k': 2}[1] }}|{{ dict(a=1).get('b', 3) }}", None),
        ("{{ 'a b'|title }}|{{ 'a b'|wordcount }}|{{ ' a '|trim }}|{{ 'ab'|capitalize }}", None),
        ("{{ '<b>'|e }}|{{ '<b>x</b>'|striptags }}|{{ 'a b'|urlencode }}", "&lt;b&gt;|x|a%20b"),
    ],
)
def test_the_ordinary_means_of_a_template_work_as_in_jinja(tmp_path, source, expected):
    macro = "{% macro m() %}a{{ caller(1) }}b{% endmacro %}"
    if expected is None:
        expected = {
            "{{ ', '": "a, b|a-1|a-b-c",
            "{{ dict": "{'a': 1}|x|3",
            "{{ 'a b": "A B|2|a|Ab",
        }[source[:7]]
    assert said(tmp_path, macro + source) == expected.strip()
