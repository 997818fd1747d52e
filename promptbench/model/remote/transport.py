"""Bytes to a server and back: what goes wrong with a try, bodies with an end, errors in words."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from promptbench.suite.table import MAX_DEPTH, refuse_bulk

MOST_BYTES = 32 * 1024 * 1024
SHOWN = 300
HALF = re.compile("[\ud800-\udfff]")


class TroubleError(Exception):
    """A try that failed; `again` says whether another may do better, `wait` after how long.

    `cost` is what it cost all the same, None where nobody knows: the server may have written an
    answer that did not come through.
    """

    def __init__(
        self,
        what: str,
        again: bool = False,
        wait: float | None = None,
        cost: float | None = 0.0,
    ) -> None:
        """`what` is for the completion's error."""
        super().__init__(what)
        self.again = again
        self.wait = wait
        self.cost = cost


async def whole(response: aiohttp.ClientResponse) -> bytes:
    """All of a response's body. Raises TroubleError for one without an end."""
    raw = await response.content.read(MOST_BYTES + 1)
    while raw and len(raw) <= MOST_BYTES and not response.content.at_eof():
        raw += await response.content.read(MOST_BYTES + 1 - len(raw))
    if len(raw) > MOST_BYTES:
        raise TroubleError(f"the answer is longer than {MOST_BYTES:,} bytes", cost=None)
    return raw


async def lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The objects of a body that comes line by line, bare or as the data of server-sent events.

    Raises TroubleError for a body without an end.
    """
    held, taken = b"", 0
    while chunk := await response.content.readany():
        taken += len(chunk)
        if taken > MOST_BYTES:
            raise TroubleError(f"the answer is longer than {MOST_BYTES:,} bytes", cost=None)
        *full, held = (held + chunk).split(b"\n")
        for line in full:
            data = line.strip().removeprefix(b"data:").strip()
            if data.startswith(b"{"):
                yield data
    if held.strip():
        yield held.strip()


def decoded(raw: bytes) -> Any:
    """What a body or a line of JSON says.

    Raises ValueError for what is none, and for more or deeper values than could be gone through.
    """
    try:
        value = json.loads(raw)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        refuse_bulk(value)
    return value


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """A value out of JSON with every text in it changed, names as well."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): changed(held, change) for name, held in value.items()}
    return [changed(held, change) for held in value] if isinstance(value, list) else value


def explained(raw: bytes) -> str:
    """The message of a server's error. It may be long, and hold the key."""
    try:
        value = decoded(raw)
    except ValueError:
        value = raw.decode("utf-8", "replace")
    for key in ("error", "message", "detail"):
        if isinstance(value, dict) and key in value:
            inner = value[key]
            code = inner.get("code") if isinstance(inner, dict) else None
            value = inner if not code else f"{inner.get('message', '')} [{code}]"
    if isinstance(value, dict):
        value = value.get("message", value)
    return " ".join(str(value).split())


def characters(text: str) -> str:
    """A text with a mark for each half of a character, which JSON can hold and UTF-8 cannot."""
    return HALF.sub("\N{REPLACEMENT CHARACTER}", text)


def reason_of(error: BaseException) -> str:
    """An error in a few words."""
    return (str(error) or type(error).__name__)[:SHOWN]
