"""Where a server is, what it speaks and which key is its own: a spec in, an address out.

A key comes from the environment alone, and belongs to a host: no suite can name another variable,
or send a key to a host that it was not made for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from promptbench.error import ModelError

Api = Literal["chat", "completions", "ollama", "anthropic"]

PREFIXES: Mapping[str, tuple[Api, str]] = {
    "openai": ("chat", "https://api.openai.com/v1"),
    "completions": ("completions", ""),
    "gemini": ("chat", "https://generativelanguage.googleapis.com/v1beta/openai"),
    "ollama": ("ollama", "http://127.0.0.1:11434"),
    "anthropic": ("anthropic", "https://api.anthropic.com/v1"),
}
BATCHES = ("openai", "completions", "anthropic")  # prefixes whose APIs have a batch endpoint
KEYS = {
    "api.openai.com": "OPENAI_API_KEY",
    "api.anthropic.com": "ANTHROPIC_API_KEY",
    "generativelanguage.googleapis.com": "GEMINI_API_KEY",
}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SPEC = re.compile(r"(?P<model>[^@\s]+?)(?:@(?P<base>https?://\S+))?")
FORM = "For example openai:gpt-4.1-mini, or openai:NAME@http://127.0.0.1:8000/v1."


@dataclass(frozen=True, slots=True)
class Address:
    """A model of a server. `base` is the URL that an API's paths are added to."""

    prefix: str
    api: Api
    model: str
    base: str

    @property
    def host(self) -> str:
        """The host, with its port where the URL has one."""
        return urlsplit(self.base).netloc.lower()

    @property
    def local(self) -> bool:
        """Whether what is sent stays on this machine."""
        return (urlsplit(self.base).hostname or "") in LOOPBACK

    @property
    def variable(self) -> str:
        """The environment variable that holds this host's key."""
        plain = re.sub("[^A-Z0-9]+", "_", self.host.upper()).strip("_")
        return KEYS.get(self.host, f"PROMPTBENCH_KEY_{plain}")


def address_of(spec: str) -> Address:
    """The address that a spec such as `openai:NAME@URL` means. Raises ModelError."""
    prefix, _, rest = spec.partition(":")
    api, base = PREFIXES[prefix]
    found = SPEC.fullmatch(rest)
    if found is None:
        raise ModelError(f"'{without_secrets(spec)}' is no model of a server", hint=FORM)
    base = (found["base"] or base).rstrip("/")
    if not base:
        raise ModelError(f"'{spec}' does not say where the server is", hint=FORM)
    parts = urlsplit(base)
    try:
        known = (parts.hostname and parts.port is not None) or parts.hostname
    except ValueError:
        known = None
    if not known or parts.username or parts.password or parts.query or parts.fragment:
        hint = f"{FORM} A key goes into the environment."
        raise ModelError(f"'{without_secrets(base)}' is no usable URL of a server", hint=hint)
    return Address(prefix, api, found["model"], base)


def without_secrets(url: str) -> str:
    """An address that may be shown: a user and a query, where keys would stand, are left out."""
    return re.sub(r"(?<=[?#]).*", "***", re.sub(r"(?<=//)\S*@", "***@", url))


def key_for(address: Address) -> str:
    """The host's key, "" if the environment has none. Raises ModelError.

    A hosted service needs one, and none is ever sent over an open line.
    """
    key = os.environ.get(address.variable, "").strip()
    if not key and address.host in KEYS:
        raise ModelError(
            f"{address.host} wants a key, and ${address.variable} is not set",
            hint=f"export {address.variable}=...; promptbench stores it nowhere.",
        )
    if key and not (key.isascii() and key.isprintable()):
        raise ModelError(f"${address.variable} holds characters that no key has")
    if key and address.base.startswith("http:") and not address.local:
        raise ModelError(
            f"the key for {address.host} would go over an unencrypted line",
            hint="Use https:, or unset the key.",
        )
    return key
