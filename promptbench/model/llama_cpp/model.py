"""A GGUF file that llama.cpp runs in this process, through llama-cpp-python."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from promptbench.error import ModelError
from promptbench.model.llama_cpp.answer import answer
from promptbench.model.llama_cpp.library import Loaded, library
from promptbench.model.llama_cpp.reader import Reader, ReadingError
from promptbench.model.llama_cpp.vocabulary import Vocabulary
from promptbench.model.llama_cpp.weights import Facts, facts_of, file_of
from promptbench.model.local.row import Ends
from promptbench.model.local.voice import Voice
from promptbench.model.protocol import ModelInfo, Setup, TokenSpan
from promptbench.record import Completion, Encoded, Message, Request, Sampling

# Part of every fingerprint: raised when the same request could come out differently.
ENGINE = "llama.cpp 1"
WINDOW = 2048  # requests that are sorted, so that prompts that begin alike follow each other


class LlamaCppModel:
    """A GGUF behind the Model protocol; its weights are loaded at the first request."""

    def __init__(self, spec: str, setup: Setup) -> None:
        """Look into the file. Raises ModelError."""
        self.path = file_of(spec, setup)
        self.gpu = on_gpu(setup.device)
        self.max_memory = setup.max_memory
        self.vocabulary = Vocabulary(self.path)
        self.info = describe(spec, facts_of(self.path, self.vocabulary), self)

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """See Model."""
        return self.vocabulary.encode(messages)

    def tokens(self, encoded: Encoded) -> list[TokenSpan]:
        """See Model."""
        return self.vocabulary.spans(encoded)

    def room(self, sampling: Sampling) -> int:
        """See Model."""
        if sampling.choice is None:
            return sampling.max_tokens
        words = tuple(word for words in sampling.choice.words for word in words)
        return max(map(len, self.vocabulary.continuations("", " ", words)))

    @cached_property
    def ends(self) -> Ends:
        """What ends an output."""
        known = self.vocabulary
        return Ends(known.end_ids, known.decode, known.continue_with)

    @cached_property
    def reader(self) -> Reader:
        """The weights, loaded when the first request streams."""
        loaded = Loaded(self.path, vocabulary_only=False, gpu=self.gpu)
        return Reader(loaded, self.max_memory)

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """See Model: one after another, each in the steps that it would take alone."""
        waiting = iter(requests)
        while window := list(islice(waiting, WINDOW)):
            self.reader.reserve(max(map(self.need, window)))
            for request in sorted(window, key=lambda one: one.encoded.ids):
                yield [self.completed(request)]

    def completed(self, request: Request) -> Completion:
        """The completion of one request, with an error if llama.cpp could not read it."""
        try:
            return answer(request, self.reader, self.ends).completion()
        except ReadingError as error:
            return Completion(request.key, "", 0, 0, "", 0.0, error=str(error))

    def speak(self, request: Request, hear: Callable[[str], None]) -> Completion:
        """See Speaker."""
        voice = Voice(hear)
        self.reader.reserve(self.need(request))
        try:
            completion = answer(request, self.reader, self.ends, voice.listen).completion()
        except ReadingError as error:
            return Completion(request.key, "", 0, 0, "", 0.0, error=str(error))
        voice.say(completion.text)
        return completion

    def need(self, request: Request) -> int:
        """Tokens that a request may come to."""
        return len(request.encoded.ids) + self.room(request.sampling)

    def release(self) -> None:
        """See Model."""
        reader = self.__dict__.pop("reader", None)
        if reader is not None:
            reader.close()


def on_gpu(device: str) -> bool:
    """Whether the weights go to a GPU: if llama.cpp has one, unless the CPU is asked for.

    Raises ModelError for a GPU that it cannot use.
    """
    able = bool(library().llama_supports_gpu_offload())
    if device == "cuda" and not able:
        raise ModelError(
            "the installed llama-cpp-python was built without a GPU",
            hint="Build it with CMAKE_ARGS=-DGGML_CUDA=on, or give --device cpu.",
        )
    return able and device != "cpu"


def describe(spec: str, facts: Facts, model: LlamaCppModel) -> ModelInfo:
    """What a file is, and what it can do."""
    version = f"llama-cpp-python {library().__version__}"
    device = "gpu" if model.gpu else "cpu"
    identity = hashlib.sha256(f"{facts.digest} {version} {device} {ENGINE}".encode())
    return ModelInfo(
        spec=spec,
        identity=identity.hexdigest(),
        family="decoder-only",
        architecture=facts.architecture,
        parameters=facts.parameters,
        context=facts.context,
        backend="gguf",
        details=(
            ("file", facts.digest),
            ("format", facts.format),
            ("keys and values", "F16"),
            ("device", device),
            ("engine", f"{version}, {ENGINE}"),
            ("prompts", "chat template" if model.vocabulary.template else "plain text"),
        ),
        chooses=not facts.recurrent,
    )
