"""Take in what people rated: files in; ratings checked against the store, stored, and told out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import InputError, choices
from promptbench.record import Rating, Sample
from promptbench.report.digest import data_digest, text_digest
from promptbench.report.grid import Grid, lay_out
from promptbench.report.human import Human, human
from promptbench.report.summary import summarise_grid
from promptbench.run.job import report_of
from promptbench.run.pairing import Loaded, load
from promptbench.run.rating_file import Entry, RatingFile, read_rating_file
from promptbench.store.database import Store
from promptbench.store.rating import ratings, save_ratings

Output = tuple[str, int]
Key = tuple[str, str, str, Output, Output]
"""Run, rater, case, and the two outputs in an order of their own: what can be rated once."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A run after the import: how many ratings are new, replaced and known, what all come to."""

    run_id: str
    added: int
    replaced: int
    known: int
    human: Human
    report: Path


@dataclass(slots=True)
class Intake:
    """The ratings that the store has, and what the files change."""

    before: dict[Key, Rating]
    now: dict[Key, Rating]
    known: dict[str, int]


def import_ratings(
    store: Store, paths: Sequence[Path], reports: Path, *, replaces: bool = False
) -> list[Imported]:
    """Store the ratings of some files, all or nothing, and build the reports of their runs again.

    Ratings that are there already are passed over; those of the same person on the same outputs
    that say otherwise are refused, or with `replaces` take the place of what was said before.
    Raises InputError, and then nothing was stored.
    """
    files = [(path, read_rating_file(path)) for path in paths]
    loaded = {file.run: _loaded(store, file, path) for path, file in files}
    intake = _intake(store, loaded)
    for path, file in files:
        _take(intake, path, file, loaded[file.run], replaces)
    changes = {
        run_id: [
            rating
            for key, rating in intake.now.items()
            if key[0] == run_id and intake.before.get(key) != rating
        ]
        for run_id in loaded
    }
    save_ratings(store, changes)
    return [_imported(store, each, intake, changes, reports) for each in loaded.values()]


def _loaded(store: Store, file: RatingFile, path: Path) -> Loaded:
    """The run that a file names, once it is sure that it is the same run."""
    known = [line.id for line in store.runs()]
    if file.run not in known:
        raise InputError(
            f"run: there is no run '{file.run}' in {store.path}",
            where=str(path),
            hint=choices(file.run, known, "Import where the run was made. There are")
            or "The store is empty: import where the run was made.",
        )
    found = load(store, file.run)
    if data_digest(found.cases) != file.data:
        raise InputError(
            f"data: the cases of {file.run} in this store are others than those that were rated",
            where=str(path),
            hint="Import it in the workspace whose report was rated.",
        )
    names = [candidate.name for candidate in found.run.candidates]
    for name in file.candidates:
        if name not in names:
            raise InputError(
                f"candidates: the run has no candidate '{name}'",
                where=str(path),
                hint=choices(name, names, "It has"),
            )
    return found


def _intake(store: Store, loaded: Mapping[str, Loaded]) -> Intake:
    before = {_key(run_id, each): each for run_id in loaded for each in ratings(store, run_id)}
    return Intake(before, dict(before), dict.fromkeys(loaded, 0))


def _take(intake: Intake, path: Path, file: RatingFile, found: Loaded, replaces: bool) -> None:
    """Check a file's entries and put them among those that are to be stored."""
    grid = lay_out(found.run, found.cases, found.samples)
    entered: dict[Key, int] = {}
    for number, entry in enumerate(file.ratings, start=1):
        where = f"{path}: rating {number}"
        rating = _rating(file, entry, grid, where)
        key = _key(file.run, rating)
        if key in entered:
            raise InputError(
                f"these outputs for case '{entry.case}' are rated in rating {entered[key]} already",
                where=where,
                hint="Keep one of the two.",
            )
        entered[key] = number
        there = intake.now.get(key)
        if there == rating:
            intake.known[file.run] += 1
            continue
        if there and not replaces:
            raise InputError(
                f"'{there.rater}' has rated these outputs for case '{entry.case}' before:"
                f" '{_said(there)}', and now '{_said(rating)}'",
                where=where,
                hint="Give --replace to keep what is said now; two people need two names.",
            )
        intake.now[key] = rating


def _rating(file: RatingFile, entry: Entry, grid: Grid, where: str) -> Rating:
    """An entry as a rating, once it is sure that its case and texts are those of the store."""
    ids = [case.id for case in grid.cases]
    if entry.case not in ids:
        hint = choices(entry.case, ids, "It has")
        raise InputError(f"the run has no case '{entry.case}'", where=where, hint=hint)
    for side, name in (("left", entry.left), ("right", entry.right)):
        if name not in file.candidates:
            raise InputError(
                f"{side}: '{name}' is not among the file's candidates",
                where=where,
                hint=choices(name, file.candidates, "They are"),
            )
    if entry.left == entry.right:
        raise InputError(
            f"both outputs are of '{entry.left}'",
            where=where,
            hint="A rating is of two candidates: take the entry out.",
        )
    left, right = (grid.cells[name, entry.case] for name in (entry.left, entry.right))
    _check_text(left, entry.left_repeat, entry.left_digest, f"left: '{entry.left}'", where)
    _check_text(right, entry.right_repeat, entry.right_digest, f"right: '{entry.right}'", where)
    return Rating(
        rater=file.rater.strip(),
        case_id=entry.case,
        left=entry.left,
        right=entry.right,
        left_repeat=entry.left_repeat,
        right_repeat=entry.right_repeat,
        verdict=entry.verdict,
        note=entry.note,
        seconds=entry.seconds,
        references=file.references,
    )


def _check_text(cell: Sequence[Sample], repeat: int, digest: str, whose: str, where: str) -> None:
    hint = "The outputs changed after they were rated: rate them anew, in the newest report."
    done = cell[repeat].completion if repeat < len(cell) else None
    if done is None or done.error:
        what = f"{whose} has no output in repeat {repeat}"
        raise InputError(what, where=where, hint=hint)
    found = text_digest(done.text)
    if found != digest:
        raise InputError(
            f"{whose} has another text in the store ({found}) than the one rated ({digest})",
            where=where,
            hint=hint,
        )


def _imported(
    store: Store,
    found: Loaded,
    intake: Intake,
    changes: Mapping[str, Sequence[Rating]],
    reports: Path,
) -> Imported:
    run_id = found.run.id
    replaced = sum(_key(run_id, each) in intake.before for each in changes[run_id])
    _, report = report_of(store, run_id, reports)
    return Imported(
        run_id,
        len(changes[run_id]) - replaced,
        replaced,
        intake.known[run_id],
        _human(store, found),
        report,
    )


def _human(store: Store, found: Loaded) -> Human:
    """What the report shows too."""
    grid = lay_out(found.run, found.cases, found.samples)
    summary = summarise_grid(found.run, grid)
    names = [each.candidate.name for each in summary.standings]
    seen = human(found.run, grid, ratings(store, found.run.id), names)
    if seen is None:
        raise InputError(f"nothing of {found.run.id} is rated", hint="The files hold no rating.")
    return seen


def _key(run_id: str, rating: Rating) -> Key:
    sides = ((rating.left, rating.left_repeat), (rating.right, rating.right_repeat))
    return (run_id, rating.rater, rating.case_id, min(sides), max(sides))


def _said(rating: Rating) -> str:
    """A verdict by the candidate's name; the same for the two ways in which they can stand."""
    better = {"left": rating.left, "right": rating.right}.get(rating.verdict)
    words = f"{better} is better" if better else rating.verdict
    return f"{words}, {rating.note}" if rating.note else words
