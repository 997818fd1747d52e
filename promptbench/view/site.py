"""The viewer's pages: an address in, an answer out, made from the store as it is at that moment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from promptbench.error import InputError, StoreError
from promptbench.report.axis import Axis, axis
from promptbench.report.visible import visible
from promptbench.run.page import page_of
from promptbench.store.database import Store
from promptbench.store.state import state
from promptbench.view.address import Address
from promptbench.view.cache import Cache
from promptbench.view.contrast import Contrast, contrast
from promptbench.view.line import Line, Lines
from promptbench.view.page import as_json, fill, own_policy, report_policy

HTML = "text/html; charset=utf-8"
JSON = "application/json"
# Seconds until the list asks again: while something goes on, and while nothing does.
SOON, LATER = 2, 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser gets: a status, a body of a kind, and what the page may do.

    `location` and `cookie` are headers of that name, where they are not empty.
    """

    status: int
    body: bytes = b""
    policy: str = "default-src 'none'; frame-ancestors 'none'"
    kind: str = HTML
    location: str = ""
    cookie: str = ""


def message(status: int, title: str, *lines: str, home: bool = True) -> Answer:
    """A plain page that says why there is no other; `home` links to the list of runs."""
    return own(status, fill("message.html.j2", title=title, lines=lines, home=home))


def own(status: int, body: bytes) -> Answer:
    """A page from a template of the viewer's."""
    return Answer(status, body, own_policy())


@dataclass(slots=True)
class Site:
    """All pages of one store. Safe to use from several threads."""

    path: Path
    cache: Cache = field(default_factory=Cache)
    lines: Lines = field(default_factory=Lines)

    def answer(self, address: Address) -> Answer:
        """The page of an address. Raises StoreError where the store cannot be read."""
        pages: dict[str, Callable[[Address], Answer]] = {
            "runs": self.runs,
            "live": self.live,
            "run": self.run,
            "compare": self.compare,
        }
        try:
            return pages[address.page](address)
        except InputError as error:
            return message(404, "There is no such run", error.what)

    def runs(self, address: Address) -> Answer:
        """The list of runs."""
        found = self.listed(0.0)
        suites, states = (
            sorted({getattr(each, part) for each in found}) for part in ("suite", "status")
        )
        return own(200, fill("list.html.j2", lines=found, suites=suites, states=states))

    def live(self, address: Address) -> Answer:
        """What the list says now, for its script."""
        found = self.listed()
        # Who looks at an empty list waits for a run.
        wait = LATER if found and all(each.settled for each in found) else SOON
        # An id as the page has it, so that the script finds its row.
        lines = [asdict(each) | {"id": visible(each.id)} for each in found]
        content = {"wait": wait, "lines": lines}
        return Answer(200, as_json(content), kind=JSON)

    def run(self, address: Address) -> Answer:
        """A run's report, byte for byte as `promptbench report` writes it."""
        with self.opened() as store:
            store.run(address.run)  # raises InputError
            body = self.cache.get(
                ("run", address.run),
                state(store, address.run),
                lambda: page_of(store, address.run)[1].encode("utf-8"),
            )
        return Answer(200, body, report_policy())

    def compare(self, address: Address) -> Answer:
        """Two runs side by side."""
        ids = (address.first, address.second)
        if not all(ids):
            return message(404, "Which runs?", "Choose two in the list of runs.")
        with self.opened() as store:
            for each in ids:
                store.run(each)
            states: Hashable = tuple(state(store, each) for each in ids)
            body = self.cache.get(("compare", *ids), states, lambda: compared(store, *ids))
        return own(200, body)

    def listed(self, *patience: float) -> tuple[Line, ...]:
        """The runs; none where there is no store yet."""
        if not self.path.is_file():
            return ()
        with self.opened() as store:
            return self.lines.of(store, *patience)

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The store for reading, as it is now. Raises InputError where there is none yet."""
        if not self.path.is_file():
            raise InputError("there is no store yet")
        with closing(Store(self.path, reading=True)) as store:
            yield store


def compared(store: Store, first: str, second: str) -> bytes:
    """The page of two runs."""
    found = contrast(store, first, second)
    return fill("compare.html.j2", found=found, ahead=differences(found))


def differences(found: Contrast) -> Axis | None:
    """One axis for the first run's primary metric, of all pairs."""
    leads = [each.difference for each in found.leads if each and each.difference]
    spans = [(each.mean, each.low, each.high) for each in leads]
    return axis([0.0, *(value for span in spans for value in span)]) if spans else None


def unreadable(error: StoreError) -> Answer:
    """What a browser is told of a store that cannot be read; where it lies is not its business."""
    return message(503, "The store cannot be read now", error.what)
