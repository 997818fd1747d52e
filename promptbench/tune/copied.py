"""What a trained checkpoint takes over from its base: a base's folder in, files out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from promptbench.error import ModelError
from promptbench.model.local.checkpoint import counted_files

# What a base's folder holds beside its tokenizer and its settings for writing: made anew.
OWN = {"config.json", "model.safetensors.index.json"}


def copied_files(folder: Path) -> Iterator[Path]:
    """The tokenizer, the chat template and the settings for writing."""
    for path in counted_files(folder):
        if path.suffix != ".safetensors" and path.name not in OWN:
            yield path


def refuse_links(folder: Path, workspace: Path) -> None:
    """Raise ModelError for a link to a file elsewhere: its text would be in the new checkpoint.

    A checkpoint from anywhere could so have a key copied that is then passed on. The hub's cache
    is made of links to its blobs.
    """
    real = folder.resolve()
    homes = [real, workspace.resolve(), *(up / "blobs" for up in real.parents[1:2])]
    for path in copied_files(folder):
        if not any(path.resolve().is_relative_to(home) for home in homes):
            what = f"{path.name} is a link to a file elsewhere, which would be copied"
            hint = "Put a copy in its place, if that is what it should be."
            raise ModelError(what, where=str(folder), hint=hint)
