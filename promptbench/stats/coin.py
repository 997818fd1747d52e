"""Plan a sign test: a number of decisions in, what they can tell from a coin out, and back."""

from __future__ import annotations

from promptbench.stats.discordant import sign_test
from promptbench.stats.power import MOST, POWER
from promptbench.stats.share import TAIL

LEVEL = 2 * TAIL


def fewest_wins(decisions: int) -> int | None:
    """How many of so many decisions must fall on one side to rule out a coin at the 5% level.

    Two-sided and exact; None where not even all of them do.
    """
    from scipy.special import bdtrik

    if sign_test(decisions, 0) > LEVEL:
        return None
    # The most losses whose tail is at most 2.5%, from one above what floating point makes of it.
    losses = int(bdtrik(TAIL, decisions, 0.5)) + 1
    while sign_test(decisions - losses, losses) > LEVEL:
        losses -= 1
    return decisions - losses


def coin_power(decisions: int, share: float) -> float:
    """The chance to rule out a coin if each decision falls on one side with this chance."""
    from scipy.special import bdtr, bdtrc

    wins = fewest_wins(decisions)
    if wins is None:
        return 0.0
    return float(bdtrc(wins - 1, decisions, share) + bdtr(decisions - wins, decisions, share))


def decisions_needed(share: float, wished: float = POWER) -> int:
    """The fewest independent decisions from which on the wished power is kept.

    The power of an exact test saws up and down with the number; this is the number from which on
    it stays. Raises ValueError on a share of a half, which is a coin, and on shares so near to it
    that no one could decide so often.
    """
    if share == 0.5 or not 0 <= share <= 1:
        raise ValueError(f"{share:g} is no share that differs from a coin's")
    high = 8
    while not _kept(high, share, wished):
        high *= 2
        if high > MOST:
            raise ValueError(f"a share of {share:g} needs more than {MOST:,} decisions")
    return max(n for n in range(1, high + 1) if coin_power(n, share) < wished) + 1


def _kept(decisions: int, share: float, wished: float) -> bool:
    """Whether the power is enough here and some way on, over several teeth of the saw."""
    return all(coin_power(n, share) >= wished for n in range(decisions, decisions + 40))
