"""The ways to run one model here: its spec in, backends out, and why others cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from promptbench.backends.option import BackendOptions
from promptbench.error import ModelError
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Model, ModelInfo, Setup
from promptbench.model.spec import open_model
from promptbench.model.wheel import EMBEDDED

OURS, LLAMA, SERVER = "promptbench", "llama.cpp", "llama.cpp server"
INSTALL = "pip install 'llama-cpp-python[server]'"
# What the server needs beside llama-cpp-python.
SERVING = ("fastapi", "uvicorn", "sse_starlette", "starlette_context", "pydantic_settings")


@dataclass(frozen=True, slots=True)
class Backend:
    """A way to run the model. `weights` says what they are stored as, and how large they are.

    `spec` opens it. A server's is known when it runs: `file` is what it serves, and `alias` the
    name that it gives it, which no other weights have.
    """

    name: str
    spec: str
    weights: str
    file: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A backend that cannot be had here, and what to do about it."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to compare. `port` is where a server belongs: the same for the same weights."""

    backends: tuple[Backend, ...]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...] = ()
    port: int = 0


def find_backends(spec: str, options: BackendOptions, setup: Setup) -> Found:
    """Open the model in each way that there is. Raises ModelError for what no way is known of."""
    own = open_model(spec, setup)
    if not isinstance(own, LocalModel) or own.info.family != "decoder-only":
        raise ModelError(
            f"'{spec}' is no decoder in a transformers folder, whose backends could be compared",
            hint="Take smollm2, a checkpoint of a GPT or LLaMA, or hf:org/name.",
        )
    ours = Backend(f"{OURS} ({own.place.precision})", spec, weights_of(own))
    lacks = lacking(spec, options.gguf)
    if lacks:
        return Found((ours,), (Missing(LLAMA, lacks), Missing(SERVER, lacks)))
    gguf = open_model(gguf_spec(spec, options.gguf), setup)
    path, facts = file_of(gguf), dict(gguf.info.details)
    kind = facts["format"]
    weights = f"{kind}, {megabytes([path])}"
    there = [ours, Backend(f"{LLAMA} ({kind})", gguf.info.spec, weights)]
    missing = []
    if why := lacking_server():
        missing.append(Missing(SERVER, why))
    else:
        alias = facts["file"][:12]
        there.append(Backend(f"{SERVER} ({kind})", "", weights, str(path), alias))
    return Found(
        tuple(there),
        tuple(missing),
        notes_on(spec, options.gguf, own.info, gguf.info),
        port_of(gguf.info.identity),
    )


def gguf_spec(spec: str, gguf: str) -> str:
    """The spec of the file that is asked for, or of an embedded model's own."""
    return f"gguf:{gguf or spec}"


def lacking(spec: str, gguf: str) -> str:
    """Why llama.cpp cannot run the model, "" if it can."""
    if not find_spec("llama_cpp"):
        return f"llama-cpp-python is not installed: {INSTALL}"
    if not gguf and not has_gguf(spec):
        return (
            "the model has no GGUF file: make one with llama.cpp's convert_hf_to_gguf.py and name"
            " it, --gguf FILE"
        )
    return ""


def lacking_server() -> str:
    """Why llama-cpp-python's server cannot run, "" if it can."""
    absent = [name for name in SERVING if not find_spec(name)]
    return f"it needs {', '.join(absent)}: {INSTALL}" if absent else ""


def has_gguf(spec: str) -> bool:
    """Whether an embedded model comes as a GGUF."""
    return spec in EMBEDDED and next(iter(EMBEDDED[spec].files)).endswith(".gguf")


def weights_of(model: LocalModel) -> str:
    """What the local engine computes in, and the size of its files."""
    files = sorted(model.checkpoint.folder.glob("*.safetensors"))
    return f"{model.place.precision}, {megabytes(files)}"


def megabytes(files: Sequence[Path]) -> str:
    """The size of some files together."""
    return f"{sum(path.stat().st_size for path in files) / 1e6:,.0f} MB"


def file_of(model: Model) -> Path:
    """Where a GGUF lies."""
    path: Path = model.path  # type: ignore[attr-defined] # LlamaCppModel's
    return path


def notes_on(spec: str, gguf: str, ours: ModelInfo, theirs: ModelInfo) -> tuple[str, ...]:
    """What a reader must know of the two files."""
    found = []
    if not gguf and has_gguf(spec):
        found.append(
            f"{spec} comes as a GGUF: promptbench computes with the same rounded weights in"
            " float32, so what differs is the arithmetic, not what rounding the weights once cost."
        )
    if ours.parameters != theirs.parameters:
        found.append(
            f"The GGUF holds {theirs.parameters:,} parameters, the folder {ours.parameters:,}: is"
            " it the same model?"
        )
    return tuple(found)


def port_of(identity: str) -> int:
    """A port from 20000 to 39999 that goes with some weights.

    The address is part of a server's fingerprints: with the same one, outputs are found again.
    """
    return 20_000 + int(identity[:8], 16) % 20_000
