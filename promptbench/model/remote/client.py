"""Ask a server one request: sent, waited for, asked again where that helps; never followed away."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import aiohttp

from promptbench.error import RunError, cut
from promptbench.model.remote.address import Address
from promptbench.model.remote.budget import Budget, about, at_most
from promptbench.model.remote.limit import Limits
from promptbench.model.remote.retry import AGAIN, FATAL, PATIENCE, asked_pause, pause
from promptbench.model.remote.settings import ServerSettings
from promptbench.model.remote.transport import (
    SHOWN,
    TroubleError,
    changed,
    characters,
    decoded,
    explained,
    lines,
    reason_of,
    whole,
)
from promptbench.model.remote.wire import MalformedError, RefusedError, Reply, Wire
from promptbench.record import Completion, Request

FACTS_TIMEOUT = 10.0
LEAST_SECRET = 16
MOST_NAME = 300  # characters of a model's name
MOST_ERROR = 1000  # characters of an error that is stored, of each request anew
UNTOLD = {"prompt_tokens": 0, "completion_tokens": 0}
# The account has no money left: asking again in a minute does not help.
NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached", "credit balance is too low")


@dataclass(slots=True)
class Client:
    """Asks one server for one model. `served` is the name under which it must answer ("" any).

    `plain` goes into each request, so that the server adds no settings of its own.
    """

    address: Address
    wire: Wire
    settings: ServerSettings
    key: str = field(repr=False)
    limits: Limits
    budget: Budget
    served: str = ""
    plain: Mapping[str, Any] = field(default_factory=dict)
    draw: random.Random = field(default_factory=random.Random)

    async def answer(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        hear: Callable[[str], None] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Completion:
        """The completion, with an error if none could be had.

        `hear` is told the name under which the server answers, `tell` the text piece by piece.
        Raises RunError for what no other request could escape: a wrong key, the budget's end.
        """
        price, paid = self.settings.price, 0.0
        for attempt in range(self.settings.retries + 1):
            await self.limits.admit(about(request))
            reserved = at_most(request, price)
            if not self.budget.reserve(reserved):
                raise over(self.budget)
            cost, started = 0.0, time.monotonic()
            try:
                reply = await self.ask(session, request, tell)
                if hear is not None:
                    hear(reply.served)
                cost = self.price_of(reply)
                done = self.completed(request, reply, time.monotonic() - started)
                return replace(done, cost=paid + cost if price else None)
            except TroubleError as trouble:
                # What nobody knows the budget takes for the worst, and the completion leaves out.
                cost = reserved if trouble.cost is None else trouble.cost
                paid += trouble.cost or 0.0
                wait = pause(attempt, trouble.wait, self.draw)
                last = attempt == self.settings.retries
                if last or not trouble.again or wait > PATIENCE:
                    done = self.failed(request, str(trouble), attempt + 1)
                    return replace(done, cost=paid if price else None)
            finally:
                self.budget.settle(reserved, cost)
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns")

    async def ask(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        tell: Callable[[str], None] | None = None,
    ) -> Reply:
        """One try. Raises TroubleError, or RunError for what is wrong with all requests."""
        body = self.body_of(request)
        try:
            if tell is None:
                answer = decoded(await self.post(session, self.wire.path, body))
            else:
                answer = await self.listen(session, self.wire.streamed(body), tell)
        except RefusedError as error:
            raise TroubleError(f"the server gave no answer: {error}", cost=None) from error
        except ValueError as error:
            raise TroubleError(
                f"the server sent no usable answer: {error}", True, cost=None
            ) from error
        return self.understood(answer, request, again=tell is None)

    def body_of(self, request: Request) -> dict[str, Any]:
        """A request as this server is to see it."""
        return self.wire.body(request, self.address.model) | dict(self.plain)

    def understood(self, answer: Any, request: Request, again: bool = False) -> Reply:
        """What an answer says. Raises TroubleError; `again` is whether asking again may help."""
        try:
            reply = self.wire.read(answer, request)
        except (ValueError, TypeError, MalformedError) as error:
            what = f"the server sent no usable answer: {error}"
            raise TroubleError(what, again=again, cost=None) from error
        except RefusedError as error:
            raise TroubleError(f"the server gave no answer: {error}", cost=None) from error
        reply = replace(reply, served=characters(self.without_key(reply.served))[:MOST_NAME])
        if self.served and reply.served != self.served:
            raise TroubleError(
                f"the server answered as {reply.served!r}, not as {self.served!r}: another model's"
                " output is not scored",
                cost=self.price_of(reply),
            )
        return reply

    def price_of(self, reply: Reply) -> float:
        """What a reply cost, 0 where no price is stated."""
        price = self.settings.price
        return price.of(reply.prompt_tokens, reply.output_tokens) if price else 0.0

    async def post(self, session: aiohttp.ClientSession, path: str, body: Any) -> bytes:
        """Send a body; returns the answer. Raises TroubleError, or RunError as `refusal`."""
        async with self.posted(session, path, body) as response:
            return await whole(response)

    async def listen(
        self, session: aiohttp.ClientSession, body: Any, tell: Callable[[str], None]
    ) -> Any:
        """Send a body and tell each piece of the answer as it comes; returns it as if whole.

        What was told cannot be taken back, so nobody is asked again once there was a piece.
        """
        gather, told = self.wire.gather(), False
        try:
            async with self.posted(session, self.wire.path, body) as response:
                async for line in lines(response):
                    if piece := gather.take(decoded(line)):
                        told = True
                        tell(piece)
        except TroubleError as trouble:
            trouble.again = trouble.again and not told
            raise
        except (ValueError, TypeError, MalformedError) as error:
            what = f"the server sent no usable answer: {error}"
            raise TroubleError(what, again=not told, cost=None) from error
        # Not every server counts the tokens of what it streams. Where they cost nothing, 0 will do.
        untold = {} if self.settings.price else {"usage": UNTOLD}
        return untold | gather.answer()

    def posted(
        self, session: aiohttp.ClientSession, path: str, body: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """The response to a body of JSON; see `exchange`."""
        kind = {"Content-Type": "application/json"}
        return self.exchange(session, "POST", path, json.dumps(body).encode(), kind)

    @asynccontextmanager
    async def exchange(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        data: Any = None,
        kind: Mapping[str, str] | None = None,
        long: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response whose status is 200. Raises TroubleError, or RunError as `refusal`.

        Of a `long` body the timeout bounds the silence, not how long all of it takes.
        """
        bound = self.settings.timeout
        limit = aiohttp.ClientTimeout(total=bound)
        if long:
            limit = aiohttp.ClientTimeout(total=None, sock_connect=bound, sock_read=bound)
        try:
            async with session.request(
                method,
                self.address.base + path,
                data=data,
                headers=self.wire.headers(self.key) | dict(kind or {}),
                timeout=limit,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    head = {name.lower(): value for name, value in response.headers.items()}
                    raise self.refusal(response.status, head, await whole(response))
                yield response
        except TimeoutError as error:
            what = f"no answer within {bound:g} s"
            raise TroubleError(what, again=True, cost=None) from error
        except (aiohttp.ClientError, OSError) as error:
            what = f"{self.address.host} cannot be reached, or hung up: {reason_of(error)}"
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            raise TroubleError(what, again=True, cost=None if sent else 0.0) from error

    async def get(self, session: aiohttp.ClientSession, path: str) -> Any:
        """What a server says at a path without the key, None if it says nothing usable."""
        try:
            async with session.get(
                self.address.base + path,
                headers=self.wire.headers(self.key),
                timeout=aiohttp.ClientTimeout(total=FACTS_TIMEOUT),
                allow_redirects=False,
            ) as response:
                found = decoded(await whole(response)) if response.status == 200 else None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, TroubleError):
            return None
        return changed(found, self.without_secret)

    def refusal(self, status: int, head: dict[str, str], raw: bytes) -> Exception:
        """What a status other than 200 means."""
        # Without the key before it is cut, and after an escape of JSON could hide it.
        said = self.without_key(explained(raw))[:SHOWN]
        what = f"{self.address.host} answered {status}{f': {said}' if said else ''}"
        if 300 <= status < 400:
            place = self.without_key(head.get("location", "elsewhere"))[:SHOWN]
            return TroubleError(
                f"{self.address.host} answered {status}: go to {place}; not followed"
            )
        if any(words in said.lower() for words in NO_MONEY):
            return RunError(what, hint="What was answered is stored; the same command continues.")
        if status in FATAL:
            hint = f"Is ${self.address.variable} right, and is the model '{self.address.model}'?"
            return RunError(what, hint=hint)
        return TroubleError(what, again=status in AGAIN, wait=asked_pause(head.get("retry-after")))

    def without_key(self, text: str) -> str:
        """A text without the key, should a server repeat it, also as an address would hold it."""
        for each in (self.key, quote(self.key, safe="")):
            text = text.replace(each, "***") if each else text
        return text

    def without_secret(self, text: str) -> str:
        """What a server says without the key.

        A key of a few letters, as local servers have, is a word that answers are made of.
        """
        return self.without_key(text) if len(self.key) >= LEAST_SECRET else text

    def failed(self, request: Request, why: str, tries: int) -> Completion:
        """A request that nothing came back for."""
        told = f"{why} (after {tries} tries)" if tries > 1 else why
        short = cut(characters(self.without_key(told)), MOST_ERROR)
        return Completion(request.key, "", 0, 0, "", 0.0, error=short)

    def completed(self, request: Request, reply: Reply, seconds: float) -> Completion:
        """A reply as a completion. White space around the text is not part of the answer."""
        text = characters(reply.text.strip())
        safe = self.without_secret(text)
        return Completion(
            key=request.key,
            text=safe,
            prompt_tokens=reply.prompt_tokens,
            output_tokens=reply.output_tokens,
            finish_reason=reply.finish,
            seconds=seconds,
            logprobs=reply.logprobs,
            ends=ends_of(reply.pieces, reply.text, text) if safe == text else (),
        )


def ends_of(pieces: tuple[str, ...], whole: str, text: str) -> tuple[int, ...]:
    """Where each token ends in the stripped text; nothing if the tokens do not make the text."""
    if not pieces or "".join(pieces)[: len(whole)] != whole:
        return ()
    lead, end, ends = len(whole) - len(whole.lstrip()), 0, []
    for piece in pieces:
        end += len(piece)
        ends.append(min(max(end - lead, 0), len(text)))
    return tuple(ends)


def over(budget: Budget) -> RunError:
    """The next request could pass what may be spent."""
    return RunError(
        f"the budget of {budget.most:g} is used up: {budget.spent:.4f} are spent, and one more"
        " request could pass it",
        hint="What was answered is stored. Raise --max-cost, and the same command continues.",
    )
