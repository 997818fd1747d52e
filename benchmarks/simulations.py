"""How often the statistics are right: simulated data with a known truth in, STATISTICS.md out.

python -m benchmarks.simulations            # all of it, about ten minutes
python -m benchmarks.simulations --quick    # a part, printed only, in seconds
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from promptbench.stats import bootstrap, share, skew
from promptbench.stats.interval import Estimate, estimate, scaled
from promptbench.stats.paired import Difference, clustered_tango, paired_difference
from promptbench.stats.pooled import Weighed, jackknife, resampled
from promptbench.stats.power import cases_needed
from promptbench.stats.race import start
from promptbench.stats.sequence import cluster_means, evidence_of_better, mean_bounds
from promptbench.stats.spread import group_sums, robust_error, spread, t_quantile
from promptbench.stats.swap import swaps

Array = NDArray[np.float64]
Random = np.random.Generator
Bounds = tuple[float, float]
TARGET = Path(__file__).with_name("STATISTICS.md")
NUMBERS = (20, 50, 200)
TIMES = 2_000
# Sizes of the clusters, over and over until all cases have one.
CLUSTER_SIZES = (1, 2, 2, 3, 4, 6)
ICC = 0.3
# 95% +/- 1.5%.
BAND = (0.935, 0.965)
DRAWS = 1_000
POOLED_DRAWS = 400


@dataclass(frozen=True, slots=True)
class Population:
    """Scores to draw: rows of one value, or of two for a pair, and the true mean (difference)."""

    name: str
    draw: Callable[[Random, int], Array]
    mean: float
    kind: str


def share_of(p: float) -> Population:
    """Passes with chance p."""
    return Population(f"pass {p:g}", lambda r, n: (r.random(n) < p).astype(float), p, "binary")


def clipped(random: Random, n: int) -> Array:
    """Log-normal, at most 1."""
    return np.minimum(np.exp(random.normal(-1.5, 1, n)), 1)


def sparse(zeros: float) -> Callable[[Random, int], Array]:
    """Zero with this chance, else Beta(2, 3)."""
    return lambda random, n: np.where(random.random(n) < zeros, 0, random.beta(2, 3, n))


def passes(first_only: float, second_only: float) -> Population:
    """Pairs of passes, 40% of them on both sides."""

    def draw(random: Random, n: int) -> Array:
        place = random.random(n)
        lone = (place >= 0.4) & (place < 0.4 + first_only)
        other = (place >= 0.4 + first_only) & (place < 0.4 + first_only + second_only)
        both = place < 0.4
        return np.stack([both | lone, both | other], axis=1).astype(float)

    name = f"pass pairs {first_only:.0%}/{second_only:.0%}"
    return Population(name, draw, first_only - second_only, "passes")


def overlaps(random: Random, n: int) -> Array:
    """ROUGE-like pairs: half of the cases are hard, and there most scores are 0."""
    hard = random.random(n) < 0.5

    def scores(a: float) -> Array:
        low = np.where(random.random(n) < 0.2, random.beta(2, 3, n), 0)
        return np.where(hard, low, random.beta(a, 2, n))

    return np.stack([scores(2.8), scores(2.0)], axis=1)


def rare_gains(random: Random, n: int) -> Array:
    """Pairs that are equal in 85% of the cases; the first is better in the others."""
    return np.stack([sparse(0.85)(random, n), np.zeros(n)], axis=1)


CLIPPED_MEAN = float(math.exp(-1) * special.ndtr(0.5) + 1 - special.ndtr(1.5))
MEANS = (
    share_of(0.5),
    share_of(0.9),
    share_of(0.98),
    Population("Beta(0.5, 2)", lambda r, n: r.beta(0.5, 2, n), 0.2, "scale"),
    Population("1 - Beta(0.5, 2)", lambda r, n: 1 - r.beta(0.5, 2, n), 0.8, "scale"),
    Population("clipped log-normal", clipped, CLIPPED_MEAN, "scale"),
    Population("60% zeros", sparse(0.6), 0.16, "scale"),
    Population("85% zeros", sparse(0.85), 0.06, "scale"),
    Population("uniform", lambda r, n: r.random(n), 0.5, "scale"),
    Population("normal", lambda r, n: r.normal(size=n), 0.0, "free"),
    Population("log-normal 0.6", lambda r, n: np.exp(r.normal(0, 0.6, n)), math.exp(0.18), "free"),
    Population("exponential", lambda r, n: r.exponential(size=n), 1.0, "free"),
)
PAIRS = (
    passes(0.15, 0.05),
    passes(0.05, 0.05),
    passes(0.4, 0.2),
    passes(0.1, 0.02),
    Population("ROUGE-like pairs", overlaps, 0.5 * (2.8 / 4.8 - 0.5), "pairs"),
    Population("15% gains, else ties", rare_gains, 0.06, "pairs"),
    Population("normal pairs", lambda r, n: r.normal([0.2, 0], 1, (n, 2)), 0.2, "pairs"),
)


def layout(n: int, *, clustered: bool) -> NDArray[np.intp]:
    """The cluster number of each of n cases."""
    if not clustered:
        return np.arange(n)
    sizes = CLUSTER_SIZES * (n // sum(CLUSTER_SIZES) + 1)
    return np.repeat(np.arange(len(sizes)), sizes)[:n]


def sample(population: Population, random: Random, groups: NDArray[np.intp]) -> Array:
    """Draw cases; within a cluster two of them are alike with an ICC of 0.3, exactly.

    Each case takes over its cluster's common draw with chance sqrt(0.3), so that the marginal
    distribution, and with it the true mean, stays what it is.
    """
    n, count = len(groups), int(groups.max()) + 1
    own = population.draw(random, n)
    if count == n:
        return own
    takes = random.random(n) < math.sqrt(ICC)
    common = population.draw(random, count)[groups]
    return np.where(takes if own.ndim == 1 else takes[:, None], common, own)


@lru_cache(maxsize=4)
def drawn_once(groups: int) -> tuple[Array, ...]:
    """The resamples of so many groups: the same ones for every data set, which are random."""
    return tuple(bootstrap.weights(groups, 0, DRAWS))


def candidates(
    population: Population, scores: Array, groups: NDArray[np.intp]
) -> dict[str, Bounds]:
    """Every method's interval for one data set; the last is the package's default."""
    values = scores if scores.ndim == 1 else scores[:, 0] - scores[:, 1]
    found, sizes = spread(values, groups), np.bincount(groups).astype(float)
    half = robust_error(values, groups) * t_quantile(0.975, found.clusters - 1)
    drawn = bootstrap.resample(group_sums(values, groups), sizes, drawn_once(found.clusters))
    intervals = {
        "CR1 t": (found.mean - half, found.mean + half),
        "CR2 t": found.interval(),
        "Johnson": skew.johnson(found),
        "Hall": skew.hall(found),
        "percentile": bootstrap.percentile(drawn.means),
        "BCa": bootstrap.bca(drawn.mean, drawn.means, drawn.acceleration),
        "bootstrap-t": bootstrap.studentised(drawn),
    }
    if population.kind in ("binary", "scale"):
        intervals["score"] = scaled(found, (0, 1), found.degrees)
    if population.kind == "binary":
        intervals["Wilson"] = share.wilson(found.mean, found.n)
        intervals["Jeffreys"] = share.jeffreys(found.mean, found.n)
        intervals["exact"] = share.exact(found.mean, found.n)
    if population.kind == "passes":
        intervals["Tango"] = clustered_tango(values, found)
    if population.kind == "scale":
        blind = default(population, scores, groups, limits=None)
        intervals["no limits"] = (blind.low, blind.high)
    return intervals


def default(
    population: Population, scores: Array, groups: NDArray[np.intp], limits: Bounds | None
) -> Estimate | Difference:
    """What the package itself reports."""
    labels = [f"group {number}" for number in groups]
    if scores.ndim == 2:
        return paired_difference(scores[:, 0], scores[:, 1], labels)
    return estimate(scores, labels, binary=population.kind == "binary", limits=limits)


def coverage(population: Population, n: int, *, clustered: bool, times: int) -> dict[str, float]:
    """How often each method's interval holds the true mean; exact for independent passes."""
    groups = layout(n, clustered=clustered)
    random = np.random.default_rng([n, clustered, *population.name.encode()])
    if population.kind == "binary" and not clustered:
        chances = stats.binom.pmf(np.arange(n + 1), n, population.mean)
        sets = [((np.arange(n) < hits) * 1.0, chances[hits]) for hits in range(n + 1)]
    else:
        sets = [(sample(population, random, groups), 1 / times) for _ in range(times)]
    limits = (0.0, 1.0) if population.kind == "scale" else None
    held: dict[str, float] = {}
    cautioned = 0.0
    for scores, weight in sets:
        found = default(population, scores, groups, limits)
        cautioned += weight * bool(found.caution)
        intervals = candidates(population, scores, groups) | {"default": (found.low, found.high)}
        for name, (low, high) in intervals.items():
            inside = low - 1e-12 <= population.mean <= high + 1e-12
            held[name] = held.get(name, 0.0) + weight * inside
    return held | {"caution": cautioned}


