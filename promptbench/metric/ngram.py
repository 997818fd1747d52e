"""BLEU and chrF: the n-grams that a text shares with its references, in counts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, MetricInfo, Score

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

Kind = Literal["bleu", "chrf"]

SACREBLEU = "computed by sacrebleu (Post 2018, A Call for Clarity in Reporting BLEU Scores)"
POOLED = "Over cases it is the corpus score, from the sums of all counts; a case shows its own."
ABOUT: dict[Kind, str] = {
    "bleu": "Precision of word n-grams up to 4, times a penalty for brevity, 0 to 100, higher is"
    " better (Papineni et al. 2002, BLEU), {how}. {pooled} The case's own counts only the lengths"
    " of n-gram that it has (sacrebleu's effective order).",
    "chrf": "F2 of character n-grams up to 6, 0 to 100, higher is better (Popovic 2015, chrF; with"
    " pairs of words chrF++, Popovic 2017), {how}. {pooled} Of several references the best counts.",
}


class BleuSettings(MetricSettings):
    """How BLEU is computed; what is not a setting is sacrebleu's default."""

    tokenizer: Literal["13a", "intl", "char", "zh", "none"] = Field(
        default="13a",
        description="How words are found: 13a as in WMT, intl for any script, char for single"
        " characters, zh for Chinese, none where white space separates them.",
    )
    lowercase: bool = Field(default=False, description="Overlook upper and lower case.")


class ChrfSettings(MetricSettings):
    """How chrF is computed; what is not a setting is sacrebleu's default."""

    words: Literal[0, 2] = Field(
        default=0, description="Longest word n-gram that counts too: 0 is chrF, 2 is chrF++."
    )
    lowercase: bool = Field(default=False, description="Overlook upper and lower case.")


@dataclass(frozen=True, slots=True)
class Ngram:
    """Counts of n-grams, with the score of the one case that they give.

    `parts` of BLEU are (length, reference length, 4 x right, 4 x all); those of chrF are
    (all, in the reference, right) for each order. An empty text scores 0; a reference without
    text is left out, and a case without any other is unscored.
    """

    info: MetricInfo
    options: dict[str, Any]
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """The sentence score, from 0 to 100, with the counts that the corpus score is made of."""
        references = [one for one in case.references if one.strip()]
        if not references:
            return Score(self.info.name, None, NO_REFERENCE)
        counts = self._counts(completion.text, references)
        # Only `counts` knows sacrebleu's tokenizers; the formula is sacrebleu's as well.
        found = self._scorer()._compute_score_from_stats(list(counts))
        return Score(self.info.name, float(found.score), "", tuple(map(float, counts)))

    def _counts(self, text: str, references: Sequence[str]) -> Sequence[int]:
        """What is counted in one text, against all its references."""
        columns = [[reference] for reference in references]
        found: Sequence[int] = self._scorer()._extract_corpus_statistics([text], columns)[0]
        return found

    def _scorer(self) -> BLEU | CHRF:
        return _scorer(self.info.pool, tuple(self.options.items()))


@cache
def _scorer(kind: str, options: tuple[tuple[str, Any], ...]) -> BLEU | CHRF:
    """The object of sacrebleu; it is imported only when one scores."""
    if kind == "chrf":
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(**dict(options))
    from sacrebleu.metrics.bleu import BLEU

    # `force` only silences a remark on texts that look tokenised already.
    return BLEU(**dict(options), effective_order=True, force=True)


def build_bleu(settings: BleuSettings) -> Ngram:
    """Corpus BLEU of one tokenizer."""
    case = "lc" if settings.lowercase else "mixed"
    signature = f"nrefs:var|case:{case}|eff:no|tok:{settings.tokenizer}|smooth:exp"
    options = {"tokenize": settings.tokenizer, "lowercase": settings.lowercase}
    return Ngram(_info("bleu", "BLEU", settings, signature), options)


def build_chrf(settings: ChrfSettings) -> Ngram:
    """Corpus chrF, or chrF++ where pairs of words count too."""
    case = "lc" if settings.lowercase else "mixed"
    signature = f"nrefs:var|case:{case}|eff:yes|nc:6|nw:{settings.words}|space:no"
    options = {"word_order": settings.words, "lowercase": settings.lowercase}
    return Ngram(_info("chrf", "chrF" + "+" * settings.words, settings, signature), options)


def _info(kind: Kind, label: str, settings: MetricSettings, signature: str) -> MetricInfo:
    """Name the variant by sacrebleu's signature: figures of two signatures cannot be compared."""
    signature = f"{signature}|version:{version('sacrebleu')}"
    about = ABOUT[kind].format(how=SACREBLEU, pooled=POOLED)
    return MetricInfo(
        name=settings.name,
        label=label + ", case ignored" * bool(getattr(settings, "lowercase", False)),
        direction="higher",
        high=100.0,
        settings=shown(kind, settings) | {"signature": signature},
        description=f"{about} Signature: {signature}.",
        pool=kind,
    )
