"""Turn texts into vectors with a BERT: one a text, or one a token."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from promptbench.error import ModelError, first_line
from promptbench.model.local.batch import PADDED, by_length
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.local.encoder import padded, require_finite
from promptbench.model.local.extent import refuse_oversize
from promptbench.model.local.load import refuse_gaps
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.model.local.window import frame_of

Vectors = NDArray[np.float32]

MAX_ROWS = 32
MAX_TOKENS = 16_384  # rows x longest window of a batch


class Embedder:
    """A checkpoint folder of an encoder, in fp32; its weights are loaded at the first text.

    A text longer than the model's window is read in several, and nothing of it is left out. What
    a text comes to does not depend on the texts beside it.
    """

    def __init__(self, folder: Path) -> None:
        """Look into the folder. Raises ModelError, also for a model that is no encoder."""
        self.checkpoint = read_checkpoint(folder)
        if self.checkpoint.family != "encoder-only":
            raise ModelError(
                f"{self.checkpoint.architecture} is {self.checkpoint.family}: only an encoder"
                " (BERT ...) makes vectors of texts",
                where=str(folder),
                hint="Take minilm, or another sentence encoder.",
            )
        self.tokenizer = Tokenizer(folder)
        self.frame = frame_of(self.checkpoint, self.tokenizer.inner)

    @cached_property
    def model(self) -> Any:
        """The transformers model, without any head."""
        from transformers import AutoModel, logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()
        folder = str(self.checkpoint.folder)
        refuse_oversize(self.checkpoint, AutoModel)
        options = {"use_safetensors": True, "trust_remote_code": False, "output_loading_info": True}
        try:
            model, found = AutoModel.from_pretrained(folder, dtype=torch.float32, **options)
        except Exception as error:  # transformers raises whatever its parts raise
            what = f"the weights cannot be loaded: {first_line(error)}"
            raise ModelError(what, where=folder) from error
        # A pooler reads the first token's state, which is not used here.
        missing = [name for name in found["missing_keys"] if not name.startswith("pooler.")]
        refuse_gaps(self.checkpoint, {**found, "missing_keys": missing})
        return model.eval()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A vector of length 1 for each text: [texts, width]. Their dot product is the cosine.

        The mean over the states of all tokens, special ones included, divided by its length:
        Reimers and Gurevych 2019 (Sentence-BERT), as sentence-transformers does it for
        all-MiniLM-L6-v2. Over several windows it is the mean over the tokens of all of them.
        """
        found = [np.concatenate(states).mean(axis=0) for states in self.states(texts)]
        if not found:
            return np.zeros((0, int(self.model.config.hidden_size)), np.float32)
        means = np.stack(found)
        # As torch.nn.functional.normalize, which leaves zeros as they are.
        norms = np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        vectors: Vectors = (means / norms).astype(np.float32)
        return vectors

    def tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """The last hidden state of each token of a text: [tokens, width], special ones left out."""
        begun, ended = len(self.frame.begin), len(self.frame.end)
        return [
            np.concatenate([state[begun : len(state) - ended] for state in states])
            for states in self.states(texts)
        ]

    def states(self, texts: Sequence[str]) -> list[list[Vectors]]:
        """For each text the states of its windows: [tokens, width] each, special ones included."""
        windows = [list(self.frame.windows(self.ids(text))) for text in texts]
        flat = [window for several in windows for window in several]
        read = iter(self.read(flat))
        return [[next(read) for _ in several] for several in windows]

    def ids(self, text: str) -> list[int]:
        """A text's tokens without special ones."""
        return [int(i) for i in self.tokenizer.inner(text, add_special_tokens=False)["input_ids"]]

    @torch.inference_mode()
    def read(self, windows: Sequence[Sequence[int]]) -> list[Vectors]:
        """The states of each window. Raises RunError if the model computes no usable numbers."""
        found: list[Vectors] = [np.zeros((0, 0), np.float32)] * len(windows)
        padding = getattr(self.model.config, "pad_token_id", None)
        alike = self.model.config.model_type not in PADDED or padding is None
        lengths = [len(window) for window in windows]
        for batch in by_length(lengths, MAX_ROWS, MAX_TOKENS, alike):
            ids, real = padded([windows[i] for i in batch], padding or 0)
            states = self.model(input_ids=ids, attention_mask=real).last_hidden_state
            require_finite(states)
            for i, state in zip(batch, states.numpy(), strict=True):
                found[i] = state[: lengths[i]]
        return found
