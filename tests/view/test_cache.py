from __future__ import annotations

from threading import Barrier, Thread

import pytest

from promptbench.view.cache import Cache


class Builder:
    """Builds pages and counts them."""

    def __init__(self, page: bytes = b"page") -> None:
        self.page = page
        self.built = 0

    def __call__(self) -> bytes:
        self.built += 1
        return self.page


def test_a_page_is_built_once_as_long_as_its_state_is_the_same():
    cache, build = Cache(), Builder()
    assert [cache.get("run", state, build) for state in (1, 1, 2, 2, 1)] == [b"page"] * 5
    assert build.built == 3


def test_a_state_of_none_is_a_state():
    cache, build = Cache(), Builder()
    cache.get("run", None, build)
    cache.get("run", None, build)
    assert build.built == 1


def test_the_pages_that_were_not_asked_for_the_longest_go_first():
    cache = Cache(pages=2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, 1, Builder())
    assert list(cache.kept) == ["a", "c"]


def test_no_more_bytes_are_kept_than_allowed():
    cache = Cache(size=10)
    for key, size in (("a", 4), ("b", 5), ("c", 6)):
        cache.get(key, 1, Builder(b"x" * size))
    assert list(cache.kept) == ["c"]
    assert cache.get("d", 1, Builder(b"x" * 11)) == b"x" * 11
    assert cache.held() == 0


def test_who_asks_while_a_page_is_built_waits_for_it():
    cache, build, ready = Cache(), Builder(), Barrier(8)

    def ask() -> None:
        ready.wait()
        cache.get("run", 1, build)

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert build.built == 1


def test_a_build_that_fails_is_tried_again():
    cache = Cache()

    def fail() -> bytes:
        raise ValueError

    with pytest.raises(ValueError):
        cache.get("run", 1, fail)
    assert cache.get("run", 1, Builder()) == b"page"
