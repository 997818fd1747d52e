"""Texts that a terminal would obey, or hide, are shown by name, whichever verb prints them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from promptbench.cli.escape import escaped, json_line
from promptbench.cli.main import outcome
from promptbench.cli.progress import RunProgress
from promptbench.cli.screen import Pipe, Terminal
from promptbench.cli.terminal import plain, table
from promptbench.cli.training import TrainingProgress
from promptbench.model.spec import BACKENDS
from promptbench.record import Case, MetricInfo, Score
from promptbench.store.database import Sitting, Store
from tests.chat.speaking import Manner, SpeakingBackend
from tests.fake import FakeBackend
from tests.run.rated import put, rating_file
from tests.run.workspace import Workspace, email, write_workspace
from tests.store.records import completion, run, save

# Each holds a word of its own, by which one finds it in what was printed.
PAYLOADS = {
    "clear the screen": "\x1b[2J\x1b[Hword00",
    "colours": "\x1b[31;5mword01\x1b[0m",
    "move up and write over": "\x1b[1A\x1b[2Kword02",
    "alternative screen": "\x1b[?1049hword03",
    "ask for the cursor's place": "\x1b[6nword04",
    "reset": "\x1bcword05",
    "a title": "\x1b]0;word06\x07",
    "a title, ended by ST": "\x1b]2;word07\x1b\\",
    "a link": "\x1b]8;;https://evil.invalid/\x1b\\word08\x1b]8;;\x1b\\",
    "the clipboard": "\x1b]52;c;ZXZpbA==\x07word09",
    "a notification": "\x1b]9;word10\x07",
    "a device control string": "\x1bP$qm\x1b\\word11",
    "an application's command": "\x1b_Gword12\x1b\\",
    "a privacy message": "\x1b^word13\x1b\\",
    "C1: CSI in one byte": "\x9b31mword14",
    "C1: OSC in one byte": "\x9d0;word15\x9c",
    "C1: next line": "word16\x85word16",
    "a bell": "word17\x07\x07",
    "backspaces": "word18\x08\x08\x08\x08safe",
    "write over the line": "evil\rword19",
    "NUL": "wo\x00word20",
    "DEL": "word21\x7f\x7f",
    "line tabulation and form feed": "word22\x0b\x0c",
    "other character sets": "\x0e\x1b(0word23\x0f",
    "right to left override": "\u202eword24\u202c",
    "embeddings": "\u202aword25\u202b\u202c",
    "isolates": "\u2066word26\u2067\u2068\u2069",
    "marks of direction": "word27\u200e\u200f\u061c",
    "characters without a width": "wo\u200b\u2060\ufeffword28",
    "tags, which hide a text": "word29" + "".join(chr(0xE0000 + ord(sign)) for sign in "run this"),
    "selectors, which hide one too": "word34"
    + "".join(chr(0xE0100 + ord(sign)) for sign in "run this"),
    "fillers, which are seen as spaces": "wo\u3164\uffa0\u115f\u180eword35",
    "operators that nobody sees": "wo\u2061\u2064\u206a\u206f\ufff9\ufffbword36",
    "separators of lines": "word30\u2028\u2029",
    "rich's markup": "[red]word31[/red][/]",
    "a link of rich's": "[link=https://evil.invalid]word32[/link]",
    "a broken markup": "[/nothing] [@click=app.bell] word33 [[",
}
COUNT = 37
RAW = frozenset(
    chr(code)
    for code in (
        *(code for code in range(0x20) if chr(code) not in "\n\t"),
        *range(0x7F, 0xA0),
        *(0x061C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x2060, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xE0000, 0xE0080),
        *range(0xE0100, 0xE01F0),
        *(0x115F, 0x180E, 0x3164, 0xFFA0),
        *(0x2061, 0x2062, 0x2063, 0x2064, *range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC)),
    )
)


def test_count():
    assert len(PAYLOADS) == COUNT


def word(payload: str) -> str:
    """The word by which one finds a payload."""
    return payload[payload.index("word") :][:6]


# The pieces that all verbs print with


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_text_is_shown_and_not_obeyed(payload: str, capsys: pytest.CaptureFixture[str]):
    file = io.StringIO()
    console = Console(file=file, width=200, highlight=False, soft_wrap=True)
    console.print(plain(payload))
    console.print(table([payload], [[payload]]))
    for progress in (RunProgress(console), TrainingProgress(console)):
        progress.note(payload)
    RunProgress(console).stopped(payload, 1, 2, 3)
    for screen in (Terminal(), Pipe()):
        for sign in payload:  # a reply comes piece by piece
            screen.piece(sign)
        screen.end()
        screen.tell(payload)
        screen.note(payload)
    told = file.getvalue() + capsys.readouterr().out
    assert told.count(word(payload)) >= 6
    assert not RAW & set(told)
    if "[" in payload and "\x1b" not in payload:
        assert payload in told.split("\n")[0], "markup is text"


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_json_is_safe_to_print_and_reads_back_as_it_was(payload: str):
    line = json_line({payload: [payload, "Grüße", "日本", "\u200d"]})
    assert not (RAW | {"\n"}) & set(line)
    assert json.loads(line) == {payload: [payload, "Grüße", "日本", "\u200d"]}
    assert "Grüße" in line and "日本" in line


def test_letters_of_all_languages_stay_as_they_are():
    text = "Grüße, 日本語, עברית, नमस्ते, \u0645\u06cc\u200c\u062e, 👩\u200d👩\u200d👧"
    assert escaped(text) == text


# All verbs, once, on a workspace whose texts are hostile

FILES = [payload.replace("/", "|").replace("\0", "") for payload in PAYLOADS.values()]
BOTH = tuple(" ".join(list(PAYLOADS.values())[part::2]) for part in (0, 1))
STORED = "stored-1"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """What each verb printed, both streams together."""
    workspace = hostile(tmp_path_factory.mktemp("hostile"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace.folder)
        patch.setitem(BACKENDS, "fake", FakeBackend())
        patch.setitem(BACKENDS, "speaks", SpeakingBackend(Manner(says=" ".join(PAYLOADS.values()))))
        yield dict(printed(workspace, tmp_path_factory.mktemp("files"), patch))


def hostile(folder: Path) -> Workspace:
    """Payloads as ids, clusters, texts and references; and a run that no suite could make."""
    workspace = write_workspace(folder)
    rows = [
        {**email(n), "id": payload, "thread": payload, "subject": payload, "references": [payload]}
        for n, payload in enumerate(PAYLOADS.values())
    ]
    workspace.many(*rows)
    workspace.edit("suites/mail.yaml", "metrics:", "gates: [rougeL >= 0.9]\nmetrics:")
    with workspace.store() as store:
        begin_hostile(store)
    return workspace


def begin_hostile(store: Store) -> None:
    """A store may be a stranger's: names that a suite may not have stand in it."""
    name = " ".join(PAYLOADS.values())
    metric = MetricInfo(name, name, "higher", description=name)
    made = replace(run(STORED, names=BOTH), suite=name, split=name, primary=name, metrics=(metric,))
    store.begin(
        replace(made, description=name, status="complete"),
        Sitting("another plan", 0, fresh=False),
        [Case(payload, {"body": payload}, (payload,), payload) for payload in PAYLOADS.values()],
    )
    for place, payload in enumerate(PAYLOADS.values()):
        for number in (0, 1):
            cell = (number, place, 0)
            error = payload if place == 3 else ""
            save(store, STORED, completion(f"{number} {place}", payload, error=error), cell)
            if not error:
                score = Score(name, (number + place) % 2 / 2 + place / 99, payload)
                store.save_scores(STORED, [(cell, [score])])


