"""Turn messages into exactly the text and token ids that a local model sees, and ids into text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from promptbench.error import ModelError, first_line
from promptbench.model.chat_template import ChatTemplate
from promptbench.model.local.json_file import read_json
from promptbench.model.protocol import TokenSpan
from promptbench.record import Encoded, Message

# Between messages, for a model without a chat template.
BETWEEN = "\n\n"

# Characters of a prompt's end that can decide how a word after it falls into tokens.
TAIL = 64

# Names of the class that reads tokenizer.json as it is.
GENERAL = ("PreTrainedTokenizerFast", "TokenizersBackend")


class Tokenizer:
    """A checkpoint's tokenizer, and its chat template if it `has_template`."""

    def __init__(self, folder: Path) -> None:
        """Load it. Raises ModelError if it is damaged."""
        from transformers import logging

        logging.set_verbosity_error()
        try:
            self.inner: Any = kind_of(folder).from_pretrained(str(folder), trust_remote_code=False)
            empty = self.inner("")["input_ids"]  # a setting may be of a wrong kind
        except Exception as error:  # tokenizers raises a bare Exception for a broken file
            raise ModelError(
                f"the tokenizer cannot be loaded: {first_line(error)}",
                where=str(folder),
                hint="Copy the checkpoint's tokenizer files again.",
            ) from error
        self.folder = folder
        self.has_template = bool(self.inner.chat_template)
        begin = self.inner.bos_token_id
        self.begin: int | None = begin
        self.adds_begin = begin is not None and begin in empty[:1]

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """The prompt with its special tokens, ending where the answer begins.

        Raises ModelError if the chat template refuses the messages (an order or a role that the
        model was not trained for).
        """
        text = self.text(messages)
        ids = tuple(self.ids(text))
        return Encoded(text, ids, len(ids))

    def text(self, messages: Sequence[Message]) -> str:
        """The messages in the model's chat template, or joined by blank lines if it has none."""
        if not self.has_template:
            return BETWEEN.join(m.text for m in messages)
        return self.template.render(messages)

    def finished(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Token ids of a dialogue whose last message is a whole answer, with what ends it.

        For a tokenizer with a chat template. Raises ModelError as `encode` does.
        """
        return tuple(self.ids(self.template.finished(messages)))

    @cached_property
    def template(self) -> ChatTemplate:
        """The chat template. Raises ModelError if it is broken."""
        try:
            source = self.inner.get_chat_template()
        except ValueError as error:  # several, and none is the default
            what = f"no chat template can be chosen: {first_line(error)}"
            raise ModelError(what, where=str(self.folder)) from error
        return ChatTemplate(source, self.inner.special_tokens_map, self.folder)

    def ids(self, text: str) -> list[int]:
        """Token ids of a prompt's text, with exactly one beginning-of-sequence token if it has one.

        A chat template writes its special tokens itself; a plain prompt gets the tokenizer's.
        """
        found = [
            int(i) for i in self.inner(text, add_special_tokens=not self.has_template)["input_ids"]
        ]
        if self.adds_begin and self.begin is not None:
            while found[1:2] == [self.begin] and found[0] == self.begin:
                found.pop(0)
            if found[:1] != [self.begin]:
                found.insert(0, self.begin)
        return found

    def spans(self, encoded: Encoded) -> list[TokenSpan]:
        """The prompt token by token, with the characters that each covers."""
        found = self.inner(
            encoded.text, add_special_tokens=not self.has_template, return_offsets_mapping=True
        )
        offsets = list(found["offset_mapping"])
        offsets = [(0, 0)] * (len(encoded.ids) - len(offsets)) + offsets
        offsets = offsets[len(offsets) - len(encoded.ids) :]
        special = set(self.inner.all_special_ids)
        tokens = self.inner.convert_ids_to_tokens(list(encoded.ids))
        return [
            TokenSpan(encoded.text[a:b] if b > a else str(token), int(a), int(b), number in special)
            for number, token, (a, b) in zip(encoded.ids, tokens, offsets, strict=True)
        ]

    def continue_with(self, encoded: Encoded, words: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of each word as the model would write it after the prompt.

        Raises ModelError for a word that the tokenizer makes nothing of.
        """
        gap = "" if self.has_template or encoded.text[-1:].isspace() else " "
        return list(self.continuations(encoded.text[-TAIL:], gap, tuple(words)))

    @lru_cache(maxsize=1024)  # noqa: B019 - a tokenizer lives as long as its model
    def continuations(
        self, before: str, gap: str, words: tuple[str, ...]
    ) -> tuple[tuple[int, ...], ...]:
        """See `continuations`."""
        return continuations(self.bare, before, gap, words)

    def bare(self, text: str) -> list[int]:
        """Token ids of a piece of text, without special tokens of the tokenizer's own."""
        return [int(i) for i in self.inner(text, add_special_tokens=False)["input_ids"]]

    def decode(self, ids: Sequence[int]) -> str:
        """Generated ids as text, without special tokens, spaces as the model wrote them."""
        return str(
            self.inner.decode(
                list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )


def continuations(
    ids_of: Callable[[str], list[int]], before: str, gap: str, words: Sequence[str]
) -> tuple[tuple[int, ...], ...]:
    """The tokens that each word adds to a text, behind a gap.

    Where the last token of the text would be another with the word behind it, the word is
    written for itself: the prompt's tokens stay as they are. `ids_of` adds no special tokens.
    Raises ModelError for a word that it makes nothing of.
    """
    begun = ids_of(before)
    found = []
    for word in words:
        whole = ids_of(before + gap + word)
        joined = whole[: len(begun)] == begun
        tokens = tuple(whole[len(begun) :] if joined else ids_of(gap + word))
        if not tokens:
            raise ModelError(f"the tokenizer makes no token of the label word {word!r}")
        found.append(tokens)
    return tuple(found)


def kind_of(folder: Path) -> Any:
    """The class to load a tokenizer with.

    Where the folder names none but the general one, AutoTokenizer would only find that out after
    importing the model's code and torch, which takes three seconds.
    """
    path = folder / "tokenizer_config.json"
    named = read_json(path).get("tokenizer_class") if path.is_file() else None
    if named in GENERAL and (folder / "tokenizer.json").is_file():
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast
    from transformers import AutoTokenizer

    return AutoTokenizer
