"""Any bytes as a suite file or a data file: anything but an InputError is a find."""

from __future__ import annotations

from pathlib import Path

from promptbench.error import InputError
from promptbench.suite.data import DataSource, Fields, read_cases
from promptbench.suite.read import read_suite

ROOT = Path(__file__).parents[2]
FORMATS = (".jsonl", ".csv", ".tsv")


def load_suite(folder: Path, content: bytes) -> str:
    """Read bytes as a suite file; what came of it in a word. `folder` holds nothing else."""
    path = folder / "suite.yaml"
    path.write_bytes(content)
    try:
        read_suite(path)
    except InputError as error:
        assert path.name in str(error), f"an error says where: {error!r}"
        return "refused"
    return "read"


def load_data(folder: Path, content: bytes) -> str:
    """Read bytes as a data file; the first one says which format it is to be."""
    suffix = FORMATS[content[0] % len(FORMATS)] if content else FORMATS[0]
    path = folder / f"data{suffix}"
    path.write_bytes(content[1:])
    fields = Fields(references=("references", "summary"), cluster="thread")
    try:
        for case in read_cases(DataSource(path, path.name, fields)):
            case.id.encode()
    except InputError as error:
        assert path.name in str(error), f"an error says where: {error!r}"
        return "refused"
    return "read"


def suites() -> list[bytes]:
    """The shipped suites, to begin with."""
    return [path.read_bytes() for path in sorted((ROOT / "suites").glob("*.yaml"))]


def data() -> list[bytes]:
    """The first kilobytes of every shipped data file, each with its format in front."""
    found = [path for path in sorted((ROOT / "suites").rglob("*")) if path.suffix in FORMATS]
    return [bytes([FORMATS.index(path.suffix)]) + path.read_bytes()[:4000] for path in found]
