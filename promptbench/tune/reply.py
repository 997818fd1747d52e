"""A reply as token ids: what the chat template writes behind a prompt, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence

from promptbench.error import DataError
from promptbench.model.local.json_file import read_json
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.record import Encoded, Message
from promptbench.tune.example import end_token, written

# Where a checkpoint names the tokens at which its outputs end; the first that is there counts.
SETTINGS = ("generation_config.json", "config.json")


def reply_ids(
    tokenizer: Tokenizer,
    messages: Sequence[Message],
    encoded: Encoded,
    reply: str,
    ends: frozenset[int],
) -> tuple[int, ...]:
    """A decoder's reply to some messages, which are `encoded`, with the token that ends it.

    Without a chat template, or where that writes the reply in another way than it is asked for,
    the reply follows the prompt as any answer does.
    """
    if tokenizer.has_template and messages[-1].role == "user":
        whole = tokenizer.finished((*messages, Message("assistant", reply)))
        found = first_piece(whole[encoded.tokens :], ends)
        if whole[: encoded.tokens] == encoded.ids and says(tokenizer, found, reply):
            return found
    (words,) = tokenizer.continue_with(encoded, [reply])
    return (*words, end_token(tokenizer))


def first_piece(ids: Sequence[int], ends: frozenset[int]) -> tuple[int, ...]:
    """Some tokens up to the first that ends an output; none if no such token is among them."""
    place = next((place for place, token in enumerate(ids, 1) if token in ends), 0)
    return tuple(ids[:place])


def written_reply(
    tokenizer: Tokenizer,
    messages: Sequence[Message],
    encoded: Encoded,
    reply: str,
    ends: frozenset[int],
) -> tuple[int, ...]:
    """An encoder-decoder's reply; see reply_ids."""
    return written(reply, tokenizer, end_token(tokenizer))


def says(tokenizer: Tokenizer, ids: Sequence[int], reply: str) -> bool:
    """Whether some tokens, of which the last one ends them, are the reply and nothing else."""
    return tokenizer.decode(ids[:-1]).strip() == tokenizer.decode(tokenizer.bare(reply)).strip()


def refuse_end(name: str, ids: Sequence[int], ends: frozenset[int]) -> None:
    """A reply that holds the text of an end token would teach to stop in its middle.

    `ids` are the reply with what ends it. Raises DataError with the turn's `name`.
    """
    if ends.intersection(ids[:-1]):
        what = f"the reply of turn {name} holds the text of a token that ends an output"
        raise DataError(what, hint="Take the special token out of the text.")


def ends_of(tokenizer: Tokenizer) -> frozenset[int]:
    """The tokens at which a run ends an output: the tokenizer's and the generation settings'."""
    found: list[object] = [end_token(tokenizer)]
    for name in SETTINGS:
        path = tokenizer.folder / name
        if path.is_file():
            stated = read_json(path).get("eos_token_id")
            found += stated if isinstance(stated, list) else [stated]
            break
    return frozenset(token for token in found if isinstance(token, int))