def coverage_table(
    populations: Sequence[Population], numbers: Sequence[int], times: int
) -> Iterator[str]:
    """A row a cell; bold is within 95% +/- 1.5%, and the last column says what a miss means."""
    names = methods(populations)
    yield f"| data | n | groups | {' | '.join(names)} | caution | |"
    yield "|---" * (len(names) + 5) + "|"
    cells_found = []
    for clustered in (False, True):
        for population in populations:
            for n in numbers:
                found = coverage(population, n, clustered=clustered, times=times)
                cells_found.append(found)
                groups = int(layout(n, clustered=clustered).max()) + 1
                cells = [shown(found[name]) if name in found else "" for name in names]
                where = f"{population.name} | {n} | {groups if clustered else ''}"
                cells.append(f"{100 * found['caution']:.0f}")
                yield f"| {where} | {' | '.join(cells)} | {judged(found)} |"
    yield from counted(cells_found, names)


def counted(cells: Sequence[dict[str, float]], names: Sequence[str]) -> Iterator[str]:
    """Under a table: how many of its cells each method reaches."""
    reached = []
    for name in names:
        found = [cell[name] for cell in cells if name in cell]
        reached.append(f"{name} {sum(map(within, found))} of {len(found)}")
    none = sum(judged(cell) == "no method" for cell in cells)
    yield f"\nWithin 95 +/- 1.5: {', '.join(reached)}; {none} cells by no method."


