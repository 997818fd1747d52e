"""Find the model that a spec means: an embedded name, a folder, a hub id or a backend's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import platformdirs

from promptbench.error import ModelError, choices
from promptbench.model.embedded import EMBEDDED
from promptbench.model.protocol import Model, Notify

Opener = Callable[[str, Path, Notify], Model]


def quiet(message: str) -> None:
    """Tell nobody."""


def cache_folder() -> Path:
    """Where converted models are kept: $PROMPTBENCH_CACHE, or the user's cache folder."""
    named = os.environ.get("PROMPTBENCH_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("promptbench"))


def open_embedded(name: str, folder: Path, notify: Notify) -> Model:
    """A model from a wheel, converted on first use. Imports torch only now."""
    from promptbench.model.local.convert import converted
    from promptbench.model.local.local import LocalModel

    return LocalModel(name, converted(EMBEDDED[name], cache_folder(), notify))


def open_folder(spec: str, folder: Path, notify: Notify) -> Model:
    """A transformers folder, its path read from `folder`."""
    from promptbench.model.local.local import LocalModel

    return LocalModel(spec, (folder / Path(spec).expanduser()).resolve())


def open_hub(spec: str, folder: Path, notify: Notify) -> Model:
    """A model of the Hugging Face hub, from the local cache if it is there."""
    from promptbench.model.local.hub import snapshot
    from promptbench.model.local.local import LocalModel

    return LocalModel(spec, snapshot(spec.removeprefix("hf:"), notify))


BACKENDS: dict[str, Opener] = {"hf": open_hub}


def open_model(spec: str, folder: Path, notify: Notify = quiet) -> Model:
    """Open the model of a spec; weights stay on disk until its first request.

    `folder` is what a relative path starts from; `notify` is told of long steps, a line each.
    Raises ModelError if nothing is meant by the spec or if what it means cannot be used.
    """
    if spec in EMBEDDED:
        return open_embedded(spec, folder, notify)
    prefix, colon, _ = spec.partition(":")
    if colon and (opener := find_backend(prefix)):
        return opener(spec, folder, notify)
    if is_path(spec, folder):
        return open_folder(spec, folder, notify)
    if "/" in spec and not colon:
        hint = f"For a hub model write 'hf:{spec}', for a folder './{spec}'."
        raise ModelError(f"unknown model '{spec}'", hint=hint)
    hint = f"{choices(spec, EMBEDDED)} Or a folder (./checkpoints/x), or hf:org/name."
    raise ModelError(f"unknown model '{spec}'", hint=hint)


def find_backend(prefix: str) -> Opener | None:
    """A backend of ours, or one that another package offers as `promptbench.models`."""
    if prefix in BACKENDS:
        return BACKENDS[prefix]
    for entry in entry_points(group="promptbench.models", name=prefix):
        opener: Opener = entry.load()
        return opener
    return None


def is_path(spec: str, folder: Path) -> bool:
    """Whether a spec is written like a path, or a folder of that name is there."""
    return spec.startswith((".", "/", "~")) or (folder / spec).is_dir()
