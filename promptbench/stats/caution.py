"""Say where an interval does not keep its 95%: values and their spread in, a sentence or "" out.

The limits come from the cells of benchmarks/STATISTICS.md that no known method reaches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.skew import evidence
from promptbench.stats.spread import Spread

FEW_GROUPS = 10
# Values that are not the commonest one: on a known scale, and without one.
FEW_HITS = 5
FEW_APART = 10
# With this many independent values, or groups of them, strong skewness is corrected well.
ENOUGH_VALUES = 50
ENOUGH_GROUPS = 100


def caution(values: NDArray[np.float64], found: Spread, *, scale: bool) -> str:
    """Warn where few values differ, few groups speak, or few values show strong skewness.

    `scale` says that the interval rests on the limits of the metric. Empty where nothing is
    wrong, and where there is no interval.
    """
    if found.clusters == 1:
        return ""
    apart = found.n - int(np.unique(values, return_counts=True)[1].max())
    if apart < (FEW_HITS if scale else FEW_APART):
        differ = "differs" if apart == 1 else "differ"
        few = f"Only {apart} of {found.n} values {differ} from the rest"
        what = few if apart else f"All {found.n} values are the same"
        return f"{what}, so the interval may be too wide or too narrow."
    if found.clustered and found.clusters < FEW_GROUPS:
        return f"Only {found.clusters} independent groups: the interval may be too narrow."
    enough = ENOUGH_GROUPS if found.clustered else ENOUGH_VALUES
    if not scale and found.clusters < enough and evidence(found) > 2:
        return "A few values lie far out, so the interval may be too narrow."
    return ""