def methods(populations: Sequence[Population]) -> list[str]:
    """The names of all methods that any of these populations gets, the default last."""
    random = np.random.default_rng(0)
    found: dict[str, Bounds] = {}
    for population in populations:
        found |= candidates(population, population.draw(random, 20), np.arange(20))
    return (
        [name for name in found if name != "no limits"]
        + ["no limits"] * ("no limits" in found)
        + ["default"]
    )


def within(value: float) -> bool:
    """Whether a coverage is what it should be."""
    return BAND[0] - 1e-9 <= value <= BAND[1] + 1e-9


def shown(value: float) -> str:
    """A percentage, bold within the band."""
    return f"**{100 * value:.1f}**" if within(value) else f"{100 * value:.1f}"


def judged(found: dict[str, float]) -> str:
    """What to say of a cell whose default is not within the band."""
    if within(found["default"]):
        return ""
    methods_alone = [name for name in found if name not in ("no limits", "caution")]
    reached = [name for name in methods_alone if within(found[name])]
    return f"only {', '.join(reached)}" if reached else "no method"


def alarms(times: int) -> Iterator[str]:
    """False alarms at the 5% level between candidates that are as good, in percent."""
    ties = passes(0.08, 0.08)
    rouge = Population("", lambda r, n: np.round(r.beta(0.5, 2, (n, 2)), 1), 0, "pairs")
    yield "| test | data | false alarms, % |"
    yield "|---|---|---|"
    for population, name in ((ties, "pass/fail, 84% ties"), (rouge, "scores in steps of 0.1")):
        for clustered in (False, True):
            groups = layout(60, clustered=clustered)
            labels = [str(number) for number in groups]
            random = np.random.default_rng(3)
            sets = [sample(population, random, groups) for _ in range(times)]
            where = f"{name}, {'clustered' if clustered else 'independent'}, n = 60"
            found = [paired_difference(x[:, 0], x[:, 1], labels) for x in sets]
            yield row("sign flips", where, [each.p_value <= 0.05 for each in found])
            yield row(
                "interval without 0", where, [each.low > 0 or each.high < 0 for each in found]
            )
            yield row("wrong: strict > on ties", where, [strict(x, groups) <= 0.05 for x in sets])
            alone = [paired_difference(x[:, 0], x[:, 1]).p_value <= 0.05 for x in sets]
            if clustered:
                yield row("wrong: clusters ignored", where, alone)
    yield from swap_alarms(times // 10)


def strict(scores: Array, groups: NDArray[np.intp]) -> float:
    """The sign-flip p-value as it must not be: ties do not count, nor does the data itself."""
    sums = group_sums(scores[:, 0] - scores[:, 1], groups)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(DRAWS, len(sums)))
    return float(np.mean(np.abs(signs @ sums) > abs(sums.sum()) + 1e-9))


