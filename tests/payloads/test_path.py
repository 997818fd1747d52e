"""Hostile paths, names and links: a suite reads inside its workspace, and writes where it should.

What a user names on the command line may lie anywhere; what a suite, a checkpoint or a store names
may not.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from promptbench.chat.save import Place, check_name
from promptbench.cli.main import outcome as come_to
from promptbench.cli.pretrain import folder_of
from promptbench.error import InputError, ModelError, StoreError, SuiteError
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.protocol import Setup
from promptbench.model.spec import BACKENDS, open_model
from promptbench.pretrain.corpus import files_of
from promptbench.run.job import own_place, store_path
from promptbench.run.measure import metrics_of
from promptbench.store.connection import connect
from promptbench.suite.read import read_suite
from promptbench.tune.finetune import checked
from tests.errors.workspace import (
    DATA,
    MODEL,
    PROMPT,
    RUN,
    SUITE,
    Entry,
    Outcome,
    good_workspace,
    happen,
)
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, write_workspace
from tests.suite.folder import SUITE as SMALL
from tests.suite.folder import project
from tests.tune.conftest import bases, one_thread, toy
from tests.tune.toy import tune

__all__ = ["bases", "one_thread", "toy"]

SECRET = "the-secret-of-another-folder"


# Paths that a suite names.


class Named(NamedTuple):
    """A path in a suite, OUT being the folder beside the workspace, and what is said of it."""

    name: str
    path: str
    what: str


OUT = "leads out of the workspace"
NO_FILE = "no such "

PATHS = [
    Named("up", "../../out/secret", OUT),
    Named("up through a folder", "../suites/../../out/secret", OUT),
    Named("up through nothing", "nowhere/../../../out/secret", OUT),
    Named("far up", "../" * 40 + "etc/passwd", OUT),
    Named("up from another folder's name", "../../in-two/secret", OUT),
    Named("the folder above", "../..", OUT),
    Named("absolute", "OUT/secret", OUT),
    Named("an absolute system file", "/etc/passwd", OUT),
    Named("two slashes", "//etc/passwd", OUT),
    Named("the process", "/proc/self/environ", OUT),
    Named("an endless file", "/dev/zero", OUT),
    Named("the root", "/", OUT),
    Named("a link to a file", "link", OUT),
    Named("a link to a folder", "folder/secret", OUT),
    Named("up through a link", "folder/../out/secret", OUT),
    Named("a link to a link", "again", OUT),
    Named("a link to the process", "process/environ", OUT),
    Named("a link to nothing outside", "dangling", OUT),
    Named("a circle of links", "circle", "cannot be followed"),
    Named("NUL", "a\\0b", "NUL character"),
    Named("a long name", "a" * 300, "cannot be read: File name too long"),
    Named("a long path", "a/" * 3000, "cannot be a path: it has 6,0"),
    Named("a home", "~/.ssh/id_rsa", NO_FILE),
    Named("a user's home", "~root/.bashrc", NO_FILE),
    Named("a variable", "$HOME/.bashrc", NO_FILE),
    Named("an address", "file:///etc/passwd", NO_FILE),
    Named("percent", "%2e%2e/%2e%2e/out/secret", NO_FILE),
    Named("twice percent", "%252e%252e/out/secret", NO_FILE),
    Named("fullwidth dots", "\uff0e\uff0e/\uff0e\uff0e/out/secret", NO_FILE),
    Named("a two-dot leader", "\u2025/\u2025/out/secret", NO_FILE),
    Named("a fullwidth slash", "..\uff0f..\uff0fout\uff0fsecret", NO_FILE),
    Named("Windows' separators", "..\\\\..\\\\out\\\\secret", NO_FILE),
    Named("a Windows drive", "C:\\\\Windows\\\\win.ini", NO_FILE),
    Named("a Windows share", "\\\\\\\\server\\\\share\\\\x", NO_FILE),
    Named("a reserved name", "CON", NO_FILE),
    Named("a stream of a file", "secret::$DATA", NO_FILE),
    Named("through a file", "mails.yaml/../../../out/secret", OUT),
    Named("a pipe", "pipe", NO_FILE),
    Named("dots", "...", NO_FILE),
    Named("a bidi control", "\\u202egnp.terces", NO_FILE),
    Named("a line break", "a\\n../../out/secret", NO_FILE),
]
PLACES = {
    "data": ("data/test.jsonl", '"{path}"', 3, ".jsonl"),
    "prompt": ("../prompts/plain.j2", '"{path}"', 5, ".j2"),
    "metric": ("- rougeL", '- "{path}:score"', 9, ".py"),
}


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A workspace full of links that lead out, beside a folder with secrets of every kind."""
    for kind in (".jsonl", ".j2", ".py"):
        for folder in ("out", "in-two"):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"secret{kind}").write_text(f"raise SystemExit('{SECRET}')")
    suites = project(tmp_path / "in") / "suites"
    for kind in (".jsonl", ".j2", ".py"):
        (suites / f"link{kind}").symlink_to(tmp_path / "out" / f"secret{kind}")
        (suites / f"again{kind}").symlink_to(suites / f"link{kind}")
        (suites / f"dangling{kind}").symlink_to(tmp_path / "out" / "nothing")
        (suites / f"circle{kind}").symlink_to(suites / f"circle{kind}")
        os.mkfifo(suites / f"pipe{kind}")
    (suites / "folder").symlink_to(tmp_path / "out")
    (suites / "process").symlink_to("/proc/self")
    return tmp_path / "in"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("named", PATHS, ids=lambda named: named.name)
