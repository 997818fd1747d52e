"""A model that runs in this process through transformers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptbench.error import ModelError, RunError, first_line
from promptbench.model.local.adapter import with_adapter
from promptbench.model.local.checkpoint import (
    Checkpoint,
    has_template,
    read_checkpoint,
)
from promptbench.model.local.head import outputs
from promptbench.model.local.load import Place, load, place_of
from promptbench.model.local.mask import masked, tokens_at
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.model.local.trained import trained, training
from promptbench.model.protocol import ModelInfo, Setup, TokenSpan
from promptbench.record import Completion, Encoded, Message, Request, Sampling

if TYPE_CHECKING:  # both import torch, which a run without new requests need not wait for
    from promptbench.model.local.encoder import EncoderEngine
    from promptbench.model.local.engine import Engine
    from promptbench.model.local.row import Ends

# Part of every fingerprint: raised when the same request could come out differently.
ENGINE = "packed 3"


class LocalModel:
    """A checkpoint folder behind the Model protocol; weights are loaded at the first request."""

    def __init__(self, spec: str, folder: Path, setup: Setup, adapter: Path | None = None) -> None:
        """Look into the folder, and into that of an adapter for it. Raises ModelError."""
        self.checkpoint = read_checkpoint(folder)
        if adapter is not None:
            self.checkpoint = with_adapter(self.checkpoint, adapter)
        self.place = place_of(setup)
        self.max_memory = setup.max_memory
        self.info = describe(spec, self.checkpoint, self.place)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Loaded when the first prompt is encoded."""
        return Tokenizer(self.checkpoint.tokenizer)

    @cached_property
    def loaded(self) -> Any:
        """The transformers model, loaded when the first request streams."""
        return load(self.checkpoint, self.place)

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """See Model."""
        if self.checkpoint.head != "cloze":
            return self.tokenizer.encode(messages)
        text = masked(self.tokenizer.text(messages), self.tokenizer)
        ids = tuple(self.tokenizer.ids(text))
        return Encoded(text, ids, len(ids))

    def tokens(self, encoded: Encoded) -> list[TokenSpan]:
        """See Model."""
        return self.tokenizer.spans(encoded)

    def room(self, sampling: Sampling) -> int:
        """See Model: a decoder's context holds the answer, an encoder's the prompt alone.

        Raises ModelError for labels that an encoder-only model cannot choose among.
        """
        if sampling.choice is not None and self.checkpoint.head == "cloze":
            tokens_at(sampling.choice, True, self.tokenizer)
        if sampling.choice is not None and self.checkpoint.head == "labels":
            outputs(sampling.choice, self.checkpoint.config)
        if self.checkpoint.family != "decoder-only":
            return 0
        if sampling.choice is None:
            return sampling.max_tokens
        words = tuple(word for words in sampling.choice.words for word in words)
        return max(map(len, self.tokenizer.continuations("", " ", words)))

    @cached_property
    def engine(self) -> Engine | EncoderEngine:
        """What runs the requests, made when the first one streams."""
        if self.checkpoint.family == "encoder-only":
            from promptbench.model.local.encoder import EncoderEngine

            return EncoderEngine(self.loaded, self.tokenizer)
        from promptbench.model.local.engine import engine_for

        return engine_for(self.loaded, self.ends, self.max_memory)

    @cached_property
    def ends(self) -> Ends:
        """What ends an output."""
        from promptbench.model.local.row import Ends

        return Ends(self.end_ids(), self.tokenizer.decode, self.tokenizer.continue_with)

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """See Model. A row's output does not depend on what runs beside it."""
        with telling_what_failed():
            for rows in self.engine.run(requests):
                yield [done.completion() for done in rows]

    def speak(self, request: Request, hear: Callable[[str], None]) -> Completion:
        """See Speaker. With a session, its next turn goes on from there, interrupted or not."""
        from promptbench.model.local.voice import Voice

        voice = Voice(hear)
        with telling_what_failed():
            found = [one for rows in self.engine.run([request], voice.listen) for one in rows]
        completion = found[0].completion()
        voice.say(completion.text)
        return completion

    def release(self) -> None:
        """See Model."""
        for name in ("engine", "ends", "loaded"):
            self.__dict__.pop(name, None)

    def end_ids(self) -> frozenset[int]:
        """The token ids that end an output: the tokenizer's and the generation settings'."""
        found = self.loaded.generation_config.eos_token_id
        several = found if isinstance(found, list) else [found]
        ids = [i for i in [*several, self.tokenizer.inner.eos_token_id] if i is not None]
        if not all(isinstance(i, int) for i in ids):
            what = f"eos_token_id is {found!r:.60}, and a token's id is a whole number"
            raise ModelError(what, where=str(self.checkpoint.folder))
        return frozenset(ids)


@contextmanager
def telling_what_failed() -> Iterator[None]:
    """Make a RunError of what torch raises for whatever its kernels cannot do."""
    try:
        yield
    except RuntimeError as error:
        raise RunError(
            f"the model failed: {first_line(error)}",
            hint="What was finished is stored; the same command continues.",
        ) from error


def describe(spec: str, checkpoint: Checkpoint, place: Place) -> ModelInfo:
    """What a checkpoint is, and what it can do."""
    encoder = checkpoint.family == "encoder-only"
    if encoder and not checkpoint.head:
        raise ModelError(
            f"'{spec}' is an encoder with no head ({checkpoint.architecture}): it cannot answer",
            where=str(checkpoint.folder),
            hint="Take a checkpoint with a masked-LM head, or fine-tune one with a classification"
            " head, or take a model that generates (GPT, LLaMA, T5 ...).",
        )
    if checkpoint.family == "encoder-decoder" and checkpoint.head:
        raise ModelError(
            f"'{spec}' is a classification head on an encoder-decoder ({checkpoint.architecture})",
            where=str(checkpoint.folder),
            hint="That is not served. A head on an encoder (BERT ...) is, and a T5 that writes.",
        )
    engine = f"{ENGINE} cuda" if place.device == "cuda" else ENGINE
    identity = hashlib.sha256(f"{checkpoint.digest} {place.precision} {engine}".encode())
    return ModelInfo(
        spec=spec,
        identity=identity.hexdigest(),
        family=checkpoint.family,
        architecture=checkpoint.architecture,
        parameters=checkpoint.parameters,
        context=checkpoint.context,
        backend="local",
        details=(
            ("weights and tokenizer", checkpoint.digest),
            ("device", place.device),
            ("precision", place.precision),
            ("engine", ENGINE),
            ("prompts", "chat template" if has_template(checkpoint.tokenizer) else "plain text"),
            *trained(checkpoint.adapter or checkpoint.folder),
        ),
        writes=not encoder,
        chooses=True,
        training=training(checkpoint.adapter or checkpoint.folder),
    )
