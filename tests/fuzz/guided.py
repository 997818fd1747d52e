"""Fuzz a target with atheris (libFuzzer), guided by what of promptbench it reaches.

`python -m tests.fuzz.guided suite -max_total_time=600`, or `data`; needs `pip install atheris`. A
find becomes a test in test_found.py.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["promptbench.suite", "ruamel.yaml", "csv", "json"]):
    from tests.fuzz import target

SEEDS = {"suite": target.suites, "data": target.data}
TARGETS = {"suite": target.load_suite, "data": target.load_data}


def main() -> None:
    """Run libFuzzer on the target that is named first."""
    name, *options = sys.argv[1:]
    folder = Path(tempfile.mkdtemp())
    corpus, place = folder / "corpus", folder / "place"
    corpus.mkdir()
    place.mkdir()
    for number, seed in enumerate(SEEDS[name]()):
        (corpus / f"seed-{number}").write_bytes(seed)

    def test(content: bytes) -> None:
        TARGETS[name](place, content)

    limits = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=8000"]
    atheris.Setup([sys.argv[0], *limits, *options, str(corpus)], test)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