def swap_alarms(times: int) -> Iterator[str]:
    """The same for the swap test on macro-F1."""
    random = np.random.default_rng(4)
    for clustered in (False, True):
        groups = layout(60, clustered=clustered)
        found = []
        for _ in range(times):
            truth = random.integers(3, size=60)
            pair = [labelled(truth, random, groups) for _ in range(2)]
            found.append(swaps(*pair, macro_f1, groups, 0).p_value <= 0.05)
        where = f"macro-F1, 3 classes, {'clustered' if clustered else 'independent'}, n = 60"
        yield row("swaps", where, found)


def row(*cells: object) -> str:
    """A row of a table; the last cell is a list of events, shown as their share."""
    return f"| {' | '.join(map(str, cells[:-1]))} | {100 * float(np.mean(cells[-1])):.1f} |"


def labelled(truth: NDArray[np.intp], random: Random, groups: NDArray[np.intp]) -> Array:
    """Parts for macro-F1: what a labeller that is right in 60% and alike in a cluster says."""
    common = random.integers(3, size=int(groups.max()) + 1)[groups]
    said = np.where(random.random(len(truth)) < 0.6, truth, common)
    hot, said_hot = np.eye(3)[truth], np.eye(3)[said]
    return np.concatenate([hot * said_hot, hot + said_hot], axis=1)


def macro_f1(parts: Array, weights: Array) -> float:
    """The mean over classes of 2 hits / (true + said); a class that is not there is left out."""
    sums = weights @ parts
    hits, both = np.split(sums, 2)
    return float(np.mean(2 * hits[both > 0] / both[both > 0]))


def peeking(times: int) -> Iterator[str]:
    """How often looking after each of 300 cases ever gives a false alarm, in percent."""
    yield "| method | data | ever a false alarm, % |"
    yield "|---|---|---|"
    for population, clustered in (
        (passes(0.1, 0.1), False),
        (passes(0.1, 0.1), True),
        (passes(0.3, 0.3), False),
    ):
        groups = layout(300, clustered=clustered)
        random = np.random.default_rng(5)
        ever: dict[str, list[bool]] = {
            "e-process": [],
            "confidence sequence": [],
            "wrong: t-test at each look": [],
        }
        for _ in range(times):
            scores = sample(population, random, groups)
            values = scores[:, 0] - scores[:, 1]
            means = cluster_means(values, [str(number) for number in groups])
            ever["e-process"].append(evidence_of_better(means, 1.0).max() >= 20)
            bounds = mean_bounds(means, (-1.0, 1.0))
            ever["confidence sequence"].append(
                bool((bounds[:, 0] > 0).any() or (bounds[:, 1] < 0).any())
            )
            ever["wrong: t-test at each look"].append(peeked(np.array(means)))
        where = f"{population.name}, {'clustered' if clustered else 'independent'}"
        for name, found in ever.items():
            yield row(name, where, found)


def peeked(values: Array) -> bool:
    """Whether a t-test after any case from the tenth on says p <= 0.05."""
    n = np.arange(1, len(values) + 1)
    means = np.cumsum(values) / n
    variances = np.maximum(np.cumsum(values**2) / n - means**2, 1e-12) * n / np.maximum(n - 1, 1)
    ratios = np.abs(means) / np.sqrt(variances / n)
    return bool((ratios[9:] > special.stdtrit(n[9:] - 1, 0.975)).any())


def races(times: int) -> Iterator[str]:
    """Races over 300 cases: who wins, who is beaten wrongly, and what is saved."""
    yield "| pass rates | winner of the full run, % | best called beaten, % | work saved, % |"
    yield "|---|---|---|---|"
    random = np.random.default_rng(6)
    for rates in (
        (0.9, 0.7, 0.6, 0.5, 0.4, 0.3),
        (0.8, 0.75, 0.6, 0.4),
        (0.7, 0.7, 0.7, 0.7),
        (0.95,) + (0.5,) * 9,
    ):
        names = [str(place) for place in range(len(rates))]
        same, wrong, saved = [], [], []
        for _ in range(times):
            # Cases are of one difficulty for all, so that scores are paired.
            hard = random.random(300)
            table = (0.7 * random.random((300, len(rates))) + 0.3 * hard[:, None]) < quantiles(
                rates
            )
            rows = (dict(zip(names, map(float, each), strict=True)) for each in table)
            race = start(names).add_all(rows)
            best = table.sum(axis=0)
            same.append(best[int(race.leader)] == best.max())
            wrong.append(any(rates[int(name)] == max(rates) for name in race.beaten))
            saved.append(1 - race.counts.sum() / table.size)
        yield row(listed(rates), f"{100 * np.mean(same):.1f}", f"{100 * np.mean(wrong):.1f}", saved)


