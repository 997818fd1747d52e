"""Print the licenses of what is locked: `python -m tests.supply.licenses > docs/licenses.md`."""

from __future__ import annotations

import re
from importlib.metadata import Distribution

from tests.supply.lock import installed, locked

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python",
    "HPND", "ISC", "LLVM-exception", "MIT", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
}  # fmt: skip
# How metadata older than SPDX expressions names them; of "BSD" the clauses are not told.
SPOKEN = {
    "3-Clause BSD License": "BSD-3-Clause",
    "2-clause BSD": "BSD-2-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
}
# Metadata says nothing, or not in one line, or needs a compiler: read in the LICENSE file
# that the package brings.
READ = {"axe-playwright-python": "MIT", "llama-cpp-python": "MIT", "scipy": "BSD-3-Clause"}
HEAD = """# Licenses of what is installed

Made by `python -m tests.supply.licenses > docs/licenses.md` from the metadata of the packages that
`requirements/` locks. None is copied into this repository; data and models are in
[third-party.md](third-party.md).

| package | version | license |
| --- | --- | --- |"""
ABSENT = "not installed where this table was made"


def license_of(package: Distribution) -> str:
    """An SPDX expression."""
    metadata = package.metadata
    if package.name in READ:
        return READ[package.name]
    if expression := metadata.get("License-Expression"):
        return str(expression)
    named = (metadata.get("License") or "").strip()
    classes = [c for c in metadata.get_all("Classifier", []) if c.startswith("License :: OSI")]
    for text in [named, *(c.rpartition(" :: ")[2] for c in classes)]:
        if text and (spdx := SPOKEN.get(text, text)) and not foreign(spdx):
            return spdx
    return named.splitlines()[0] if named else "unknown"


def foreign(expression: str) -> set[str]:
    """What of an expression is not allowed."""
    names = re.split(r"\s+(?:AND|OR|WITH)\s+", expression.replace("(", "").replace(")", ""))
    return {name.strip() for name in names} - ALLOWED


def rows() -> list[str]:
    found = []
    for name, pin in sorted(locked().items()):
        package = installed(name)
        license = license_of(package) if package else READ.get(name, ABSENT)
        found.append(f"| {name} | {pin.version} | {license} |")
    return found


if __name__ == "__main__":
    print("\n".join([HEAD, *rows()]))  # noqa: T201
