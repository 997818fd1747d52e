"""Say which characters of an output each token wrote: tokens and text in, ends out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]


def token_ends(decode: Decode, tokens: Sequence[int], whole: str) -> tuple[int, ...]:
    """Where in an answer each token ends: in characters of `whole` without white space around it.

    `whole` is what the tokens decode to, or a beginning of it where a stop string cut it. The ends
    never fall, and the last is the answer's length. A character of several tokens is written by
    the last of them, for before that the tokens decode to a replacement character.
    """
    answer = whole.strip()
    lead = len(whole) - len(whole.lstrip())
    found, reached = [], 0
    for count in range(1, len(tokens) + 1):
        reached = common(decode(tokens[:count]), whole, reached)
        found.append(min(max(reached - lead, 0), len(answer)))
    if found:
        found[-1] = len(answer)
    return tuple(found)


def common(part: str, whole: str, known: int) -> int:
    """How far two texts are the same; `known` if that is less than `known` characters."""
    if not part.startswith(whole[:known]):
        return known
    while known < min(len(part), len(whole)) and part[known] == whole[known]:
        known += 1
    return known
