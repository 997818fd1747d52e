"""The course of a training: the dev split after each epoch, the best weights, where to go on."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from promptbench.disk import sync
from promptbench.tune.note import read_note, write_note
from promptbench.tune.recipe import Recipe
from promptbench.tune.watch import Watcher

# The state of a training (weights and optimizer) is written about so often, in seconds.
SAVE_EVERY = 120.0
WHOLE = "whole"  # the file that says that all of a saved state is there
RECORD = "course.json"


@dataclass(frozen=True, slots=True)
class Look:
    """What the dev split said after an epoch: `value` is a loss, or the suite's primary metric."""

    epoch: int
    step: int
    value: float


class Course(TrainerCallback):
    """Looks at the dev split after each epoch, keeps the best weights, and stops in time.

    `look` gives the value, `keep` writes the weights to a folder; `higher` says that more is
    better. Without a `look` the last weights are the best.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        steps_an_epoch: int,
        look: Callable[[], float] | None,
        keep: Callable[[Path], None],
        watcher: Watcher,
        *,
        higher: bool = False,
    ) -> None:
        """Begin, or go on where the folder's record says."""
        self.folder = folder
        self.recipe = recipe
        self.steps_an_epoch = steps_an_epoch
        self.look = look
        self.keep = keep
        self.watcher = watcher
        self.higher = higher
        self.looks: list[Look] = []
        self.before = self.seconds_before()
        self.started = self.saved = time.monotonic()

    @property
    def best(self) -> Path:
        """Where the best weights are."""
        return self.folder / "best"

    @property
    def seconds(self) -> float:
        """Wall time of all sittings until now."""
        return self.before + time.monotonic() - self.started

    @property
    def leader(self) -> Look | None:
        """The best look so far: the first of equal ones."""
        if not self.looks:
            return None
        sign = -1.0 if self.higher else 1.0
        return min(self.looks, key=lambda look: sign * look.value)

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Of an earlier sitting only what it saw before its last saved state counts."""
        self.looks = [look for look in self.recorded() if look.step <= state.global_step]

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """After an epoch look at dev; now and then ask for the state to be saved."""
        if self.look is not None and state.global_step % self.steps_an_epoch == 0:
            self.look_now(state.global_step)
            if self.is_past_best() and state.global_step < state.max_steps:
                control.should_training_stop = True
        if time.monotonic() - self.saved > SAVE_EVERY and state.global_step < state.max_steps:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """The Trainer has written a state: say that it is whole; only then the one before goes."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        os.sync()
        self.write_record()
        (folder / WHOLE).touch()
        sync(folder)
        for other in set(folder.parent.glob("checkpoint-*")) - {folder}:
            shutil.rmtree(other, ignore_errors=True)
        self.saved = time.monotonic()

    def look_now(self, step: int) -> None:
        """Ask the dev split, and keep the weights if they are the best so far."""
        assert self.look is not None
        epoch = step // self.steps_an_epoch
        found = Look(epoch, step, self.look())
        self.looks.append(found)
        if self.leader == found:
            shutil.rmtree(self.best, ignore_errors=True)
            self.keep(self.best)
        self.write_record()
        mark = "best so far" if self.leader == found else "not better"
        self.watcher.note(f"epoch {epoch}: dev {self.recipe.stop_on} {found.value:.4f} ({mark})")

    def is_past_best(self) -> bool:
        """Whether dev has not become better for longer than patience lasts."""
        leader = self.leader
        return leader is not None and self.looks[-1].epoch - leader.epoch >= self.recipe.patience

    def write_record(self) -> None:
        """Keep what was seen, so that an interrupted training can go on."""
        looks = [asdict(look) for look in self.looks]
        write_note(self.folder / RECORD, {"seconds": self.seconds, "looks": looks})

    def recorded(self) -> list[Look]:
        """What earlier sittings saw."""
        return [Look(**look) for look in read_note(self.folder / RECORD).get("looks", [])]

    def seconds_before(self) -> float:
        """Wall time of earlier sittings."""
        return float(read_note(self.folder / RECORD).get("seconds", 0.0))


def last_state(folder: Path) -> Path | None:
    """The last whole state that a training left; broken ones are removed."""
    whole: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        if (path / WHOLE).is_file():
            whole.append((int(path.name.rpartition("-")[2]), path))
        else:
            shutil.rmtree(path, ignore_errors=True)
    return max(whole)[1] if whole else None
