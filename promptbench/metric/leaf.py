"""The fields of a JSON value: each path with its value, and how two documents differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

# A path, and the plain form of the value there.
Leaf = tuple[str, str]
LISTED = 5


def leaves(value: Any, ordered: bool, path: str = "") -> Iterator[Leaf]:
    """Every value that holds no other, with its path, such as `items[0].price`; {} and [] too."""
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from leaves(one, ordered, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for place, one in enumerate(value):
            yield from leaves(one, ordered, f"{path}[{place if ordered else ''}]")
    else:
        yield path or "the value", _plain(value)


def difference(found: Counter[Leaf], wanted: Counter[Leaf]) -> str:
    """What is wrong, missing and extra, by path, as in `missing: a.b; extra: c`."""
    lacking, beyond = ([path for path, _ in one] for one in (wanted - found, found - wanted))
    groups = {
        "wrong": [path for path in lacking if path in beyond],
        "missing": [path for path in lacking if path not in beyond],
        "extra": [path for path in beyond if path not in lacking],
    }
    return "; ".join(f"{what}: {_listed(paths)}" for what, paths in groups.items() if paths)


def f1(found: Counter[Leaf], wanted: Counter[Leaf]) -> float:
    """The harmonic mean of the shares found and wanted; an empty document is one leaf too."""
    return 2 * (found & wanted).total() / (found.total() + wanted.total())


def _plain(value: Any) -> str:
    """A value that is equal only to its equals: true is not 1, and 1 is 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value.strip() if isinstance(value, str) else value)


def _listed(paths: Iterable[str]) -> str:
    """Some paths, and how many more."""
    names = list(dict.fromkeys(paths))
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
