"""Keep the last few pages that were built: a key and its state in, bytes out, built when needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

PAGES = 6
BYTES = 128 * 2**20
TURNS = 16


class Cache:
    """Pages by key, each as long as its state is the same. Safe to use from several threads.

    One page is built at a time for a key. At most `pages` are kept, and at most `size` bytes.
    """

    def __init__(self, pages: int = PAGES, size: int = BYTES) -> None:
        """Begin with none."""
        self.pages, self.size = pages, size
        self.kept: OrderedDict[Hashable, tuple[Hashable, bytes]] = OrderedDict()
        self.lock = Lock()
        self.turns = tuple(Lock() for _ in range(TURNS))

    def get(self, key: Hashable, state: Hashable, build: Callable[[], bytes]) -> bytes:
        """The page of that key and state; who asks while it is built waits for it."""
        with self.turns[hash(key) % TURNS]:
            with self.lock:
                before, page = self.kept.get(key, (None, b""))
                if before == state and key in self.kept:
                    self.kept.move_to_end(key)
                    return page
            page = build()
            with self.lock:
                self.put(key, state, page)
            return page

    def put(self, key: Hashable, state: Hashable, page: bytes) -> None:
        """Keep a page, and let go of those that were not asked for the longest."""
        self.kept[key] = (state, page)
        self.kept.move_to_end(key)
        while len(self.kept) > self.pages or self.held() > self.size:
            self.kept.popitem(last=False)

    def held(self) -> int:
        """The bytes of all that is kept."""
        return sum(len(page) for _, page in self.kept.values())
