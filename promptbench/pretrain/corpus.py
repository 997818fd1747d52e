"""Read somebody's own text to train on: a folder in; documents, a held-out part, a digest out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import DataError, choices
from promptbench.pretrain.extract import READ, TABLES, documents_of
from promptbench.report.number import count

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_BYTES = 256 * 1024 * 1024
MIN_CHARACTERS = 2000
# Of the characters: what is held out for the validation loss.
HELD_LEAST, HELD_MOST = 0.05, 0.10
# With fewer documents, whole ones would hold out too much or nothing: passages take their place.
FEW = 20
PASSAGE, PARTS = 1500, 40
# A suite's own splits, which nothing may be trained on that is judged by them.
JUDGED = {"test", "dev", "valid", "validation"}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts to train on (`train`) and to measure with (`held`).

    `files` are names and SHA-256 of what was read, `notes` what a user should know about it, and
    `digest` is over all texts and which of them are held out.
    """

    train: tuple[str, ...]
    held: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    digest: str

    @property
    def size(self) -> int:
        """Bytes of the text that is trained on, in UTF-8."""
        return sum(len(text.encode()) for text in self.train)


def read_corpus(place: Path, fields: Sequence[str] = ()) -> Corpus:
    """Read a folder with all below it, or a file. The same contents give the same corpus.

    Raises DataError for a file that is not UTF-8, for a broken or too large one, and where there
    is too little text.
    """
    paths, notes = files_of(place)
    texts: dict[str, None] = {}
    files, found = [], 0
    for path in paths:
        shown = shown_as(path, place)
        for text in documents_of(path, shown, fields):
            found += bool(text.strip())
            texts.setdefault(text)
        with path.open("rb") as file:
            files.append((shown, hashlib.file_digest(file, "sha256").hexdigest()))
    texts.pop("", None)
    if found > len(texts):
        notes.append(f"{count(found - len(texts), 'document')} left out: said twice")
    documents = list(texts)
    check_enough(documents, place)
    if len(documents) < FEW:
        size = min(PASSAGE, sum(map(len, documents)) // PARTS)
        documents = list(dict.fromkeys(p for text in documents for p in passages(text, size)))
        notes.append(f"few documents: held out by passage, of {len(documents)}")
    train, held = parted(documents)
    return Corpus(train, held, tuple(files), tuple(notes), digest_of(train, held))


def files_of(place: Path) -> tuple[list[Path], list[str]]:
    """The files to read, sorted by name, and what was left out."""
    if place.is_file():
        if place.suffix.lower() not in READ:
            raise DataError(
                f"'{place.suffix}' is not a kind of text that can be trained on",
                where=str(place),
                hint=choices(place.suffix, READ),
            )
        check_sizes([place])
        return [place], []
    if not place.is_dir():
        raise DataError("there is no such folder or file", where=str(place))
    found, other, judged = [], 0, []
    for path in walk(place):
        if path.suffix.lower() not in READ or path.is_symlink() or not path.is_file():
            other += 1
        elif path.suffix.lower() in TABLES and path.stem.lower() in JUDGED:
            judged.append(shown_as(path, place))
        else:
            found.append(path)
    if not found:
        hint = f"Read are {', '.join(READ)}."
        if judged:
            hint += " Splits to judge by (test, dev) are left out; name a file to have it read."
        raise DataError("there is no text in the folder", where=str(place), hint=hint)
    check_sizes(found)
    notes = [f"{name} left out: it is for judging, not for training" for name in judged]
    if other:
        notes.append(f"{count(other, 'file')} left out: links, or no kind of text that is read")
    return found, notes


def walk(folder: Path) -> Iterator[Path]:
    """The files below a folder in the order of their names; hidden ones are passed over."""
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path))
        else:
            yield Path(entry.path)


def check_sizes(paths: Sequence[Path]) -> None:
    """Everything is held in memory: refuse what is too much before it is read."""
    sizes = [path.stat().st_size for path in paths]
    for path, size in zip(paths, sizes, strict=True):
        if size > MAX_FILE_BYTES:
            what = f"{size:,} bytes are more than the {MAX_FILE_BYTES:,} that a file may have"
            raise DataError(what, where=str(path), hint="Split it into several files.")
    if sum(sizes) > MAX_BYTES:
        raise DataError(
            f"{sum(sizes):,} bytes of text are more than {MAX_BYTES:,}",
            where=str(paths[0].parent),
            hint="A tiny transformer learns from a few megabytes; name a smaller folder.",
        )


def check_enough(documents: Sequence[str], place: Path) -> None:
    """A model of less than a page would learn it by heart."""
    characters = sum(map(len, documents))
    if characters < MIN_CHARACTERS:
        raise DataError(
            f"{characters:,} characters of text are too few to train on",
            where=str(place),
            hint=f"At least {MIN_CHARACTERS:,} are needed, and 500,000 are a good beginning.",
        )


def passages(text: str, size: int) -> Iterator[str]:
    """A text in pieces of `size` characters or more, cut at blank lines, else at a line's end."""
    piece = ""
    for line in text.split("\n"):
        full = len(piece) >= size and (not line.strip() or len(piece) >= 2 * size)
        if full:
            yield piece.strip("\n")
            piece = ""
        piece += line + "\n"
    if piece.strip():
        yield piece.strip("\n")


def parted(documents: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Documents to train on, and those held out: the first in the order of their SHA-256.

    So a document stays on its side when others come to the folder, but for the last ones.
    """
    total = sum(map(len, documents))
    held: set[str] = set()
    size = 0
    for text in sorted(documents, key=sha256):
        if size >= HELD_LEAST * total:
            break
        if size + len(text) <= HELD_MOST * total:
            held.add(text)
            size += len(text)
    if not held:
        raise DataError(
            "the text cannot be parted into one to learn from and one to measure with",
            hint="Give more text, or text with blank lines and line ends: it is cut there.",
        )
    return tuple(t for t in documents if t not in held), tuple(t for t in documents if t in held)


def digest_of(train: Sequence[str], held: Sequence[str]) -> str:
    """SHA-256 over every text and its side."""
    marked = [f"train {sha256(t)}" for t in train] + [f"held {sha256(t)}" for t in held]
    return sha256("\n".join(marked))


def sha256(text: str) -> str:
    """A text's digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def shown_as(path: Path, place: Path) -> str:
    """A file's name in messages and manifests: where it lies in the folder that was named."""
    return path.name if path == place else path.relative_to(place).as_posix()
