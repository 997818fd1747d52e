"""The fields of a JSON value: each path with its value, and how two documents differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Path = tuple[str | int, ...]
# A path, and the plain form of the value there.
Leaf = tuple[Path, str]
# The place of a wanted item, how many leaves are shared with it, and what was found, aligned.
Pair = tuple[Any, int, Any]
LISTED = 5
DEEPEST = 50
# Pairs of leaves, one of each side. Of longer lists only equal items are brought together.
MOST_PAIRS = 100_000


def numbered(value: Any) -> Any:
    """A JSON value whose lists are mappings from whole numbers; an empty one stays what it is."""
    if isinstance(value, list) and value:
        return dict(enumerate(map(numbered, value)))
    return {key: numbered(one) for key, one in value.items()} if isinstance(value, dict) else value


def leaves(value: Any, path: Path = ()) -> Iterator[Leaf]:
    """Every value of a numbered one that holds no other, with its path; {} and [] too."""
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    else:
        yield path, _plain(value)


def aligned(found: Any, wanted: Any) -> Any:
    """What was found with the items of its lists numbered as those that they are most like.

    Both are numbered; an item that is like none comes behind all. What is nested too deeply stays
    in its order.
    """
    deepest = max(len(path) for path, _ in leaves(found))
    return found if deepest > DEEPEST else _aligned(found, wanted)[1]


def difference(found: Counter[Leaf], wanted: Counter[Leaf], ordered: bool) -> str:
    """What is wrong, missing and extra, by path, as in `missing: a.b; extra: c`."""
    lacking, beyond = ([path for path, _ in one] for one in (wanted - found, found - wanted))
    groups = {
        "wrong": [path for path in lacking if path in beyond],
        "missing": [path for path in lacking if path not in beyond],
        "extra": [path for path in beyond if path not in lacking],
    }
    named = {what: [_name(path, ordered) for path in paths] for what, paths in groups.items()}
    return "; ".join(f"{what}: {_listed(names)}" for what, names in named.items() if names)


def f1(found: Counter[Leaf], wanted: Counter[Leaf]) -> float:
    """The harmonic mean of the shares found and wanted; an empty document is one leaf too."""
    return 2 * (found & wanted).total() / (found.total() + wanted.total())


def _aligned(found: Any, wanted: Any) -> tuple[int, Any]:
    """The same, behind the number of leaves that both then have in common."""
    if not (_is_node(found) and _is_node(wanted)):
        return int(not _is_node(found) and not _is_node(wanted) and _same(found, wanted)), found
    if 0 in found and 0 in wanted:
        pairs = _matched(list(found.values()), list(wanted.values()))
    else:
        pairs = {
            key: (key, *_aligned(one, wanted[key])) for key, one in found.items() if key in wanted
        }
    made = {}
    for key, one in found.items():
        place, _, value = pairs.get(key, (len(wanted) + key if 0 in found else key, 0, one))
        made[place] = value
    return sum(gain for _, gain, _ in pairs.values()), made


def _matched(found: Sequence[Any], wanted: Sequence[Any]) -> dict[int, Pair]:
    """For items that are found the wanted ones with which they share most, one to one."""
    waiting: dict[str, list[int]] = {}
    for place, one in enumerate(wanted):
        waiting.setdefault(_text(one), []).append(place)
    pairs: dict[int, Pair] = {}
    for place, one in enumerate(found):
        if same := waiting.get(_text(one)):
            pairs[place] = (same.pop(0), _size([one]), one)
    left = [place for place in range(len(found)) if place not in pairs]
    free = sorted(place for same in waiting.values() for place in same)
    return pairs | _alike(found, left, wanted, free)


def _alike(
    found: Sequence[Any], left: Sequence[int], wanted: Sequence[Any], free: Sequence[int]
) -> dict[int, Pair]:
    """The pairs of what is left and what is free that have most leaves in common, all together."""
    if _size([found[p] for p in left]) * _size([wanted[p] for p in free]) > MOST_PAIRS:
        near = zip(left, free, strict=False)
        return {one: (other, *_aligned(found[one], wanted[other])) for one, other in near}
    if not left or not free:
        return {}
    from scipy.optimize import linear_sum_assignment

    table = [[_aligned(found[one], wanted[other]) for other in free] for one in left]
    gains = [[gain for gain, _ in row] for row in table]
    chosen = zip(*(found.tolist() for found in linear_sum_assignment(gains, True)), strict=True)
    return {left[row]: (free[column], *table[row][column]) for row, column in chosen}


def _is_node(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def _same(found: Any, wanted: Any) -> bool:
    return _plain(found) == _plain(wanted)


def _text(value: Any) -> str:
    """A text that is the same for values with the same leaves."""
    return repr(sorted(leaves(value), key=repr))


def _size(items: Iterable[Any]) -> int:
    """How many leaves some values have."""
    return sum(1 for one in items for _ in leaves(one))


def _name(path: Path, ordered: bool) -> str:
    """A path as people write it, such as `items[0].price`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key if ordered else ''}]"
        else:
            text += f".{key}" if text else key
    return text or "the value"


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
