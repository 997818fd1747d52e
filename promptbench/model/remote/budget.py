"""Money: what was spent, and whether one more request could pass what may be spent."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from promptbench.model.remote.settings import Price
from promptbench.record import Request

# A token is a byte at least, and every message costs a few tokens of its own.
TOKENS_A_MESSAGE = 16


@dataclass(slots=True)
class Budget:
    """What a run may cost, over all its servers. None is no bound.

    What a request could cost at most is reserved before it is sent, so the bound is never passed.
    """

    most: float | None = None
    spent: float = 0.0
    reserved: float = 0.0
    lock: Lock = field(default_factory=Lock, repr=False)

    def reserve(self, amount: float) -> bool:
        """Set an amount aside; False if what is spent and set aside could pass the bound."""
        with self.lock:
            if self.most is not None and self.spent + self.reserved + amount > self.most:
                return False
            self.reserved += amount
            return True

    def owe(self, amount: float) -> None:
        """Set aside what can no longer be refused: it was sent before."""
        with self.lock:
            self.reserved += amount

    def settle(self, reserved: float, cost: float) -> None:
        """Replace what was set aside by what it came to."""
        with self.lock:
            self.reserved -= reserved
            self.spent += cost


def at_most(request: Request, price: Price | None) -> float:
    """What a request can cost, in the price's currency: every byte a token, all output used."""
    if price is None:
        return 0.0
    read = sum(len(m.text.encode()) + TOKENS_A_MESSAGE for m in request.messages)
    return price.of(read, request.sampling.max_tokens)


def about(request: Request) -> int:
    """Tokens that a request will come to, roughly: four characters a token, all output used."""
    characters = sum(len(m.text) for m in request.messages)
    return characters // 4 + request.sampling.max_tokens
