"""The embedded sentence encoder: whether it is installed, and opening it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptbench.model.embedded import weights_path
from promptbench.model.local.convert import converted, is_ready
from promptbench.model.protocol import Notify
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED

if TYPE_CHECKING:
    from promptbench.model.local.embed import Embedder

NAME = "minilm"


def embedder_there() -> bool:
    """Whether it can be opened without being fetched."""
    model = EMBEDDED[NAME]
    return is_ready(model, cache_folder()) or weights_path(model) is not None


def open_embedder(notify: Notify) -> Embedder:
    """Open it, converted on first use. Imports torch. Raises ModelError if it is not installed."""
    from promptbench.model.local.embed import Embedder

    return Embedder(converted(EMBEDDED[NAME], cache_folder(), notify))
