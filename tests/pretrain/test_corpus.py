from __future__ import annotations

import json
from pathlib import Path

import pytest

from promptbench.error import DataError
from promptbench.pretrain.corpus import Corpus, passages, read_corpus
from promptbench.pretrain.extract import without_tags
from tests.pretrain.text import passage, write_texts


def everything(corpus: Corpus) -> set[str]:
    return {*corpus.train, *corpus.held}


def test_a_part_of_the_documents_is_held_out_and_nothing_is_lost(texts: Path):
    corpus = read_corpus(texts)
    assert everything(corpus) == {passage(number) for number in range(40)}
    assert not set(corpus.train) & set(corpus.held)
    share = sum(map(len, corpus.held)) / sum(map(len, everything(corpus)))
    assert 0.05 <= share <= 0.10
    assert [name for name, _ in corpus.files] == [f"note-{n:03}.txt" for n in range(40)]


def test_a_document_keeps_its_side_when_others_come(texts: Path, tmp_path: Path):
    before = read_corpus(texts)
    after = read_corpus(write_texts(tmp_path / "more", 44))
    moved = set(before.held) - set(after.held)
    assert len(moved) <= 1


def test_the_digest_is_of_the_contents_and_not_of_names(texts: Path, tmp_path: Path):
    before = read_corpus(texts)
    other = write_texts(tmp_path / "other")
    (other / "note-003.txt").rename(other / "zzz.md")
    assert set(read_corpus(other).held) == set(before.held)
    (other / "zzz.md").write_text(passage(3) + "!", encoding="utf-8")
    assert read_corpus(other).digest != before.digest


def test_every_kind_of_file_is_read(tmp_path: Path):
    folder = write_texts(tmp_path / "texts", 20)
    (folder / "deep").mkdir()
    (folder / "deep" / "a.rst").write_bytes(b"\xef\xbb\xbfFrom rst\r\nsecond\r\n")
    (folder / "b.html").write_text("<title>T</title><p>From <b>html</b>", encoding="utf-8")
    (folder / "c.csv").write_text("title,n\nFrom csv,3\n", encoding="utf-8")
    row = {"q": "From", "n": 5, "more": {"a": ["json", "lines"]}}
    (folder / "d.jsonl").write_text(json.dumps(row), encoding="utf-8")
    found = everything(read_corpus(folder))
    assert {"From rst\nsecond", "T\nFrom html", "From csv\n\n3", "From\n\njson\n\nlines"} <= found


def test_only_the_fields_that_are_asked_for(tmp_path: Path):
    rows = [{"id": f"n{n}", "body": passage(n), "more": "other"} for n in range(30)]
    data = tmp_path / "rows.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert everything(read_corpus(data, ("body",))) == {passage(n) for n in range(30)}
    with pytest.raises(DataError, match="no field 'bodi'") as caught:
        read_corpus(data, ("bodi",))
    assert caught.value.where == "rows.jsonl:1"
    assert "Did you mean 'body'?" in caught.value.hint


def test_what_a_suite_is_judged_by_is_not_trained_on(tmp_path: Path):
    folder = write_texts(tmp_path / "texts", 25)
    secret = json.dumps({"body": "the judged case"})
    (folder / "test.jsonl").write_text(secret, encoding="utf-8")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.txt").write_text("hidden", encoding="utf-8")
    corpus = read_corpus(folder)
    assert "the judged case" not in everything(corpus)
    assert "hidden" not in everything(corpus)
    assert any(note.startswith("test.jsonl left out") for note in corpus.notes)
    assert any(note.startswith("1 file left out") for note in corpus.notes)


def test_a_document_that_is_said_twice_is_not_on_both_sides(tmp_path: Path):
    folder = write_texts(tmp_path / "texts", 25)
    (folder / "again.txt").write_text(passage(4), encoding="utf-8")
    corpus = read_corpus(folder)
    assert len(corpus.train) + len(corpus.held) == 25
    assert "1 document left out: said twice" in corpus.notes


def test_a_single_long_text_is_held_out_by_passage(tmp_path: Path):
    whole = "\n\n".join(passage(n) for n in range(60))
    path = tmp_path / "book.txt"
    path.write_text(whole, encoding="utf-8")
    corpus = read_corpus(path)
    assert corpus.held
    assert len(corpus.train) > 5
    assert all(piece in whole for piece in everything(corpus))
    assert "\n\n".join(passages(whole, 1500)) == whole


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path):
    folder = write_texts(tmp_path / "texts", 3)
    (folder / "old.txt").write_bytes(b"first\nCaf\xe9 at noon")
    with pytest.raises(DataError, match="not UTF-8 after 'Caf'") as caught:
        read_corpus(folder)
    assert caught.value.where == "old.txt:2"


@pytest.mark.parametrize(
    ("write", "match"),
    [
        (lambda folder: None, "no text in the folder"),
        (lambda folder: (folder / "a.txt").write_text("short"), "5 characters of text are too few"),
        (lambda folder: (folder / "test.jsonl").write_text("{}"), "no text in the folder"),
        (lambda folder: (folder / "a.txt").write_text("x" * 9000), "cannot be parted"),
    ],
)
def test_too_little_is_refused(tmp_path: Path, write, match: str):
    write(tmp_path)
    with pytest.raises(DataError, match=match):
        read_corpus(tmp_path)


def test_a_wrong_place_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no such folder or file"):
        read_corpus(tmp_path / "nowhere")
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises(DataError, match=r"'\.pdf' is not a kind of text"):
        read_corpus(tmp_path / "a.pdf")


def test_html_is_read_as_one_sees_it():
    page = (
        "<html><head><style>p{}</style><script>x<1</script></head><body><h1>A &amp; B</h1>"
        "<p>One\n  two <i>three</i>, four.</p><ul><li>x<li>y</ul><pre>a\n  b</pre></body>"
    )
    assert without_tags(page) == "A & B\nOne two three, four.\nx\ny\na\n  b"


def test_a_page_of_short_lines_is_enough(tmp_path: Path):
    path = tmp_path / "page.md"
    path.write_text("\n".join(f"Line {n} of a page." for n in range(150)), encoding="utf-8")
    corpus = read_corpus(path)
    share = sum(map(len, corpus.held)) / sum(map(len, everything(corpus)))
    assert 0.05 <= share <= 0.10
