"""Where a training keeps what it has until it is done: a folder beside the checkpoint to be.

checkpoints/<name>.partial/   settings.json, and what the Trainer saves (checkpoint-<step>)
checkpoints/<name>/           the checkpoint, which appears as a whole when it is done
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptbench.disk import make_folder, move_whole, write_whole
from promptbench.error import InputError
from promptbench.model.local.refusal import writing
from promptbench.tune.manifest import read_manifest

SETTINGS = "settings.json"
# Written last into what the Trainer saves: without it, a kill came in between.
WHOLE = "whole"
SAVED = "checkpoint-"
# Said where the disk refuses.
ROOM = "Free some space, or name a folder that you may write to with --out."


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The folder of a training that is under way, for the checkpoint `target`."""

    target: Path

    @property
    def folder(self) -> Path:
        """Beside the target, so that the finished one only needs another name."""
        return self.target.with_name(f"{self.target.name}.partial")

    def finished(self, settings: Mapping[str, Any]) -> bool:
        """Whether the checkpoint is there, and no training under way that would replace it.

        Raises InputError if it was made with other settings, or not by a training of this kind.
        """
        if not self.target.exists() or self.folder.exists():
            return False
        found = read_manifest(self.target).get("settings")
        if found != settings:
            raise InputError(
                f"{self.target.name} is there already, {difference(found, settings)}",
                where=str(self.target),
                hint="Take another --name, or replace it with --fresh.",
            )
        return True

    def begin(self, settings: Mapping[str, Any], fresh: bool) -> None:
        """Make the folder, or go on in it. Raises InputError if it belongs to other settings."""
        path = self.folder / SETTINGS
        if fresh and self.folder.exists():
            shutil.rmtree(self.folder)
        if path.is_file():
            found = json.loads(path.read_text(encoding="utf-8"))
            if found != settings:
                raise InputError(
                    f"a training of that name is unfinished, {difference(found, settings)}",
                    where=str(self.folder),
                    hint="Its own command continues it; --fresh begins anew, --name elsewhere.",
                )
            return
        with writing("cannot be written", ROOM, self.folder):
            make_folder(self.folder)
            write_whole(path, json.dumps(settings, indent=1, ensure_ascii=False))

    def saved(self) -> Path | None:
        """The last whole state that was saved; broken ones are taken away."""
        found: dict[int, Path] = {}
        for path in self.folder.glob(f"{SAVED}*"):
            if (path / WHOLE).is_file():
                found[int(path.name.removeprefix(SAVED))] = path
            else:
                shutil.rmtree(path)
        return found[max(found)] if found else None

    def finish(self, made: Path) -> None:
        """Give the finished folder `made` its name; what was there before goes."""
        old = self.target.with_name(f"{self.target.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        with writing("cannot be written", ROOM, self.target):
            move_whole(made, self.target, old)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def difference(found: object, wanted: Mapping[str, Any]) -> str:
    """Which settings are not the same, as in `made with steps 100, not 200`."""
    if not isinstance(found, dict):
        return "and not made by this command"
    names = [name for name in wanted if found.get(name) != wanted[name]]
    if not names:
        return "made with further settings"
    told = [f"{name} {brief(found.get(name))}, not {brief(wanted[name])}" for name in names[:3]]
    return f"made with {'; '.join(told)}"


def brief(value: object) -> str:
    """A setting as a message shows it: of a digest the beginning."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{text[:12]} ..." if len(text) > 40 else text or "none"
