"""What turns texts into vectors: a model that a metric is handed and knows nothing else of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """An encoder. Equal texts get equal vectors, whatever texts they come with."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector for each text (shape: texts x width)."""
        ...

    def tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """For each text one vector for each of its tokens (shape: tokens x width)."""
        ...


# Opens the model, at the first text that it is needed for.
OpenEmbedder = Callable[[], Embedder]
