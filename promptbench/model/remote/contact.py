"""The first word with a server: is it there, and which model answers?

One request of one token tells the name under which a model answers, which is part of its identity:
"gpt-4.1-mini" may be another model tomorrow. The name is kept in the user's cache, so that a run
whose outputs are all stored needs no server. Under a name of Ollama's other weights may lie
tomorrow: so it is asked for their digest each time that it can be reached.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from promptbench.disk import write_whole
from promptbench.error import ModelError, RunError, choices
from promptbench.model.remote.address import KEYS
from promptbench.model.remote.client import Client
from promptbench.model.remote.software import software_of
from promptbench.model.remote.wire import MOST_TOKENS
from promptbench.record import Encoded, Message, Request, Sampling

TOKENS = 1
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Contact:
    """What a server says of a model: the name it answers under, its context, a weights' digest.

    `batches` says that its batch endpoint was seen.
    """

    served: str
    context: int = 0
    digest: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    batches: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """The contacts that were made, in a file of the user's cache."""

    path: Path

    def look_up(self, client: Client) -> Contact | None:
        """What is known of a model; None for one that was never asked, or a damaged file."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))[entry_of(client)]
            return Contact(**found)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def note(self, client: Client, contact: Contact | None) -> None:
        """Write a contact down, or forget it."""
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        known.pop(entry_of(client), None)
        if contact is not None:
            known[entry_of(client)] = asdict(contact)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, json.dumps(known, indent=1, sort_keys=True))


def entry_of(client: Client) -> str:
    """The name of a model in the book: where it is and what it is called there, not the key."""
    address = client.address
    text = json.dumps([address.api, address.base, address.model])
    return f"{address.model} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def make_contact(client: Client) -> Contact:
    """Ask a server for one token. Raises ModelError that says what to do.

    In a thread of its own: the caller's may have an event loop, as a notebook's has.
    """
    try:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(first_words(client))).result()
    except RunError as error:
        raise ModelError(error.what, hint=error.hint) from error


def renewed(client: Client, contact: Contact) -> Contact:
    """A contact from the book with the digest that the weights have now, where a server tells."""
    if client.address.api != "ollama":
        return contact
    with ThreadPoolExecutor(1) as thread:
        _, digest, facts = thread.submit(lambda: asyncio.run(weights_now(client))).result()
    return replace(contact, digest=digest, facts=facts) if digest else contact


async def weights_now(client: Client) -> tuple[int, str, dict[str, str]]:
    """What Ollama tells of a model, over a connection of its own."""
    import aiohttp

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await about_ollama(client, session)


async def first_words(client: Client) -> Contact:
    """The contact, over a connection of its own."""
    import aiohttp

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        message = Message("user", "Hello")
        encoded = Encoded(f"user: {message.text}", (), 0)
        request = Request("first words", (message,), encoded, Sampling(max_tokens=TOKENS))
        served = ""

        def hear(name: str) -> None:
            nonlocal served
            served = name

        done = await client.answer(session, request, hear)
        if done.error:
            raise ModelError(
                f"{client.address.model} gives no answer: {done.error}",
                hint=f"Is the server at {client.address.base} running, and has it this model?",
            )
        if client.address.api == "ollama":
            return Contact(served, *await about_ollama(client, session))
        context = await context_of(client, session, served)
        hosted = client.address.host in KEYS
        known = "" if hosted else software_of(await client.get(session, "/../openapi.json"))
        return Contact(served, context, facts={"software": known} if known else {})


async def context_of(client: Client, session: Any, served: str) -> int:
    """The model's context, as the server lists it; 0 where it does not tell.

    Raises ModelError for a model that it answers for and does not have.
    """
    listed = await client.get(session, "/models")
    found = listed.get("data") if isinstance(listed, dict) else None
    models = {str(one.get("id")): one for one in found or () if isinstance(one, dict)}
    refuse_unlisted(client.address.model, served, models)
    one = models.get(client.address.model, {})
    meta: Any = one.get("meta") if isinstance(one.get("meta"), dict) else {}
    context = one.get("max_model_len") or meta.get("n_ctx") or 0
    is_count = isinstance(context, int) and not isinstance(context, bool)
    return context if is_count and 0 < context <= MOST_TOKENS else 0


def refuse_unlisted(name: str, served: str, listed: Collection[str]) -> None:
    """Some servers answer to any name, and repeat it: so a slip would go unnoticed.

    A list may have the name with something in front or behind ("models/x", "x:latest").
    """
    near = (one == name or one.endswith(f"/{name}") or one.startswith(f"{name}:") for one in listed)
    if listed and served == name and not any(near):
        raise ModelError(
            f"the server answers as '{name}', but it has no such model: it answers to any name",
            hint=choices(name, listed, "It has"),
        )


async def about_ollama(client: Client, session: Any) -> tuple[int, str, dict[str, str]]:
    """Ollama tells the digest of a model's weights, and how they are quantised."""
    listed = await client.get(session, "/api/tags")
    for one in listed.get("models", ()) if isinstance(listed, dict) else ():
        names = {one.get("name"), one.get("model")} if isinstance(one, dict) else set()
        if names & {client.address.model, f"{client.address.model}:latest"}:
            details = one.get("details") if isinstance(one.get("details"), dict) else {}
            facts = {k: str(details[k]) for k in ("family", "parameter_size") if k in details}
            if "quantization_level" in details:
                facts["quantization"] = str(details["quantization_level"])
            return 0, str(one.get("digest", "")), facts
    return 0, "", {}
