"""A GGUF's vocabulary: text into exactly the token ids that llama.cpp makes of it, and back."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from promptbench.model.chat_template import ChatTemplate
from promptbench.model.llama_cpp.library import Loaded, library
from promptbench.model.local.tokenizer import BETWEEN, TAIL, continuations
from promptbench.model.protocol import TokenSpan
from promptbench.record import Encoded, Message

PIECE = 64  # bytes that nearly every token fits in


class Vocabulary:
    """The file without its weights, which takes a tenth of a second to load."""

    def __init__(self, path: Path) -> None:
        """Load it. Raises ModelError for what llama.cpp cannot read."""
        self.path = path
        self.loaded = Loaded(path, vocabulary_only=True)
        self.pointer = library().llama_model_get_vocab(self.loaded.pointer)
        self.size = int(library().llama_vocab_n_tokens(self.pointer))

    @cached_property
    def template(self) -> ChatTemplate | None:
        """The chat template, None for a model without one. Raises ModelError for a broken one."""
        source = library().llama_model_chat_template(self.loaded.pointer, None)
        if not source:
            return None
        tokens = {
            "bos_token": self.written(library().llama_vocab_bos(self.pointer)),
            "eos_token": self.written(library().llama_vocab_eos(self.pointer)),
        }
        return ChatTemplate(source.decode("utf-8", "replace"), tokens, self.path)

    @cached_property
    def end_ids(self) -> frozenset[int]:
        """The tokens with which a model may end an answer."""
        is_end = library().llama_vocab_is_eog
        return frozenset(token for token in range(self.size) if is_end(self.pointer, token))

    @cached_property
    def begin(self) -> int | None:
        """The token that every prompt begins with, None where the file asks for none."""
        if not library().llama_vocab_get_add_bos(self.pointer):
            return None
        return int(library().llama_vocab_bos(self.pointer))

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """The prompt with its special tokens, ending where the answer begins.

        Raises ModelError if the chat template refuses the messages.
        """
        if self.template is None:
            text = BETWEEN.join(message.text for message in messages)
        else:
            text = self.template.render(messages)
        ids = tuple(self.ids(text))
        return Encoded(text, ids, len(ids))

    def ids(self, text: str) -> list[int]:
        """Token ids of a prompt's text, with exactly one beginning-of-sequence token if it has one.

        A special token is one wherever it is written, as in transformers.
        """
        found = self.bare(text)
        if self.begin is not None:
            while found[:1] == [self.begin]:
                found.pop(0)
            found.insert(0, self.begin)
        return found

    def bare(self, text: str) -> list[int]:
        """Token ids of a piece of text, without special tokens that are not written in it."""
        raw = text.encode()
        room = len(raw) + 8  # a token is a byte at least, but for a space in front
        tokens = (library().llama_token * room)()
        count = library().llama_tokenize(self.pointer, raw, len(raw), tokens, room, False, True)
        return list(tokens[:count])

    def decode(self, ids: Sequence[int]) -> str:
        """Generated ids as text, without special tokens."""
        return b"".join(self.piece(token, False) for token in ids).decode("utf-8", "replace")

    def written(self, token: int) -> str:
        """A token as it is written, special or not; "" for what is none."""
        return self.piece(token, True).decode("utf-8", "replace") if token >= 0 else ""

    @lru_cache(maxsize=100_000)  # noqa: B019 - a vocabulary lives as long as its model
    def piece(self, token: int, special: bool) -> bytes:
        """The bytes that a token stands for; of a special one only if they are asked for."""
        room = PIECE
        while True:
            buffer = ctypes.create_string_buffer(room)
            count = library().llama_token_to_piece(self.pointer, token, buffer, room, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            room = -count

    def spans(self, encoded: Encoded) -> list[TokenSpan]:
        """The prompt token by token, with the characters that each covers.

        A token that the text does not have (a beginning-of-sequence token, a space in front)
        covers none.
        """
        raw = encoded.text.encode()
        # The number of the character that each byte belongs to.
        character = np.cumsum(np.frombuffer(raw, np.uint8) & 0xC0 != 0x80) - 1
        found, place = [], 0
        for token in encoded.ids:
            piece = self.piece(token, True)
            if not raw.startswith(piece, place):
                piece = piece.removeprefix(b" ")
            special = bool(library().llama_vocab_is_control(self.pointer, token))
            if not piece or not raw.startswith(piece, place):
                here = int(character[place]) if place < len(raw) else len(encoded.text)
                found.append(TokenSpan(self.written(token), here, here, special))
                continue
            start, end = int(character[place]), int(character[place + len(piece) - 1]) + 1
            place += len(piece)
            found.append(TokenSpan(encoded.text[start:end], start, end, special))
        return found

    def continue_with(self, encoded: Encoded, words: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of each word as the model would write it after the prompt.

        Raises ModelError for a word that is no token.
        """
        templated = self.template is not None
        gap = "" if templated or encoded.text[-1:].isspace() else " "
        return list(self.continuations(encoded.text[-TAIL:], gap, tuple(words)))

    @lru_cache(maxsize=1024)  # noqa: B019 - see above
    def continuations(
        self, before: str, gap: str, words: tuple[str, ...]
    ) -> tuple[tuple[int, ...], ...]:
        """See tokenizer.continuations."""
        return continuations(self.bare, before, gap, words)

    def fact(self, key: str) -> str:
        """What the file's metadata says under a key, "" if nothing."""
        room = 256
        buffer = ctypes.create_string_buffer(room)
        found = library().llama_model_meta_val_str(self.loaded.pointer, key.encode(), buffer, room)
        return buffer.value.decode("utf-8", "replace") if found >= 0 else ""