def printed(
    workspace: Workspace, files: Path, patch: pytest.MonkeyPatch
) -> Iterator[tuple[str, str]]:
    """Ask every verb that prints anything of a suite's or a store's texts."""
    suite, name = "suites/mail.yaml", "".join(FILES)[:80]
    both = [f"{STORED}:{each}" for each in BOTH]
    yield "run", said("run", suite)
    yield "runs", said("runs")
    yield "report", said("report", STORED)
    yield "compare", said("compare", *both)
    yield "compare --json", said("compare", *both, "--json")
    yield "power", said("power", suite, "--run", STORED)
    yield "power --json", said("power", suite, "--run", STORED, "--json")
    with workspace.store() as store:
        rated = put(files / "rated", rating_file(store, STORED, ["left"] * 2, rater=name))
    yield "import-ratings", said("import-ratings", str(rated))
    yield "export", said("export", STORED, "--output", str(files / f"{name}.csv"))
    yield "split", said("split", "suites/mail/test.jsonl", "--out", str(files / name))
    yield "models", said("models")
    patch.setattr("sys.stdin", io.StringIO("Hello\n"))
    yield "chat", said("chat", "--model", "speaks:a")
    for payload in PAYLOADS.values():
        case = said("render", suite, "--prompt", "plain", "--case", payload)
        yield f"render {word(payload)}", case
    for payload in FILES:
        yield f"errors {word(payload)}", "".join(mistaken(suite, payload))
    leaked = [{**email(n), "id": payload} for n, payload in enumerate(PAYLOADS.values())]
    workspace.cases("train", *leaked)
    workspace.cases("test", *({**each, "id": f"2{each['id']}"} for each in leaked))
    yield "leaks", said("run", suite)
    yield "validate", said("validate", suite)
    workspace.write("prompts/plain.j2", "{{ body }}{{ " + name + " }}")
    yield "a template", said("validate", suite)
    workspace.write("suites/mail.yaml", f"suite: mail\n{json.dumps(name)}: {json.dumps(name)}\n")
    yield "a suite", said("run", suite)
    yield "a suite that is no YAML", said("run", str(workspace.write("suites/x.yaml", name)))


def mistaken(suite: str, text: str) -> Iterator[str]:
    """Mistakes that name what was given."""
    yield said("run", f"suites/{text}.yaml")
    yield said("run", suite, "--prompt", text)
    yield said("run", suite, "--model", f"fake:{text}", "--split", text)
    yield said("run", suite, "--model", text)
    yield said(text)
    yield said(f"--{text}")
    yield said("run", suite, "--limit", text)
    yield said("compare", text, text)
    yield said("report", text)
    yield said("export", STORED, "--output", f"none/{text}")
    yield said("render", suite, "--prompt", "plain", "--case", text)


def said(*arguments: str) -> str:
    """Stdout and stderr of a command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        outcome(list(arguments))
    return out.getvalue() + err.getvalue()


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_no_verb_prints_it_raw(told: Mapping[str, str], payload: str):
    own = word(payload)
    for verb in ("runs", "compare", "compare --json", "power", "import-ratings", "chat"):
        assert own in told[verb], verb
    assert own in told[f"render {own}"] and own in told[f"errors {own}"]
    for verb, text in told.items():
        assert not RAW & set(text), verb


def test_no_verb_broke_on_them(told: Mapping[str, str]):
    assert not [text for text in told.values() if "a bug in promptbench" in text]
    for verb in ("leaks", "a template", "a suite", "a suite that is no YAML"):
        assert "error: " in told[verb], verb
    assert "word00" in told["leaks"] and "word00" in told["a suite"]
