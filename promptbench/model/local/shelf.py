"""Slots for rows, and what of ended turns stays in them until the next turn of the same session.

A session's keys and values stay where they were computed: in its slot, behind the segments above
it. What is given up, for want of room, is read anew when it is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from promptbench.model.local.cache import Keys, Shape, slots_for
from promptbench.model.local.packing import Kept
from promptbench.model.local.prefix import LEAST, Path, Segment, common_length, end_of

NOTHING = -1  # no token


@dataclass(frozen=True, slots=True)
class Held:
    """What is there of a session: `tokens` in its slot, behind its segments."""

    slot: int
    segments: tuple[Segment, ...]
    tokens: tuple[int, ...]

    @property
    def all_tokens(self) -> tuple[int, ...]:
        """From the first token of the prompt on."""
        return sum((segment.tokens for segment in self.segments), ()) + self.tokens


class Shelf:
    """The slots and segments of one runner.

    `held` has the sessions that no row is using, the longest held first. `needs` counts for each
    segment the rows below it that have not ended and the sessions held. `used` says how many tokens
    each slot ever held: its memory is taken up to there. `before` are the segments that were there
    when the call began; `reused` counts the tokens that prompts found there.
    """

    def __init__(self, shape: Shape, budget: int, *, roomy: bool = False) -> None:
        """`budget` bounds the slots, in bytes. If `roomy`, all of it is theirs to grow into."""
        self.shape = shape
        self.budget = budget
        self.roomy = roomy
        self.reused = 0
        self.clear()

    def clear(self) -> None:
        """Give up everything, the memory too."""
        self.keys = Keys(self.shape, 0, 0)
        self.capacity = 0
        self.used: list[int] = []
        self.free: set[int] = set()
        self.held: dict[str, Held] = {}
        self.segments: dict[Segment, Kept] = {}
        self.needs: Counter[Segment] = Counter()
        self.before: frozenset[Segment] = frozenset()
        self.turns: dict[str, int] = {}

    @property
    def taken(self) -> int:
        """Bytes of memory that are in use."""
        tokens = sum(self.used) + sum(len(segment.tokens) for segment in self.segments)
        return tokens * self.shape.bytes_per_token

    def resumed(self, prompts: Sequence[tuple[int, ...]], sessions: Sequence[str]) -> list[Path]:
        """Paths through what is held, for the prompts of sessions that can go on from there.

        Sessions whose segments end within one of them share what is left of it.
        """
        cuts: dict[tuple[Segment, int], Segment] = {}
        found = []
        for number, (prompt, session) in enumerate(zip(prompts, sessions, strict=True)):
            held = self.held.get(session)
            common = common_beginning(held.all_tokens, prompt) if held else 0
            if held and common >= LEAST:
                above = tuple(self.up_to(common, held.segments, cuts))
                found.append(Path(number, above, prompt[end_of(above) :]))
        return found

    def up_to(
        self, end: int, segments: Iterable[Segment], cuts: dict[tuple[Segment, int], Segment]
    ) -> Iterable[Segment]:
        """The segments before a position; the one across it is cut, if that is worth a segment."""
        for segment in segments:
            count = min(end - segment.start, len(segment.tokens))
            if count == len(segment.tokens):
                yield segment
            elif count >= LEAST:
                key = (segment, count)
                if key not in cuts:
                    cuts[key] = Segment(
                        segment.tokens[:count], segment.start, segment.parent, segment.users
                    )
                    # The keys are those of the whole: a block reads no further than its segment.
                    self.segments[cuts[key]] = Kept(self.segments[segment].keys, segment.users)
                yield cuts[key]

    def begin(
        self, paths: Sequence[Path], sessions: Sequence[str], longest: int, most: int
    ) -> None:
        """Be ready for rows in that order: up to `most` of up to `longest` tokens side by side."""
        self.turns = {name: turn for turn, name in reversed([*enumerate(sessions)]) if name}
        above = [path.segments for path in paths] + [held.segments for held in self.held.values()]
        self.needs = Counter(segment for segments in above for segment in segments)
        self.segments = {s: kept for s, kept in self.segments.items() if self.needs[s]}
        self.before = frozenset(self.segments)
        for kept in self.segments.values():
            kept.seconds = 0.0  # was charged to the rows that had it read
        several = most if self.roomy else len(paths)
        slots = slots_for(self.budget, self.shape, [longest] * several, most)
        if longest > self.capacity or slots > len(self.used):
            self.rebuild(slots, longest)
        self.free = {*range(len(self.used))} - {held.slot for held in self.held.values()}

    def rebuild(self, slots: int, longest: int) -> None:
        """Make other slots, and move what is held into the first of them as far as it fits."""
        capacity = max(longest, self.room_for(slots, longest))
        for session in [s for s, held in self.held.items() if len(held.tokens) > capacity]:
            self.give_up(session)
        while len(self.held) > slots:
            self.give_up(self.latest())
        moving, self.held, self.capacity = self.held, {}, 0  # an interruption leaves nothing held
        rows = [(held.slot, len(held.tokens)) for held in moving.values()]
        if rows:
            self.keys.rebuild(slots, capacity, rows)
        else:
            self.keys = Keys(self.shape, slots, capacity)
        self.used = [tokens for _, tokens in rows] + [0] * (slots - len(rows))
        self.capacity = capacity
        self.held = {
            session: Held(slot, held.segments, held.tokens)
            for slot, (session, held) in enumerate(moving.items())
        }

    def room_for(self, slots: int, longest: int) -> int:
        """How long slots may be: what is not used takes no memory on a CPU, but on a GPU."""
        if not self.roomy:
            return longest
        whole = self.budget // (slots * self.shape.bytes_per_token)
        return whole if self.shape.device.type == "cpu" else min(whole, 2 * longest)

    @property
    def has_slot(self) -> bool:
        """Whether a row can have a slot, if need be one that a session gives up."""
        return bool(self.free or self.held)

    def place(self, path: Path, session: str, need: int) -> tuple[int, int]:
        """A slot for a row of `need` tokens, and how many of them are in it already.

        A session's own, or the free one that takes the least new memory, of those the smallest.
        """
        held = self.held.pop(session, None)
        done = 0
        if held is not None:
            slot = held.slot
            self.let_go(held.segments)
            if held.segments == path.segments:
                done = common_beginning(held.tokens, path.own)
        else:
            if not self.free:
                self.give_up(self.latest())
            slot = min(self.free, key=lambda s: (max(0, need - self.used[s]), self.used[s], s))
            self.free.remove(slot)
        self.used[slot] = max(self.used[slot], need)
        self.reused += done + sum(len(s.tokens) for s in path.segments if s in self.before)
        return slot, done

    def leave(self, slot: int, path: Path, session: str, tokens: tuple[int, ...]) -> None:
        """A row is over. Its session, if it has one, keeps the slot, which holds `tokens`."""
        if not session:
            self.free.add(slot)
            self.let_go(path.segments)
            return
        if session in self.held:
            self.give_up(session)
        self.held[session] = Held(slot, path.segments, tokens)
        # The next call probably names the sessions in the same order.
        self.turns[session] = self.turns.get(session, 0) + len(self.turns)

    def latest(self) -> str:
        """The session that is needed last: one that this call does not name, else by its turn."""
        return max(self.held, key=lambda session: self.turns.get(session, inf))

    def give_up(self, session: str) -> None:
        """Let a session's slot and segments be used by others."""
        held = self.held.pop(session)
        self.free.add(held.slot)
        self.let_go(held.segments)

    def let_go(self, segments: Iterable[Segment]) -> None:
        """One row or session less needs these segments."""
        for segment in segments:
            self.needs[segment] -= 1
            if self.needs[segment] <= 0:
                self.segments.pop(segment, None)


def common_beginning(held: tuple[int, ...], prompt: tuple[int, ...]) -> int:
    """How many tokens a prompt begins with that are held; its last one is always read."""
    return common_length((*held, NOTHING), prompt)
