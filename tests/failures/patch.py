"""The patches of this folder: each one puts a reported failure back into promptbench."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


@dataclass(frozen=True)
class Patch:
    """A unified diff against the repository's root, under a sentence that says what it does."""

    path: Path

    @property
    def name(self) -> str:
        """Such as `03_no_seed`."""
        return self.path.stem

    @property
    def row(self) -> int:
        """The number of the failure in the list."""
        return int(self.name[:2])

    @property
    def said(self) -> str:
        """What goes wrong with it."""
        return self.path.read_text(encoding="utf-8").partition("\n")[0]

    @property
    def test(self) -> Path:
        """The module that must go red."""
        (found,) = FOLDER.glob(f"test_{self.name[:2]}_*.py")
        return found

    @property
    def files(self) -> tuple[str, ...]:
        """What it changes, from the root."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return tuple(line.removeprefix("+++ b/") for line in lines if line.startswith("+++ b/"))

    def apply(self, tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Apply it to a tree, or with `--check` see whether that would work."""
        command = ["git", "apply", *options, str(self.path.resolve())]
        # In a repository around the tree, git would leave out all that is not under that one.
        alone = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.resolve().parent)}
        return subprocess.run(command, cwd=tree, env=alone, capture_output=True, text=True)


def patches() -> list[Patch]:
    """All of them, in the order of their rows."""
    return [Patch(path) for path in sorted(FOLDER.glob("*.patch"))]
