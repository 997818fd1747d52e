"""List the models that can run here: the embedded ones and the workspace's checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import ModelError
from promptbench.model.local.adapter import WEIGHTS, base_of, check_adapter, is_adapter
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.local.convert import is_ready
from promptbench.model.local.extent import extent_of
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED


@dataclass(frozen=True, slots=True)
class Entry:
    """A model as a listing shows it. `on_disk` says "yes", or how to get it, or what is wrong."""

    spec: str
    family: str
    parameters: int
    origin: str
    license: str
    on_disk: str


def catalog(workspace: Path) -> Iterator[Entry]:
    """The embedded models in the order of their names, then the folders under checkpoints/."""
    for name, model in sorted(EMBEDDED.items()):
        here = "yes" if is_ready(model, cache_folder()) else f"promptbench models pull {name}"
        yield Entry(
            name,
            f"{model.family} ({model.architecture})",
            model.parameters,
            model.origin,
            model.license,
            here,
        )
    folder = workspace / "checkpoints"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir():
            yield entry_of(path)


def entry_of(path: Path) -> Entry:
    """A checkpoint folder, whole or not."""
    spec = f"./checkpoints/{path.name}"
    try:
        if is_adapter(path):
            return adapter_entry(spec, path)
        found = read_checkpoint(path)
    except ModelError as error:
        return Entry(spec, "", 0, "this workspace", "", f"unusable: {error.what}")
    family = f"{found.family} ({found.architecture})"
    return Entry(spec, family, found.parameters, "this workspace", "", "yes")


def adapter_entry(spec: str, path: Path) -> Entry:
    """An adapter, of which the base is named and not looked for: it may be on the hub."""
    check_adapter(path)
    origin = f"this workspace, for {base_of(path)}"
    return Entry(spec, "LoRA adapter", extent_of(path / WEIGHTS).numbers, origin, "", "yes")
