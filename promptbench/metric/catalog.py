"""The metrics of this package by name, each with its settings and how it is built."""

from __future__ import annotations

from functools import partial

from promptbench.metric.character import CharacterSettings, build_character
from promptbench.metric.classify import (
    ClassifySettings,
    build_brier,
    build_calibration,
    build_named,
)
from promptbench.metric.fidelity import (
    InventedSettings,
    KeptSettings,
    build_invented,
    build_kept,
)
from promptbench.metric.fragment import build_fragments
from promptbench.metric.judge import JudgeSettings, build_judge
from promptbench.metric.length import (
    LengthSettings,
    SentencesSettings,
    build_characters,
    build_sentences,
    build_words,
)
from promptbench.metric.likelihood import LikelihoodSettings, build_logprob, build_perplexity
from promptbench.metric.manner import MannerSettings, build_manner
from promptbench.metric.match import (
    ContainsSettings,
    ExactSettings,
    RegexSettings,
    build_contains,
    build_exact,
    build_regex,
)
from promptbench.metric.meaning import (
    BertscoreSettings,
    SemanticSettings,
    build_bertscore,
    build_semantic,
)
from promptbench.metric.ngram import BleuSettings, ChrfSettings, build_bleu, build_chrf
from promptbench.metric.protocol import MetricType
from promptbench.metric.reading import ReadingSettings, build_reading
from promptbench.metric.recall import (
    OthersSettings,
    RecallSettings,
    build_contradiction,
    build_recall,
)
from promptbench.metric.refusal import RefusalSettings, build_refusal
from promptbench.metric.rouge import RougeLsumSettings, RougeSettings, build_rouge
from promptbench.metric.source import SourceSettings
from promptbench.metric.squad import SquadSettings, build_squad_exact, build_token_f1
from promptbench.metric.structure import (
    JsonFieldsSettings,
    JsonSchemaSettings,
    JsonSettings,
    build_json_fields,
    build_json_schema,
    build_json_valid,
)
from promptbench.metric.tone import ToneSettings, build_tone
from promptbench.metric.usage import (
    CostSettings,
    UsageSettings,
    build_confidence,
    build_cost,
    build_latency,
    build_output_tokens,
    build_tokens_per_second,
)

NAMED = ("accuracy", "balanced_accuracy", "macro_f1", "matthews")
METRICS: dict[str, MetricType] = {
    **{kind: MetricType(ClassifySettings, partial(build_named, kind), True) for kind in NAMED},
    "bertscore": MetricType(BertscoreSettings, build_bertscore, needs="embedder"),
    "bleu": MetricType(BleuSettings, build_bleu),
    "brier": MetricType(ClassifySettings, build_brier, labelled=True),
    "calibration": MetricType(ClassifySettings, build_calibration, labelled=True),
    "characters": MetricType(LengthSettings, build_characters),
    "chrf": MetricType(ChrfSettings, build_chrf),
    "compression": MetricType(SourceSettings, partial(build_fragments, "compression")),
    "confidence": MetricType(UsageSettings, build_confidence),
    "contains": MetricType(ContainsSettings, build_contains),
    "contradiction": MetricType(OthersSettings, build_contradiction),
    "cost": MetricType(CostSettings, build_cost),
    "coverage": MetricType(SourceSettings, partial(build_fragments, "coverage")),
    "density": MetricType(SourceSettings, partial(build_fragments, "density")),
    "exact": MetricType(ExactSettings, build_exact),
    "in_character": MetricType(CharacterSettings, build_character),
    "invented_facts": MetricType(InventedSettings, build_invented),
    "json_fields": MetricType(JsonFieldsSettings, build_json_fields),
    "json_schema": MetricType(JsonSchemaSettings, build_json_schema),
    "json_valid": MetricType(JsonSettings, build_json_valid),
    "judge": MetricType(JudgeSettings, build_judge),
    "kept_facts": MetricType(KeptSettings, build_kept),
    "latency": MetricType(UsageSettings, build_latency),
    "output_tokens": MetricType(UsageSettings, build_output_tokens),
    "reading_ease": MetricType(ReadingSettings, build_reading),
    "recall": MetricType(RecallSettings, build_recall),
    "reference_logprob": MetricType(LikelihoodSettings, build_logprob),
    "reference_perplexity": MetricType(LikelihoodSettings, build_perplexity),
    "refusal": MetricType(RefusalSettings, build_refusal),
    "regex": MetricType(RegexSettings, build_regex),
    "rouge1": MetricType(RougeSettings, partial(build_rouge, "rouge1")),
    "rouge2": MetricType(RougeSettings, partial(build_rouge, "rouge2")),
    "rougeL": MetricType(RougeSettings, partial(build_rouge, "rougeL")),
    "rougeLsum": MetricType(RougeLsumSettings, partial(build_rouge, "rougeLsum")),
    "semantic": MetricType(SemanticSettings, build_semantic, needs="embedder"),
    "sentences": MetricType(SentencesSettings, build_sentences),
    "squad_exact": MetricType(SquadSettings, build_squad_exact),
    "token_f1": MetricType(SquadSettings, build_token_f1),
    "tokens_per_second": MetricType(UsageSettings, build_tokens_per_second),
    "tone": MetricType(ToneSettings, build_tone),
    "tone_kept": MetricType(MannerSettings, build_manner),
    "words": MetricType(LengthSettings, build_words),
}