def listed(rates: Sequence[float]) -> str:
    """The rates, the same ones told once."""
    return ", ".join(
        f"{rates.count(p)} x {p:g}" if rates.count(p) > 1 else f"{p:g}"
        for p in dict.fromkeys(rates)
    )


def quantiles(rates: Sequence[float]) -> Array:
    """Where 0.7 U + 0.3 V lies below with these chances."""
    draws = np.random.default_rng(0).random((200_000, 2)) @ [0.7, 0.3]
    return np.quantile(draws, rates)


def plans(times: int) -> Iterator[str]:
    """The power that the planned number of cases has, where 80% is wished."""
    yield "| effect / deviation | cases | found, % |"
    yield "|---|---|---|"
    for effect in (1.0, 0.5, 0.3):
        n = cases_needed(effect, 1.0)
        values = np.random.default_rng(7).normal(effect, 1, (times, n))
        ratios = values.mean(axis=1) / values.std(axis=1, ddof=1) * math.sqrt(n)
        yield row(effect, n, np.abs(ratios) > t_quantile(0.975, n - 1))


def matthews(parts: Array, weights: Array) -> float:
    """Matthews' coefficient of two classes; 0 where it is not defined."""
    truth, said = parts.T
    total = weights.sum()
    cover = weights @ (truth * said) / total - (weights @ truth) * (weights @ said) / total**2
    spread_of = [weights @ each / total * (1 - weights @ each / total) for each in (truth, said)]
    return float(cover / math.sqrt(spread_of[0] * spread_of[1])) if min(spread_of) > 0 else 0.0


def ratio(parts: Array, weights: Array) -> float:
    """Hits over tokens of the corpus, as in n-gram precision."""
    hits, tokens = weights @ parts
    return float(hits / tokens)


def calibration(parts: Array, weights: Array) -> float:
    """The expected calibration error of confidences over ten bins of equal width."""
    confidence, right = parts.T
    bins = np.minimum((10 * confidence).astype(np.intp), 9)
    gaps = np.bincount(bins, weights * (confidence - right), 10)
    return float(np.abs(gaps).sum() / weights.sum())


def median(parts: Array, weights: Array) -> float:
    """The value at which half of the weight is reached."""
    order = np.argsort(parts[:, 0])
    reached = np.cumsum(weights[order]) >= weights.sum() / 2
    return float(parts[order[int(np.argmax(reached))], 0])


def pooled_draw(name: str, random: Random, groups: NDArray[np.intp]) -> Array:
    """Parts of cases for one pooled metric, alike within a cluster."""
    n, count = len(groups), int(groups.max()) + 1
    if name == "macro-F1":
        return labelled(random.integers(3, size=n), random, groups)
    level = random.beta(4, 4, count)[groups]
    if name == "calibration error":
        confidence = random.beta(5, 2, n)
        right = random.random(n) < np.clip(confidence - 0.4 + 0.5 * level, 0, 1)
        return np.stack([confidence, right], axis=1).astype(float)
    if name == "median (not smooth)":
        return (level + random.exponential(size=n))[:, None]
    if name == "Matthews":
        truth = random.random(n) < 0.3
        return (
            np.stack([truth, np.where(random.random(n) < 0.4 + 0.5 * level, truth, ~truth)], 1)
            * 1.0
        )
    tokens = 1 + random.poisson(12 * random.gamma(2, 0.5, n))
    return np.stack([random.binomial(tokens, level), tokens], axis=1).astype(float)


POOLS = {
    "macro-F1": macro_f1,
    "Matthews": matthews,
    "token precision": ratio,
    "calibration error": calibration,
    "median (not smooth)": median,
}


