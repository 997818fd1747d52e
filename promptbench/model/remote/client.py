"""Ask a server one request: sent, waited for, asked again where that helps; never followed away."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from promptbench.error import RunError
from promptbench.model.remote.address import Address
from promptbench.model.remote.budget import Budget, about, at_most
from promptbench.model.remote.limit import Limits
from promptbench.model.remote.retry import AGAIN, FATAL, PATIENCE, asked_pause, pause
from promptbench.model.remote.settings import ServerSettings
from promptbench.model.remote.wire import MalformedError, RefusedError, Reply, Wire
from promptbench.record import Completion, Request

MOST_BYTES = 32 * 1024 * 1024
SHOWN = 300
FACTS_TIMEOUT = 10.0
# The account has no money left: asking again in a minute does not help.
NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached", "credit balance is too low")


class TroubleError(Exception):
    """A try that failed; `again` says whether another may do better, `wait` after how long."""

    def __init__(self, what: str, again: bool = False, wait: float | None = None) -> None:
        """`what` is for the completion's error."""
        super().__init__(what)
        self.again = again
        self.wait = wait


@dataclass(slots=True)
class Client:
    """Asks one server for one model. `served` is the name under which it must answer ("" any)."""

    address: Address
    wire: Wire
    settings: ServerSettings
    key: str
    limits: Limits
    budget: Budget
    served: str = ""
    draw: random.Random = field(default_factory=random.Random)

    async def answer(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        hear: Callable[[str], None] | None = None,
    ) -> Completion:
        """The completion, with an error if none could be had.

        `hear` is told the name under which the server answers. Raises RunError for what no other
        request could escape: a wrong key, the budget's end.
        """
        price = self.settings.price
        for attempt in range(self.settings.retries + 1):
            await self.limits.admit(about(request))
            reserved = at_most(request, price)
            if not self.budget.reserve(reserved):
                raise over(self.budget)
            cost, started = 0.0, time.monotonic()
            try:
                reply = await self.ask(session, request)
                if hear is not None:
                    hear(reply.served)
                cost = price.of(reply.prompt_tokens, reply.output_tokens) if price else 0.0
                return self.completed(request, reply, time.monotonic() - started)
            except TroubleError as trouble:
                wait = pause(attempt, trouble.wait, self.draw)
                last = attempt == self.settings.retries
                if last or not trouble.again or wait > PATIENCE:
                    return failed(request, str(trouble), attempt + 1)
            finally:
                self.budget.settle(reserved, cost)
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns")

    async def ask(self, session: aiohttp.ClientSession, request: Request) -> Reply:
        """One try. Raises TroubleError, or RunError for what is wrong with all requests."""
        body = self.wire.body(request, self.address.model)
        status, head, raw = await self.post(session, self.wire.path, body)
        if status != 200:
            raise self.refusal(status, head, raw)
        try:
            answer = json.loads(raw)
            reply = self.wire.read(answer, request)
        except (ValueError, TypeError, MalformedError) as error:
            raise TroubleError(f"the server sent no usable answer: {error}", again=True) from error
        except RefusedError as error:
            raise TroubleError(f"the server gave no answer: {error}") from error
        if self.served and reply.served != self.served:
            raise TroubleError(
                f"the server answered as {reply.served!r}, not as {self.served!r}: another model's"
                " output is not scored"
            )
        return reply

    async def post(
        self, session: aiohttp.ClientSession, path: str, body: Any
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a body; returns status, the head's fields and the answer. Raises TroubleError."""
        try:
            async with session.post(
                self.address.base + path,
                data=json.dumps(body).encode(),
                headers=self.wire.headers(self.key) | {"Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=self.settings.timeout),
                allow_redirects=False,
            ) as response:
                raw = await response.content.read(MOST_BYTES + 1)
                while raw and len(raw) <= MOST_BYTES and not response.content.at_eof():
                    raw += await response.content.read(MOST_BYTES + 1 - len(raw))
                if len(raw) > MOST_BYTES:
                    raise TroubleError(f"the answer is longer than {MOST_BYTES:,} bytes")
                head = {name.lower(): value for name, value in response.headers.items()}
                return response.status, head, raw
        except TimeoutError as error:
            what = f"no answer within {self.settings.timeout:g} s"
            raise TroubleError(what, again=True) from error
        except (aiohttp.ClientError, OSError) as error:
            what = f"{self.address.host} cannot be reached, or hung up: {reason_of(error)}"
            raise TroubleError(what, again=True) from error

    async def get(self, session: aiohttp.ClientSession, path: str) -> Any:
        """What a server says at a path, None if it says nothing usable."""
        try:
            async with session.get(
                self.address.base + path,
                headers=self.wire.headers(self.key),
                timeout=aiohttp.ClientTimeout(total=FACTS_TIMEOUT),
                allow_redirects=False,
            ) as response:
                raw = await response.content.read(MOST_BYTES)
                return json.loads(raw) if response.status == 200 else None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None

    def refusal(self, status: int, head: dict[str, str], raw: bytes) -> Exception:
        """What a status other than 200 means."""
        said = self.without_key(explained(raw))
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
        """A text without the key, should a server repeat it."""
        return text.replace(self.key, "***") if self.key else text

    def completed(self, request: Request, reply: Reply, seconds: float) -> Completion:
        """A reply as a completion. White space around the text is not part of the answer."""
        text = reply.text.strip()
        return Completion(
            key=request.key,
            text=text,
            prompt_tokens=reply.prompt_tokens,
            output_tokens=reply.output_tokens,
            finish_reason=reply.finish,
            seconds=seconds,
            logprobs=reply.logprobs,
            ends=ends_of(reply.pieces, reply.text, text),
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


def failed(request: Request, why: str, tries: int) -> Completion:
    """A request that nothing came back for."""
    told = f"{why} (after {tries} tries)" if tries > 1 else why
    return Completion(request.key, "", 0, 0, "", 0.0, error=told)


def over(budget: Budget) -> RunError:
    """The next request could pass what may be spent."""
    return RunError(
        f"the budget of {budget.most:g} is used up: {budget.spent:.4f} are spent, and one more"
        " request could pass it",
        hint="What was answered is stored. Raise --max-cost, and the same command continues.",
    )


def explained(raw: bytes) -> str:
    """The message of a server's error, shortened."""
    try:
        value = json.loads(raw)
    except ValueError:
        value = raw.decode("utf-8", "replace")
    for key in ("error", "message", "detail"):
        if isinstance(value, dict) and key in value:
            inner = value[key]
            code = inner.get("code") if isinstance(inner, dict) else None
            value = inner if not code else f"{inner.get('message', '')} [{code}]"
    if isinstance(value, dict):
        value = value.get("message", value)
    return " ".join(str(value).split())[:SHOWN]


def reason_of(error: BaseException) -> str:
    """An error in a few words."""
    return (str(error) or type(error).__name__)[:SHOWN]
