"""Put payloads into every text of records: a record in, the same record with hostile texts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, TypeVar, get_origin, get_type_hints

# What promptbench itself writes there, and reads again: a date, the name of a function, a grammar.
OURS = {("Run", "created"), ("MetricInfo", "pool"), ("Candidate", "memory")}
# Their keys are ours, too; of their texts names are taken, and what stands elsewhere as well.
STRUCTURES = {("Run", "manifest"), ("MetricInfo", "settings")}
NAMES = ("group", "block", "command")

Thing = TypeVar("Thing")


@dataclass
class Poison:
    """Each field goes through the payloads in turn; a text that comes again gets the same one.

    A run has few texts in the fields of `few`: these get all payloads at once. `used` has, for each
    field, the payloads that it got.
    """

    payloads: Sequence[str]
    few: tuple[str, ...] = ()
    known: dict[str, str] = field(default_factory=dict)
    turns: Counter[str] = field(default_factory=Counter)
    used: dict[str, set[str]] = field(default_factory=dict)

    def record(self, thing: Thing) -> Thing:
        """A record, and all records in it."""
        name, hints = type(thing).__name__, get_type_hints(type(thing))
        found = {}
        for each in fields(thing):  # type: ignore[arg-type]
            value, place = getattr(thing, each.name), (name, each.name)
            if get_origin(hints[each.name]) is Literal or place in OURS:
                found[each.name] = value
            elif place in STRUCTURES:
                found[each.name] = self.structure(value)
            else:
                found[each.name] = self.value(value, ".".join(place))
        return type(thing)(**found)

    def value(self, value: Any, place: str) -> Any:
        """Whatever stands in a field."""
        if isinstance(value, str):
            return self.text(value, place)
        if is_dataclass(value):
            return self.record(value)
        if isinstance(value, Mapping):
            return self.mapping(value, place)
        if isinstance(value, list | tuple):
            return type(value)(self.value(each, place) for each in value)
        return value

    def mapping(self, value: Mapping[str, Any], place: str) -> dict[str, Any]:
        """A chat reads variables by their names, so these stay, and one more is hostile."""
        if place != "Case.variables":  # or what lies in one of them
            return {self.known.get(k, k): self.value(v, place) for k, v in value.items()}
        name = "name of a variable"
        known = {k: self.value(v, f"{place} {k}") for k, v in value.items()}
        more = f"{self.turns[name]}"
        return known | {self.text(f"name {more}", name): self.text(f"text {more}", place)}

    def text(self, text: str, place: str) -> str:
        """A payload in front, for some are live at the beginning only; the rest is a comment."""
        if text and text not in self.known:
            payload = self.payloads[self.turns[place] % len(self.payloads)]
            self.turns[place] += 1
            known = "\n".join(self.payloads) if place.startswith(self.few or "-") else payload
            self.known[text] = f"{known} //{text}"
        if text:
            self.used.setdefault(place, set()).add(self.known[text].removesuffix(f" //{text}"))
        return self.known.get(text, "")

    def structure(self, value: Any) -> Any:
        """Names that stand elsewhere as they are there; all else, and all keys, as it is."""
        if isinstance(value, str):
            return self.known.get(value, value)
        if isinstance(value, Mapping):
            named = {k: self.text(v, f"name of a {k}") for k, v in value.items() if k in NAMES}
            return {self.known.get(k, k): self.structure(v) for k, v in value.items()} | named
        if isinstance(value, list | tuple):
            return type(value)(map(self.structure, value))
        return value
