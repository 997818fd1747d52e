"""Split a text's tokens into windows that an encoder can read, of almost equal length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptbench.error import ModelError
from promptbench.model.local.checkpoint import Checkpoint
from promptbench.model.local.json_file import read_json

SENTENCES = "sentence_bert_config.json"


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens around a window, and how many tokens it has room for with them."""

    begin: tuple[int, ...]
    end: tuple[int, ...]
    room: int

    def windows(self, ids: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """A text's tokens in as few windows as hold them; a text without any is one window too."""
        inner = self.room - len(self.begin) - len(self.end)
        number = max(1, -(-len(ids) // inner))
        for i in range(number):
            part = ids[i * len(ids) // number : (i + 1) * len(ids) // number]
            yield (*self.begin, *part, *self.end)


def frame_of(checkpoint: Checkpoint, inner: Any) -> Frame:
    """What a checkpoint puts around a text, and its limit. `inner` is transformers' tokenizer.

    The limit of a sentence encoder is the one that it was trained for, where it says so in
    sentence_bert_config.json. Raises ModelError if it has no room for a text.
    """
    empty = [int(i) for i in inner("")["input_ids"]]
    first = {inner.cls_token_id, inner.bos_token_id}
    begun = 1 if empty and empty[0] in first else 0
    limits = [limit for limit in (checkpoint.context, stated_limit(checkpoint.folder)) if limit]
    frame = Frame(tuple(empty[:begun]), tuple(empty[begun:]), min(limits, default=512))
    if frame.room <= len(empty):
        raise ModelError(
            f"the model reads {frame.room} tokens at a time, which leaves no room for a text",
            where=str(checkpoint.folder),
            hint="Correct max_position_embeddings or sentence_bert_config.json.",
        )
    return frame


def stated_limit(folder: Path) -> int:
    """The longest text that a sentence encoder was trained for, in tokens; 0 if it says nothing."""
    path = folder / SENTENCES
    found = read_json(path).get("max_seq_length") if path.is_file() else None
    return found if isinstance(found, int) else 0