def test_a_suite_cannot_name_what_lies_elsewhere(beside: Path, named: Named, place: str):
    old, form, line, kind = PLACES[place]
    ends = named.path.endswith(("/", ".."))
    path = named.path.replace("OUT", str(beside.parent / "out")) + kind * (not ends)
    path += "/x.py" * (ends and place == "metric")
    suite = beside / "suites/mails.yaml"
    suite.write_text(SMALL.replace(old, form.format(path=path)), encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        metrics_of(read_suite(suite), lambda message: None)
    error = caught.value
    assert named.what in error.what
    assert error.where == f"{suite}:{line}"
    assert SECRET not in str(error) and "root:" not in str(error)
    assert len(str(error)) < 2000


@pytest.mark.parametrize("pattern", ["li*.j2", "../../out/*.j2", "folder/*.j2", "*/secret.j2"])
def test_a_pattern_of_prompts_reaches_no_further(beside: Path, pattern: str):
    suite = beside / "suites/mails.yaml"
    suite.write_text(SMALL.replace("../prompts/plain.j2", f'"{pattern}"'), encoding="utf-8")
    with pytest.raises(SuiteError, match=r"leads out of the workspace|no prompt matches"):
        read_suite(suite)


IN_COMMANDS = {
    "data": ("email/test.jsonl", "../../../../../etc/passwd", f"{SUITE}:3"),
    "a prompt": ("../prompts/email/plain.j2", "/etc/passwd", f"{SUITE}:6"),
    "a metric": ("  - rougeL", "  - ../../x.py:score\n  - rougeL", f"{SUITE}:11"),
    "an absolute metric": ("  - rougeL", "  - /tmp/x.py:score\n  - rougeL", f"{SUITE}:11"),
    "a split": ("email/train.jsonl", "/proc/self/environ", f"{SUITE}:4"),
}


@pytest.mark.parametrize("name", IN_COMMANDS)
def test_the_command_ends_with_exit_code_2_and_one_message(name: str):
    old, new, where = IN_COMMANDS[name]

    def prepare(workspace: Path, patch: pytest.MonkeyPatch) -> list[str]:
        path = workspace / SUITE
        path.write_text(path.read_text().replace(old, new, 1))
        return list(RUN)

    outcome = happen(Entry(name, "named a file elsewhere", prepare))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {where}: '") and OUT in outcome.message


@pytest.mark.parametrize("name", ["../up", "a/b", "/tmp/x", "..", "a\\0b", "a\\nb", "x" * 65])
@pytest.mark.parametrize("place", ["suite", "prompt", "sampling"])
def test_no_name_of_a_suite_is_a_path(beside: Path, name: str, place: str):
    old, new = {
        "suite": ("suite: mails", f'suite: "{name}"'),
        "prompt": ("- ../prompts/plain.j2", f'- {{file: ../prompts/plain.j2, name: "{name}"}}'),
        "sampling": ("metrics:", f'sampling: [{{name: "{name}"}}]\nmetrics:'),
    }[place]
    suite = beside / "suites/mails.yaml"
    suite.write_text(SMALL.replace(old, new), encoding="utf-8")
    with pytest.raises(SuiteError, match="expected a name of letters, digits"):
        read_suite(suite)


# Ids of runs.

IDS = {
    "up": "../../out/x",
    "one up": "..",
    "here": ".",
    "a folder": "mail/../x",
    "absolute": "/etc/passwd",
    "NUL": "a\0b",
    "percent": "%2e%2e%2fx",
    "fullwidth dots": "\uff0e\uff0e/x",
    "Windows' separators": "..\\..\\x",
    "long": "x" * 5000,
    "a reserved name": "CON",
    "a pattern": "*",
    "SQL": "' OR '1'='1",
    "an option's end": "--",
    "a template": "{{ 7 * 7 }}",
}
VERBS: dict[str, Callable[[str], list[str]]] = {
    "report": lambda name: ["report", name],
    "export": lambda name: ["export", name],
    "compare": lambda name: ["compare", name, name],
    "view": lambda name: ["view", name, "--no-open"],
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKENDS, "fake", FakeBackend())
        workspace = write_workspace(tmp_path_factory.mktemp("ran") / "workspace")
        workspace.run(prompts=("plain",))
        yield workspace


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", IDS)
def test_an_id_that_is_no_run_s_writes_and_reads_nothing(
    ran: Workspace, monkeypatch: pytest.MonkeyPatch, verb: str, name: str
):
    before = tree(ran.folder.parent)
    monkeypatch.chdir(ran.folder)
    outcome = within(VERBS[verb](IDS[name]))
    assert outcome.code == 2, outcome.message
    assert outcome.message.count("error: ") == 1
    assert "root:" not in outcome.message and "bug" not in outcome.message
    assert tree(ran.folder.parent) == before


def within(arguments: list[str]) -> Outcome:
    """What the command line says here, without another workspace around it."""
    told = StringIO()
    with redirect_stderr(told), redirect_stdout(StringIO()):
        code = come_to(arguments)
    return Outcome(code, told.getvalue())


def tree(folder: Path) -> dict[str, int]:
    """Every file below a folder with its size, but for what SQLite keeps beside a store."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@pytest.mark.parametrize("name", ["../x", "..", "/etc/x", "a/b", "../../home/x", "", ".", "a/../b"])
def test_a_store_from_elsewhere_cannot_name_a_folder_for_a_report(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="an id that no run was given"):
        own_place(tmp_path / "reports", name)


# Links in a workspace that was cloned.


def test_a_report_is_not_written_through_a_link(ran: Workspace, monkeypatch: pytest.MonkeyPatch):
    (reports,) = (ran.folder / "reports").iterdir()
    victim = ran.folder.parent / "victim"
    victim.mkdir()
    (victim / "index.html").write_text("mine")
    reports.rename(ran.folder / "kept")
    reports.symlink_to(victim)
    monkeypatch.chdir(ran.folder)
    outcome = within(["report", reports.name])
    assert (outcome.code, (victim / "index.html").read_text()) == (3, "mine")
    assert "a link is in the way" in outcome.message
    reports.unlink()
    (ran.folder / "kept").rename(reports)


def test_a_page_that_is_a_link_is_replaced_and_what_it_led_to_is_kept(
    ran: Workspace, monkeypatch: pytest.MonkeyPatch
):
    (page,) = (ran.folder / "reports").glob("*/index.html")
    victim = ran.folder.parent / "profile"
    victim.write_text("mine")
    page.unlink()
    page.symlink_to(victim)
    monkeypatch.chdir(ran.folder)
    assert within(["report", page.parent.name]).code == 0
    assert victim.read_text() == "mine"
    assert not page.is_symlink() and page.stat().st_size > 1000


def test_the_reports_folder_may_be_a_link_of_the_user_s(
    ran: Workspace, monkeypatch: pytest.MonkeyPatch
):
    reports = ran.folder / "reports"
    reports.rename(ran.folder.parent / "large-disk")
    reports.symlink_to(ran.folder.parent / "large-disk")
    monkeypatch.chdir(ran.folder)
    (run,) = (path.name for path in reports.iterdir())
    assert within(["report", run]).code == 0
    reports.unlink()
    (ran.folder.parent / "large-disk").rename(reports)


@pytest.mark.parametrize("link", ["store.sqlite", ""])
def test_the_database_of_another_program_is_not_touched(tmp_path: Path, link: str):
    """A browser's history, say, to which a link in a cloned folder leads."""
    other = tmp_path / "browser" / "store.sqlite"
    other.parent.mkdir()
    with closing(sqlite3.connect(other)) as database, database:
        database.execute("CREATE TABLE urls (id, url)")
    before = other.read_bytes()
    folder = tmp_path / "space" / ".promptbench"
    folder.parent.mkdir()
    if link:
        folder.mkdir()
        (folder / link).symlink_to(other)
    else:
        folder.symlink_to(other.parent)
    with pytest.raises(StoreError, match="a database of another program"):
        connect(store_path(tmp_path / "space"))
    assert other.read_bytes() == before
    assert sorted(path.name for path in other.parent.iterdir()) == ["store.sqlite"]


def test_a_talk_is_not_saved_through_a_link(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "in/suites").mkdir(parents=True)
    (tmp_path / "in/suites/talks").symlink_to(tmp_path / "out")
    with pytest.raises(SuiteError, match=OUT):
        check_name(Place(tmp_path / "in", "talks"))


def test_a_corpus_follows_no_link_and_waits_for_no_pipe(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/secret.txt").write_text(SECRET)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "fine.txt").write_text("fine")
    (corpus / "link.txt").symlink_to(tmp_path / "out/secret.txt")
    (corpus / "folder").symlink_to(tmp_path / "out")
    os.mkfifo(corpus / "pipe.txt")
    found, notes = files_of(corpus)
    assert [path.name for path in found] == ["fine.txt"]
    assert notes == ["3 files left out: links, or no kind of text that is read"]


def test_a_file_of_ratings_that_is_a_link_is_refused(
    ran: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ran.folder)
    Path("ratings.json").symlink_to("/etc/passwd")
    outcome = within(["import-ratings", "ratings.json"])
    assert outcome.code == 2
    assert "this is a symbolic link" in outcome.message


# Names of what is made.

NAMES = {
    "up": "../x",
    "the folder above": "..",
    "the folder": ".",
    "a path": "a/b",
    "absolute": "/tmp/x",
    "hidden": ".hidden",
    "NUL": "a\0b",
    "a line break": "\n",
    "a space": "a b",
    "an option": "-rf",
    "a home": "~",
    "Windows' separators": "..\\x",
    "fullwidth dots": "\uff0e\uff0e",
    "a bidi control": "\u202ex",
    "percent": "%2e%2e",
}
MAKERS: dict[str, Callable[[Path, str], Any]] = {
    "finetune": lambda folder, name: checked(name),
    "pretrain": lambda folder, name: folder_of(folder, name),
    "/save": lambda folder, name: check_name(Place(folder, name)),
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_what_is_made_is_no_path(tmp_path: Path, name: str, maker: str):
    with pytest.raises(InputError):
        MAKERS[maker](tmp_path, NAMES[name])


# Checkpoints.


def linked(name: str, target: str) -> Callable[[Path], None]:
    """A file of the checkpoint is a link to somewhere else."""

    def harm(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return harm


def indexed(name: str) -> Callable[[Path], None]:
    """The index of the weights names a file, which is there and whole."""

    def harm(folder: Path) -> None:
        weights = folder / "model.safetensors"
        shutil.copyfile(weights, folder.parent / "outside.safetensors")
        where = name.replace("OUT", str(folder.parent))
        places = {"weight_map": {"model.norm.weight": where}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(places))

    return harm


def explicit(name: str) -> Callable[[Path], None]:
    """config.json names the weights."""

    def harm(folder: Path) -> None:
        path = folder / "config.json"
        found = json.loads(path.read_text()) | {"transformers_weights": name}
        path.write_text(json.dumps(found))

    return harm


def renamed(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "outside.safetensors")
    linked("model.safetensors", "/etc/passwd")(folder)


CHECKPOINTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "an index that leads up": (indexed("../outside.safetensors"), "the index of the weights names"),
    "an index of passwords": (indexed("../../../../etc/passwd"), "the index of the weights names"),
    "an absolute index": (indexed("OUT/outside.safetensors"), "the index of the weights names"),
    "an index into a folder": (indexed("more/x.safetensors"), "the index of the weights names"),
    "weights elsewhere": (explicit("../outside.safetensors"), "wants its weights from"),
    "weights in a folder": (explicit("more/x.safetensors"), "wants its weights from"),
    "a config that is a link": (linked("config.json", "/etc/passwd"), "config.json:1: not JSON"),
    "a config without end": (linked("config.json", "/dev/zero"), "there is no config.json"),
    "weights that are a link": (renamed, "model.safetensors is damaged"),
    "weights in a circle": (linked("model.safetensors", "model.safetensors"), "damaged"),
    "a tokenizer that is a link": (linked("tokenizer.json", "/etc/passwd"), "tokenizer"),
    "a tokenizer's settings": (linked("tokenizer_config.json", "/etc/passwd"), "not JSON"),
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_reads_its_own_folder_and_shows_nothing_else(name: str):
    harm, what = CHECKPOINTS[name]

    def prepare(workspace: Path, patch: pytest.MonkeyPatch) -> list[str]:
        harm(workspace / MODEL)
        return list(RUN)

    outcome = happen(Entry(name, "gave a hostile checkpoint", prepare))
    assert outcome.code == 2
    assert what in outcome.message
    assert "root:" not in outcome.message and "bug" not in outcome.message


SPECS = {
    "a folder of the system": "/etc",
    "the process": "/proc/self",
    "a file": "/etc/passwd",
    "up": "../../../../../../etc",
    "a user who is not there": "~nobody-of-that-name/x",
    "NUL": "./a\0b",
    "a long name": "./" + "x" * 300,
    "up in the hub": "hf:../x",
    "up behind an owner": "hf:org/..",
    "a path in the hub": "hf:/etc/passwd",
    "the hub's cache": "hf:org/../../x",
    "a revision that leads up": "hf:org/name@../../x",
    "a revision that is a folder": "hf:org/name@..",
    "a revision from the root": "hf:org/name@/etc/passwd",
    "a revision without an end": "hf:org/name@" + "x" * 5000,
    "an endless GGUF": "gguf:/dev/zero",
    "a GGUF of passwords": "gguf:/etc",
}


@pytest.mark.parametrize("name", SPECS)
def test_what_is_no_model_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError) as caught:
        open_model(SPECS[name], Setup(tmp_path))
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize("content", [b"/etc", b"\xff\xfe", b"../../../../etc"])
def test_a_revision_reads_no_file_outside_of_the_hub_s_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
):
    """The file that a revision names holds a commit, which is the name of a folder."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "hub" / "models--org--name" / "refs").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(content)
    for revision in ("../../../secret", "x/../../../../secret", f"{tmp_path}/secret"):
        with pytest.raises(ModelError, match="is not a hub id"):
            open_model(f"hf:org/name@{revision}", Setup(tmp_path))


@pytest.mark.parametrize("revision", ["main", "v1.0", "refs/pr/1", "a..b", ".x", "x-1_2.y"])
def test_usual_revisions_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="is not on this machine"):
        open_model(f"hf:org/name@{revision}", Setup(tmp_path))


ADAPTERS = ["../../../etc", "/etc", "/dev/zero", "hf:../x", "openai:gpt", "./checkpoints/tiny", ""]


@pytest.mark.parametrize("base", ADAPTERS)
def test_an_adapter_cannot_name_something_else_as_its_base(base: str):
    def prepare(workspace: Path, patch: pytest.MonkeyPatch) -> list[str]:
        folder = workspace / MODEL
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
        (folder / "promptbench.json").write_text(json.dumps({"base": {"spec": base}}))
        return list(RUN)

    outcome = happen(Entry("adapter", "gave a hostile adapter", prepare))
    assert outcome.code == 2
    assert outcome.message.count("error: ") == 1 and "bug" not in outcome.message


def test_a_training_copies_nothing_from_elsewhere(toy: Workspace):
    """A key that a link in the base leads to would be in what is passed on."""
    (toy.folder.parent / "id_rsa").write_text(SECRET)
    base = toy.folder / "checkpoints" / "base"
    (base / "notes.txt").symlink_to(toy.folder.parent / "id_rsa")
    with pytest.raises(ModelError, match=r"notes\.txt is a link to a file elsewhere"):
        tune(toy, epochs=1)
    assert not [p for p in toy.folder.rglob("*.txt") if not p.is_symlink()]


def test_a_snapshot_of_the_hub_is_made_of_links_and_may_be(toy: Workspace):
    base = toy.folder / "checkpoints" / "base"
    home = toy.folder.parent / "models--org--name"
    (home / "snapshots").mkdir(parents=True)
    (home / "blobs").mkdir()
    shutil.copytree(base, home / "snapshots" / "abc")
    for path in (home / "snapshots" / "abc").iterdir():
        path.rename(home / "blobs" / path.name)
        path.symlink_to(Path("../../blobs") / path.name)
    shutil.rmtree(base)
    base.symlink_to(home / "snapshots" / "abc")
    assert read_checkpoint(base).architecture == "llama"
    assert tune(toy, epochs=1, batch=96).folder.is_dir()


# What a user names on the command line is the user's own affair.


def test_a_user_may_write_where_it_was_asked_for(ran: Workspace, monkeypatch: pytest.MonkeyPatch):
    (run,) = (path.name for path in (ran.folder / "reports").iterdir())
    monkeypatch.chdir(ran.folder)
    assert within(["export", run, "--output", "../elsewhere.csv"]).code == 0
    assert (ran.folder.parent / "elsewhere.csv").is_file()


def test_the_workspace_of_these_tests_is_a_good_one():
    with pytest.MonkeyPatch.context() as patch, good_workspace(patch) as workspace:
        assert (workspace / DATA).is_file() and (workspace / PROMPT).is_file()
        assert within(["validate", SUITE]).code == 0


def test_count():
    counts = [len(kind) for kind in (PATHS, IDS, NAMES, CHECKPOINTS, SPECS, ADAPTERS)]
    assert counts == [41, 15, 15, 12, 17, 7]