def pooled_intervals(pooled: Weighed, groups: NDArray[np.intp]) -> dict[str, Bounds]:
    """Every method's interval for one data set.

    "jackknife, t" is the default, and "bootstrap error, t" that of metrics that are not smooth.
    """
    found, _ = jackknife(pooled, groups)
    drawn = resampled(pooled, groups, 0, POOLED_DRAWS)
    count = int(groups.max()) + 1
    left_out = np.array([pooled((groups != group) * 1.0) for group in range(count)])
    around = t_quantile(0.975, found.degrees) * float(np.std(drawn, ddof=1))
    return {
        "percentile": bootstrap.percentile(drawn),
        "basic": bootstrap.basic(found.mean, drawn),
        "BCa": bootstrap.bca(found.mean, drawn, bootstrap.acceleration(left_out)),
        "bootstrap error, t": (found.mean - around, found.mean + around),
        "jackknife, Hall": skew.hall(found),
        "jackknife, t": found.interval(),
    }


def pooled_coverage(name: str, n: int, *, clustered: bool, times: int) -> dict[str, float]:
    """How often each interval holds the truth, which is the value over 200,000 cases."""
    pool, random = POOLS[name], np.random.default_rng(9)
    huge = pooled_draw(name, np.random.default_rng(8), layout(200_000, clustered=clustered))
    truth = pool(huge, np.ones(len(huge)))
    groups = layout(n, clustered=clustered)
    held: dict[str, float] = {}
    for _ in range(times):
        parts = pooled_draw(name, random, groups)
        for method, (low, high) in pooled_intervals(partial(pool, parts), groups).items():
            held[method] = held.get(method, 0.0) + (low <= truth <= high) / times
    return held


def pooled_table(numbers: Sequence[int], times: int) -> Iterator[str]:
    """A row a cell, as for means."""
    names = ["percentile", "basic", "BCa", "bootstrap error, t", "jackknife, Hall", "jackknife, t"]
    yield f"| metric | n | groups | {' | '.join(names)} |"
    yield "|---" * (len(names) + 3) + "|"
    for name in POOLS:
        for clustered in (False, True):
            for n in numbers:
                found = pooled_coverage(name, n, clustered=clustered, times=times)
                groups = int(layout(n, clustered=clustered).max()) + 1 if clustered else ""
                cells = " | ".join(shown(found[each]) for each in names)
                yield f"| {name} | {n} | {groups} | {cells} |"


INTRODUCTION = """# How often the statistics are right

Made by `{command}`. Every figure is a percentage
over {times:,} simulated data sets with a known truth (independent passes: exact, by enumeration;
metrics of the whole corpus: over {pooled:,}). One standard error of a coverage of 95% over
{times:,} is {error:.1f} points.

Clusters have 1, 2, 2, 3, 4 and 6 cases, over and over, with an intraclass correlation of 0.3.
**Bold** is within 95 +/- 1.5. `default` is what the package reports when it knows the metric's
limits, `no limits` when it does not; `caution` is how often that report carries a warning. The
last column names the methods that do reach a cell which the default misses. Metrics of the whole
corpus get `jackknife, t`, and `bootstrap error, t` where they are not smooth.
"""


def sections(times: int, numbers: Sequence[int]) -> Iterator[str]:
    """The whole document, a piece at a time."""
    yield "\n## Means\n"
    yield from coverage_table(MEANS, numbers, times)
    yield "\n## Paired differences\n"
    yield from coverage_table(PAIRS, numbers, times)
    yield "\n## Metrics of the whole corpus\n"
    yield from pooled_table(numbers, times // 4)
    yield "\n## False alarms between equals\n"
    yield from alarms(times)
    yield "\n## Looking after every case\n"
    yield from peeking(times // 2)
    yield "\n## Races\n"
    yield from races(times // 10)
    yield "\n## Planned numbers of cases\n"
    yield from plans(times)


def introduction(times: int) -> str:
    """The head of the document."""
    command = f"python -m benchmarks.simulations --times {times}"
    error = 100 * math.sqrt(0.95 * 0.05 / times)
    return INTRODUCTION.format(command=command, times=times, pooled=times // 4, error=error)


def main() -> None:
    """Run it; without --quick, write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=TIMES, help="data sets a cell")
    parser.add_argument("--quick", action="store_true", help="a small part; writes no file")
    arguments = parser.parse_args()
    times = 60 if arguments.quick else arguments.times
    lines = [introduction(times).rstrip()]
    for line in sections(times, NUMBERS[:2] if arguments.quick else NUMBERS):
        print(line, flush=True)
        lines.append(line)
    if not arguments.quick:
        TARGET.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
