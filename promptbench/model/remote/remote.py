"""A model behind an API: its spec in; completions, and an error for each that failed, out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from promptbench.error import ModelError
from promptbench.model.protocol import IN_BATCHES, ModelInfo, Setup, TokenSpan
from promptbench.model.remote.address import BATCHES, Address, address_of, key_for
from promptbench.model.remote.anthropic import AnthropicWire
from promptbench.model.remote.chat import ChatWire, CompletionsWire
from promptbench.model.remote.ollama import OllamaWire
from promptbench.model.remote.settings import ServerSettings
from promptbench.model.remote.software import plain_settings
from promptbench.model.remote.wire import Wire
from promptbench.record import Completion, Encoded, Message, Request, Sampling

OLLAMA_CONTEXT = 4096
BETWEEN = "\n\n"


class RemoteModel:
    """A model of a server behind the Model protocol."""

    def __init__(self, spec: str, setup: Setup) -> None:
        """Find the key and say hello, unless the server is known. Raises ModelError."""
        from promptbench.model.remote.client import Client
        from promptbench.model.remote.contact import Book, make_contact, renewed
        from promptbench.model.remote.limit import limits_for
        from promptbench.model.spec import cache_folder

        settings = setup.server
        self.address = address_of(spec)
        self.folder, self.notify, self.fresh = setup.folder, setup.notify, setup.fresh
        if settings.batch and self.address.prefix not in BATCHES:
            raise ModelError(
                f"{spec} has no batch endpoint",
                hint=f"There are batches for {', '.join(BATCHES)}: leave `batch` out for others.",
            )
        self.wire = wire_for(self.address, settings)
        limits = limits_for(settings.requests_per_minute, settings.tokens_per_minute)
        key = key_for(self.address)
        self.client = Client(self.address, self.wire, settings, key, limits, setup.budget)
        self.book = Book(cache_folder() / "servers.json")
        contact = self.book.look_up(self.client)
        if contact is None:
            setup.notify(f"Asking {self.address.host} for {self.address.model} ...")
            contact = make_contact(self.client)
            self.book.note(self.client, contact)
        elif (now := renewed(self.client, contact)) != contact:
            contact = now
            self.book.note(self.client, contact)
        if settings.batch and not contact.batches:
            from promptbench.model.remote.batch.reach import check_reach

            check_reach(self.client)
            contact = replace(contact, batches=True)
            self.book.note(self.client, contact)
        self.client.served = settings.served or contact.served
        software = contact.facts.get("software", "")
        self.client.plain = plain_settings(software)
        self.settings = settings
        parts = [self.address.api, self.address.base, self.address.model, self.client.served]
        parts += [contact.digest, str(context_of(self.wire)), *([software] if software else [])]
        identity = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        self.info = ModelInfo(
            spec=spec,
            identity=identity,
            family="server",
            architecture="",
            parameters=0,
            context=settings.context or context_of(self.wire) or contact.context,
            backend=self.address.prefix,
            details=(
                ("server", self.address.base),
                ("served as", self.client.served),
                *((IN_BATCHES,) if settings.batch else ()),
                *((("weights", contact.digest),) if contact.digest else ()),
                *contact.facts.items(),
            ),
        )

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """See Model. What the server makes of the messages it keeps to itself."""
        if self.address.api == "completions":
            return Encoded(BETWEEN.join(m.text for m in messages), (), 0)
        return Encoded(BETWEEN.join(f"{m.role}: {m.text}" for m in messages), (), 0)

    def tokens(self, encoded: Encoded) -> list[TokenSpan]:
        """See Model: nothing is known of them."""
        return []

    def room(self, sampling: Sampling) -> int:
        """See Model. Raises ModelError for what the API does not know."""
        if problem := self.wire.unable(sampling):
            raise ModelError(
                f"{self.info.spec} cannot be sampled like that: {problem}",
                hint="Take it out of the suite's `sampling:`, or take a model of this process.",
            )
        return sampling.max_tokens

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """See Model: many requests at once, each asked again where that helps."""
        with closing(self.answered(requests)) as batches:
            for batch in batches:
                if any("answered as" in done.error for done in batch):
                    self.book.note(self.client, None)
                yield batch

    def answered(self, requests: Iterable[Request]) -> Generator[list[Completion]]:
        """Answers, one by one or through the service's batch endpoint."""
        if self.settings.batch:
            from promptbench.model.remote.batch.carrier import Batches

            batches = Batches(self.client, self.folder, self.notify, self.fresh)
            yield from batches.stream(requests)
            return
        from promptbench.model.remote.courier import Courier

        with Courier(self.client) as courier:
            yield from courier.stream(requests)

    def speak(self, request: Request, hear: Callable[[str], None]) -> Completion:
        """See Speaker: the pieces are told as the server sends them."""
        from promptbench.model.remote.speak import Talk

        return Talk(self.client, request).run(hear)

    def release(self) -> None:
        """See Model: connections are closed after each stream."""


def wire_for(address: Address, settings: ServerSettings) -> Wire:
    """How the server is spoken to."""
    if address.api == "anthropic":
        return AnthropicWire()
    if address.api == "ollama":
        return OllamaWire(settings.context or OLLAMA_CONTEXT)
    if address.api == "completions":
        return CompletionsWire(settings.context or 0)
    return ChatWire(address.host == "api.openai.com", settings.context or 0)


def context_of(wire: Wire) -> int:
    """The context that a server is told to take, 0 where it is told none."""
    return wire.context if isinstance(wire, OllamaWire) else 0


def open_remote(spec: str, setup: Setup) -> RemoteModel:
    """The opener of all servers."""
    return RemoteModel(spec, setup)
