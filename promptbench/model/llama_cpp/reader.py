"""The context in which llama.cpp reads: token ids in, the logits of the next token out.

What two prompts begin with alike is read once. A sum may come out differently in its last bit when
it is made for one token or for many, so prompts are read in blocks at fixed places, and only whole
blocks are kept: a prompt is computed in the same steps whatever was read before it.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from promptbench.error import RunError
from promptbench.model.llama_cpp.choose import Logits
from promptbench.model.llama_cpp.library import Loaded, library

BLOCK = 64  # tokens
STEP = 256  # tokens by which llama.cpp rounds a context up
HALF = 2  # bytes of a number in the keys and values


class ReadingError(Exception):
    """llama.cpp could not read the tokens of one request."""


class Reader:
    """A loaded model with room for one text at a time.

    `held` are the tokens, whole blocks of the prompt read last, that need not be read again.
    """

    def __init__(self, loaded: Loaded, max_memory: int | None = None) -> None:
        """`max_memory` bounds the keys and values, in bytes."""
        found = library()
        vocabulary = found.llama_model_get_vocab(loaded.pointer)
        self.loaded = loaded
        self.words = int(found.llama_vocab_n_tokens(vocabulary))
        self.max_memory = max_memory
        self.size = 0
        self.held: list[int] = []
        self.context: Any = None

    def reserve(self, tokens: int) -> None:
        """Make room for a text of so many tokens. Raises RunError where there is not enough."""
        if tokens <= self.size:
            return
        size = -(-tokens // STEP) * STEP
        self.refuse_beyond_memory(size)
        self.close()
        found = library()
        settings = found.llama_context_default_params()
        settings.n_ctx = size
        settings.n_batch = settings.n_ubatch = BLOCK
        settings.n_threads = settings.n_threads_batch = threads()
        # Its sums depend on the number of threads.
        settings.flash_attn_type = found.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self.context = found.llama_init_from_model(self.loaded.pointer, settings)
        if not self.context:
            raise RunError(
                f"llama.cpp gets no memory for a text of {tokens:,} tokens",
                hint="Close other programs, or lower sampling.max_tokens.",
            )
        self.free = weakref.finalize(self, found.llama_free, self.context)
        self.memory = found.llama_get_memory(self.context)
        self.size = size

    def refuse_beyond_memory(self, size: int) -> None:
        """Raises RunError if the keys and values of a text take more than they may."""
        found, model = library(), self.loaded.pointer
        width = found.llama_model_n_embd(model) // max(1, found.llama_model_n_head(model))
        heads = found.llama_model_n_layer(model) * found.llama_model_n_head_kv(model)
        need = size * 2 * heads * width * HALF
        if self.max_memory is not None and need > self.max_memory:
            raise RunError(
                f"a text of {size:,} tokens takes {need / 1e6:,.0f} MB beside the weights, and"
                f" {self.max_memory / 1e6:,.0f} MB are allowed",
                hint="Raise --max-memory, or lower sampling.max_tokens.",
            )

    def read(self, prompt: Sequence[int]) -> Logits:
        """Read a prompt; returns logits of shape [vocabulary]. Raises ReadingError."""
        same = common(self.held, prompt[:-1]) // BLOCK * BLOCK
        if not self.rewind(same):
            same = 0
        self.held = list(prompt[:same])
        for start in range(same, len(prompt), BLOCK):
            block = prompt[start : start + BLOCK]
            self.decode(block)
            if len(block) == BLOCK:
                self.held += block
        return self.logits()

    def step(self, token: int) -> Logits:
        """Read one more token. Raises ReadingError."""
        self.decode([token])
        return self.logits()

    def rewind(self, length: int) -> bool:
        """Forget what was read after the first `length` tokens; whether these are still there.

        A recurrent model has one state, which nothing can be taken out of.
        """
        if length and library().llama_memory_seq_rm(self.memory, 0, length, -1):
            return True
        self.held = []
        library().llama_memory_clear(self.memory, True)
        return not length

    def decode(self, tokens: Sequence[int]) -> None:
        """Read some tokens after those that are there."""
        found = library()
        array = (found.llama_token * len(tokens))(*tokens)
        code = found.llama_decode(self.context, found.llama_batch_get_one(array, len(tokens)))
        if code != 0:
            self.rewind(0)
            raise ReadingError(f"llama.cpp could not read the prompt (llama_decode: {code})")

    def logits(self) -> Logits:
        """The logits after the last token. Raises RunError if they are no numbers."""
        pointer = library().llama_get_logits_ith(self.context, -1)
        found: Logits = np.ctypeslib.as_array(pointer, shape=(self.words,)).copy()
        if not np.isfinite(found).all():
            raise RunError(
                "the model computes numbers that are not finite (NaN or infinity)",
                hint="Its weights are damaged: no output can be scored.",
            )
        return found

    def close(self) -> None:
        """Give the context's memory back."""
        if self.context:
            self.free()
        self.context, self.size, self.held = None, 0, []


def common(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens two texts begin with alike."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(left), len(right)))


def threads() -> int:
    """As many as there are processors for this process, or as $OMP_NUM_THREADS says."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdigit() and int(said):
        return int(said)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
