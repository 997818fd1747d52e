"""Other people's programs on the same data: statsmodels and sacrebleu."""

import math
import warnings

import numpy as np
import pytest

from promptbench.stats.agreement import cohen_kappa
from promptbench.stats.components import Observation, components
from promptbench.stats.discordant import mcnemar
from promptbench.stats.multiplicity import benjamini_hochberg, holm
from promptbench.stats.pooled import estimate_pooled, pooled_difference
from promptbench.stats.power import cases_needed, detectable_effect, power
from promptbench.stats.share import exact, jeffreys, wilson
from promptbench.stats.spread import robust_error

with warnings.catch_warnings():
    # What other packages deprecate in each other is not ours to mend.
    warnings.simplefilter("ignore")
    import statsmodels.api as sm
    from sacrebleu.metrics import BLEU
    from statsmodels.stats import contingency_tables, inter_rater, multitest, proportion
    from statsmodels.stats.power import TTestPower


def test_cluster_robust_errors():
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(12), random.integers(1, 7, size=12))
    values = random.normal(size=12)[groups] + random.normal(size=len(groups))
    fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert robust_error(values, groups) == pytest.approx(float(fit.bse[0]), abs=1e-9)


@pytest.mark.parametrize(("hits", "trials"), [(3, 17), (9, 17), (60, 64)])
def test_shares(hits, trials):
    for ours, name in ((wilson, "wilson"), (exact, "beta"), (jeffreys, "jeffreys")):
        theirs = proportion.proportion_confint(hits, trials, method=name)
        assert ours(hits / trials, trials) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize(("wins", "losses"), [(9, 2), (40, 25)])
def test_mcnemar(wins, losses):
    theirs = contingency_tables.mcnemar([[30, wins], [losses, 10]], exact=True).pvalue
    first = [1] * (30 + wins) + [0] * (losses + 10)
    second = [1] * 30 + [0] * wins + [1] * losses + [0] * 10
    assert mcnemar(first, second).p_value == pytest.approx(theirs, abs=1e-9)


def test_adjusted_p_values():
    p_values = (np.random.default_rng(2).uniform(size=25) ** 2).tolist()
    for ours, name in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        assert ours(p_values) == pytest.approx(multitest.multipletests(p_values, method=name)[1])


@pytest.mark.parametrize("n", [5, 30, 400])
def test_power(n):
    theirs = TTestPower()
    ours = power(0.3, 1 / math.sqrt(n), n - 1)
    assert ours == pytest.approx(theirs.power(0.3, n, 0.05), abs=1e-9)
    effect = detectable_effect(1 / math.sqrt(n), n - 1)
    assert effect == pytest.approx(theirs.solve_power(nobs=n, power=0.8, alpha=0.05), rel=1e-5)


def test_numbers_of_cases():
    for effect in (0.15, 0.4, 1.1):
        theirs = TTestPower().solve_power(effect_size=effect, power=0.9, alpha=0.05)
        assert cases_needed(effect, 1.0, 0.9) == math.ceil(theirs)


@pytest.mark.parametrize("weighting", ["none", "linear", "quadratic"])
def test_kappa(weighting):
    random = np.random.default_rng(3)
    first = random.integers(4, size=80)
    second = np.where(random.random(80) < 0.6, first, random.integers(4, size=80))
    table = np.zeros((4, 4))
    np.add.at(table, (first, second), 1)
    # statsmodels names the powers of the distance otherwise.
    kind = {"none": None, "linear": "linear", "quadratic": "quadratic"}[weighting]
    theirs = inter_rater.cohens_kappa(table, wt=kind)
    ours = cohen_kappa(first.tolist(), second.tolist(), weighting=weighting)
    assert ours is not None
    assert ours.mean == pytest.approx(float(theirs.kappa), abs=1e-9)
    assert ours.high - ours.low == pytest.approx(theirs.kappa_upp - theirs.kappa_low, rel=0.1)


def test_variance_components():
    # In balanced data with a positive estimate, REML gives what the moments give.
    random = np.random.default_rng(4)
    values = random.normal(size=(20, 1)) + random.normal(0, 0.5, size=(20, 6))
    rows = [
        Observation(str(i), j, "a", "0", float(values[i, j])) for i in range(20) for j in range(6)
    ]
    cases = np.repeat(np.arange(20), 6)
    fit = sm.MixedLM(values.ravel(), np.ones((120, 1)), cases).fit(reml=True)
    case, repeat = components(rows)
    assert case.variance == pytest.approx(float(np.asarray(fit.cov_re)[0, 0]), rel=1e-4)
    assert repeat.variance == pytest.approx(float(fit.scale), rel=1e-4)


def sentences(seed: int, right: float) -> list[str]:
    """A hundred sentences, the last word cut off; each other is right with this chance."""
    random = np.random.default_rng(seed)
    return [
        " ".join(word if random.random() < right else "other" for word in sentence.split()[:-1])
        for sentence in REFERENCES
    ]


WORDS = [f"w{i}" for i in range(50)]
REFERENCES = [
    " ".join(np.random.default_rng(i).choice(WORDS, size=8 + i % 9).tolist()) for i in range(100)
]


def bleu_parts(outputs: list[str]) -> np.ndarray:
    """Sums that corpus BLEU is made of: hits and counts by n-gram order, both lengths."""
    metric = BLEU(tokenize="none", force=True)
    return np.array(
        [
            metric._extract_corpus_statistics([out], [[ref]])[0]
            for out, ref in zip(outputs, REFERENCES, strict=True)
        ],
        dtype=float,
    )


def bleu(parts: np.ndarray, weights: np.ndarray) -> float:
    sums = weights @ parts
    ours, theirs = sums[0], sums[1]
    hits, counts = np.split(sums[2:], 2)
    if not (hits > 0).all():
        return 0.0
    shorter = min(0.0, 1 - theirs / ours)
    return float(100 * math.exp(shorter + np.log(hits / counts).mean()))


def test_corpus_bleu():
    outputs = sentences(1, 0.85)
    parts = bleu_parts(outputs)
    whole = BLEU(tokenize="none", force=True).corpus_score(outputs, [REFERENCES], n_bootstrap=1)
    found = estimate_pooled(parts, bleu)
    assert found is not None
    assert found.mean == pytest.approx(whole.score, abs=1e-9)


def test_corpus_bleu_interval_is_about_that_of_the_bootstrap():
    outputs = sentences(1, 0.85)
    score = BLEU(tokenize="none", force=True).corpus_score(outputs, [REFERENCES], n_bootstrap=1000)
    found = estimate_pooled(bleu_parts(outputs), bleu)
    assert found is not None
    # sacrebleu reports half the width of its percentile interval.
    assert (found.high - found.low) / 2 == pytest.approx(score._ci, rel=0.12)


def test_corpus_bleu_is_compared():
    better, worse = bleu_parts(sentences(1, 0.9)), bleu_parts(sentences(2, 0.8))
    found = pooled_difference(better, worse, bleu)
    assert found is not None
    assert found.p_value == 1 / 2_000 and found.low > 0
    equal = pooled_difference(better, bleu_parts(sentences(3, 0.9)), bleu)
    assert equal is not None and equal.p_value > 0.05
