"""How a training is followed while it goes on."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    """Is told how a training goes on."""

    def note(self, message: str) -> None:
        """A long step begins, or something is known that its reader wants to know."""
        ...

    def planned(self, steps: int, done: int) -> None:
        """The training has `steps` steps in all, of which `done` were done before."""
        ...

    def stepped(self, step: int, loss: float) -> None:
        """Step number `step` is done; `loss` is its mean cross-entropy in nats a token."""
        ...


class Silent:
    """Follows a training and tells nobody."""

    def note(self, message: str) -> None:
        """See Watcher."""

    def planned(self, steps: int, done: int) -> None:
        """See Watcher."""

    def stepped(self, step: int, loss: float) -> None:
        """See Watcher."""
