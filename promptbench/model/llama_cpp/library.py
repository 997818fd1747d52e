"""llama-cpp-python, an optional package: imported when it is needed, and kept quiet.

Of it only llama.cpp's own functions are used, as its header file has them. The package's class
`Llama` makes a context whenever it loads a file, writes to the terminal and takes the terminal
away from others while it loads.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from promptbench.error import ModelError

ERROR = 4  # ggml's level of what went wrong
COMPLAINTS: deque[str] = deque(maxlen=20)
INSTALL = "pip install 'llama-cpp-python[server]'"


@lru_cache(maxsize=1)
def library() -> Any:
    """The package, ready to load files. Raises ModelError if it is not installed."""
    try:
        with sleeping_threads():
            import llama_cpp
    except ImportError as error:
        raise ModelError(
            "a GGUF needs the package llama-cpp-python, which is not installed",
            hint=f"Get it with `{INSTALL}`: it compiles llama.cpp, which takes a C++ compiler and"
            " some minutes.",
        ) from error
    llama_cpp.llama_log_set(log_callback(llama_cpp), ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    return llama_cpp


@contextmanager
def sleeping_threads() -> Iterator[None]:
    """Let the threads of an OpenMP library that is loaded meanwhile sleep while they wait.

    llama.cpp's meet some hundred times a token. Left to themselves, those that wait keep their
    processors from the one that is waited for: with two threads on two processors that have other
    work to do, a token then takes many times as long. $OMP_WAIT_POLICY goes first.
    """
    name = "OMP_WAIT_POLICY"
    if name in os.environ:
        yield
        return
    os.environ[name] = "passive"
    try:
        yield
    finally:
        del os.environ[name]


@lru_cache(maxsize=1)
def log_callback(found: Any) -> Any:
    """What llama.cpp says goes here. It is kept for good: llama.cpp knows its address."""

    @found.llama_log_callback  # type: ignore[untyped-decorator]
    def hear(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
        if level == ERROR:
            COMPLAINTS.append(text.decode("utf-8", "replace").strip())

    return hear


class Loaded:
    """A GGUF in memory, with or without its weights; `pointer` is llama.cpp's."""

    def __init__(self, path: Path, *, vocabulary_only: bool, gpu: bool = False) -> None:
        """Load it. Raises ModelError with what llama.cpp says of a file that it cannot read."""
        found = library()
        parameters = found.llama_model_default_params()
        parameters.vocab_only = vocabulary_only
        parameters.n_gpu_layers = -1 if gpu else 0
        COMPLAINTS.clear()
        self.pointer = found.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.pointer:
            raise ModelError(
                f"llama.cpp cannot load the file: {complaint()}",
                where=str(path),
                hint="Copy it again; or it is newer than the installed llama-cpp-python.",
            )
        self.free = weakref.finalize(self, found.llama_model_free, self.pointer)


def complaint() -> str:
    """The first thing that llama.cpp complained of, without the names of its functions."""
    first = COMPLAINTS[0] if COMPLAINTS else "it does not say why"
    return first.partition(": ")[2].removeprefix("error loading model: ") or first
