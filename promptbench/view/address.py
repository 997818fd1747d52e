"""Read the target of a request: which page is asked for, or None where there is no such page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode

Page = Literal["runs", "live", "run", "compare"]

PLAIN: dict[str, Page] = {"/": "runs", "/live": "live", "/compare": "compare"}
RUN = re.compile(r"/run/([^/]+)")
FIELDS = 8


@dataclass(frozen=True, slots=True)
class Address:
    """A page, the run or the two runs that it is about, and a token if one was given."""

    page: Page
    run: str = ""
    first: str = ""
    second: str = ""
    token: str | None = None

    def path(self) -> str:
        """The address on this server, without the token.

        It is ASCII, with one slash first: a browser takes two for another server.
        """
        if self.page == "run":
            return f"/run/{quote(self.run, safe='')}"
        if self.page == "compare":
            return f"/compare?{urlencode({'a': self.first, 'b': self.second})}"
        return "/" if self.page == "runs" else f"/{self.page}"


def read_address(target: str) -> Address | None:
    """Take a target apart. Ids stay text to look up; nothing of them is ever a path."""
    path, _, query = target.partition("?")
    try:
        fields = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=FIELDS)
        found = RUN.fullmatch(path)
        run = unquote(found[1], errors="strict") if found else ""
    except ValueError:  # bytes that are no UTF-8, or too many fields
        return None
    words = dict(fields)
    if len(words) < len(fields) or (not found and path not in PLAIN):
        return None
    return Address(
        "run" if found else PLAIN[path],
        run,
        words.get("a", ""),
        words.get("b", ""),
        words.get("token"),
    )
