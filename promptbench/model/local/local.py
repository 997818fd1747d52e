"""A model that runs in this process through transformers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptbench.error import ModelError, RunError
from promptbench.model.local.checkpoint import Checkpoint, read_checkpoint
from promptbench.model.local.tokenizer import Tokenizer, first_line
from promptbench.model.protocol import ModelInfo, TokenSpan
from promptbench.record import Completion, Encoded, Message, Request

if TYPE_CHECKING:  # both import torch, which a run without new requests need not wait for
    from promptbench.model.local.engine import Engine
    from promptbench.model.local.row import Ends

# Part of every fingerprint: raised when the same request could come out differently.
ENGINE = "packed 1"
DTYPE = "float32"


class LocalModel:
    """A checkpoint folder behind the Model protocol: fp32, weights loaded at the first request."""

    def __init__(self, spec: str, folder: Path) -> None:
        """Look into the folder. Raises ModelError."""
        self.checkpoint = read_checkpoint(folder)
        self.info = describe(spec, self.checkpoint)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Loaded when the first prompt is encoded."""
        return Tokenizer(self.checkpoint.folder)

    @cached_property
    def loaded(self) -> Any:
        """The transformers model, loaded when the first request streams."""
        return load(self.checkpoint)

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """See Model."""
        return self.tokenizer.encode(messages)

    def tokens(self, encoded: Encoded) -> list[TokenSpan]:
        """See Model."""
        return self.tokenizer.spans(encoded)

    @cached_property
    def engine(self) -> Engine:
        """What runs the requests, made when the first one streams."""
        from promptbench.model.local.engine import engine_for

        return engine_for(self.loaded, self.ends)

    @cached_property
    def ends(self) -> Ends:
        """What ends an output."""
        from promptbench.model.local.row import Ends

        return Ends(self.end_ids(), self.tokenizer.decode)

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """See Model. A row's output does not depend on what runs beside it."""
        try:
            for rows in self.engine.run(requests):
                yield [row.completion(self.ends) for row in rows]
        except RuntimeError as error:  # torch raises it for whatever its kernels cannot do
            raise RunError(
                f"the model failed: {first_line(error)}",
                hint="What was finished is stored; the same command continues.",
            ) from error

    def end_ids(self) -> frozenset[int]:
        """The token ids that end an output: the tokenizer's and the generation settings'."""
        found = self.loaded.generation_config.eos_token_id
        several = found if isinstance(found, list) else [found]
        return frozenset(
            int(i) for i in [*several, self.tokenizer.inner.eos_token_id] if i is not None
        )


def describe(spec: str, checkpoint: Checkpoint) -> ModelInfo:
    """What a checkpoint is, as a model that generates text."""
    if checkpoint.family == "encoder-only":
        raise ModelError(
            f"'{spec}' is encoder-only ({checkpoint.architecture}): it cannot generate text",
            where=str(checkpoint.folder),
            hint="Take a decoder-only model (GPT, LLaMA ...) or an encoder-decoder one (T5).",
        )
    identity = hashlib.sha256(f"{checkpoint.digest} {DTYPE} {ENGINE}".encode()).hexdigest()
    return ModelInfo(
        spec=spec,
        identity=identity,
        family=checkpoint.family,
        architecture=checkpoint.architecture,
        parameters=checkpoint.parameters,
        context=checkpoint.context,
        backend="local",
        details=(
            ("weights and tokenizer", checkpoint.digest),
            ("dtype", DTYPE),
            ("engine", ENGINE),
        ),
    )


def load(checkpoint: Checkpoint) -> Any:
    """Load the weights in fp32. Raises ModelError if a tensor is missing, or has another shape."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    seq2seq = checkpoint.family == "encoder-decoder"
    kind = AutoModelForSeq2SeqLM if seq2seq else AutoModelForCausalLM
    try:
        model, found = kind.from_pretrained(
            str(checkpoint.folder),
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # transformers raises whatever its parts raise
        raise ModelError(
            f"the weights cannot be loaded: {first_line(error)}", where=str(checkpoint.folder)
        ) from error
    refuse_gaps(checkpoint, found)
    model.eval()
    if torch.cuda.is_available():
        model.to("cuda")
    return model


def refuse_gaps(checkpoint: Checkpoint, found: dict[str, Any]) -> None:
    """A tensor that the file lacks would be filled with random numbers: refuse."""
    for kind in ("missing_keys", "mismatched_keys"):
        names = sorted(str(name) for name in found.get(kind) or ())
        if names:
            raise ModelError(
                f"{len(names)} tensors are {kind.removesuffix('_keys')}, such as {names[0]}",
                where=str(checkpoint.folder),
                hint="The weights are not those of the architecture in config.json.",
            )
