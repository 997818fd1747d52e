"""What tests of the parts of a model share."""

from __future__ import annotations

from tests.tune.thread import one_thread

__all__ = ["one_thread"]
