"""Fetch a model of the Hugging Face hub into its cache, weights as safetensors only."""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from promptbench.error import ModelError
from promptbench.model.protocol import Notify

WANTED = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]
# A revision is a path in the hub's cache, and must not lead out of it.
NAME = re.compile(r"[\w.-]+/[\w.-]+(@(?!/)(?!.*(?:^|[@/])\.{1,2}(?:/|$))[\w./-]{1,250})?")


def snapshot(name: str, notify: Notify) -> Path:
    """The local folder of `org/name` or `org/name@revision`; downloads what is missing.

    Raises ModelError if the name is malformed, unknown to the hub, or not here while offline.
    """
    if not NAME.fullmatch(name):
        raise no_id(name)
    repo, _, revision = name.partition("@")
    try:
        return fetch(repo, revision or None, local=True)
    except LocalEntryNotFoundError:
        notify(f"Fetching {name} from the hub ...")
    except HFValidationError as error:
        raise no_id(name) from error
    try:
        return fetch(repo, revision or None, local=False)
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        raise ModelError(
            f"the hub does not give '{name}' (status {status})",
            hint="Check the name; for a gated model log in with `hf auth login`.",
        ) from error
    except (LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"'{name}' is not on this machine, and the hub cannot be reached",
            hint=f"Where there is access, run `hf download {repo}`; then copy the folder here and"
            f" name it in the suite (./checkpoints/x), or put it into {constants.HF_HUB_CACHE}.",
        ) from error


def no_id(name: str) -> ModelError:
    """A name that no model of the hub can have."""
    return ModelError(f"'hf:{name}' is not a hub id", hint="Write hf:org/name.")


def fetch(repo: str, revision: str | None, *, local: bool) -> Path:
    """One snapshot, from the cache alone or with the network."""
    return Path(
        snapshot_download(repo, revision=revision, local_files_only=local, allow_patterns=WANTED)
    )
