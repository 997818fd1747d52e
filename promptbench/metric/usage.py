"""What an output costs: time, tokens and money, from what its completion says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from pydantic import Field

from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, Direction, MetricInfo, Score

TOO_QUICK = "no tokens were written, or no time was measured"
NO_LOGPROBS = "no log-probabilities are stored: add `logprobs: true` to the suite's `sampling:`"
MILLION = 1_000_000

# A value, or why there is none.
Reading = float | str


class UsageSettings(MetricSettings):
    """What was measured when an output was generated has no settings."""


class CostSettings(MetricSettings):
    """A price list."""

    input: float = Field(
        ge=0, allow_inf_nan=False, description="Price of a million tokens of the prompt."
    )
    output: float = Field(
        ge=0, allow_inf_nan=False, description="Price of a million tokens of the output."
    )
    currency: str = Field(
        default="USD", pattern=r"^[^\W\d_]{1,12}$", description="Name of the currency, in letters."
    )


@dataclass(frozen=True, slots=True)
class Usage:
    """A reading of the completion; the text itself is not looked at."""

    info: MetricInfo
    read: Callable[[Completion], Reading]
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """The reading; unscored, with the reason, where there is none."""
        found = self.read(completion)
        if isinstance(found, str):
            return Score(self.info.name, None, found)
        return Score(self.info.name, found)


def build_latency(settings: UsageSettings) -> Usage:
    """Seconds an output."""
    about = (
        "Seconds that the output took, 0 and up, lower is better: a server's latency, or the"
        " output's share of its batch's time. It says something of the machine as well."
    )
    info = _info("latency", "seconds an output", settings, about, "lower")
    return Usage(info, lambda completion: completion.seconds)


def build_tokens_per_second(settings: UsageSettings) -> Usage:
    """Tokens written a second."""
    about = (
        "Tokens written divided by the seconds that the output took, 0 and up, higher is better;"
        " over cases the mean of these rates, not all tokens by all seconds."
    )
    info = _info("tokens_per_second", "tokens a second", settings, about, "higher")
    return Usage(info, _rate)


def build_output_tokens(settings: UsageSettings) -> Usage:
    """Tokens written."""
    about = "Tokens of the output, 0 and up, lower is better; counted by its model's tokenizer."
    info = _info("output_tokens", "tokens an output", settings, about, "lower")
    return Usage(info, lambda completion: float(completion.output_tokens))


def build_cost(settings: CostSettings) -> Usage:
    """Money for the tokens read and written."""
    about = (
        f"Price of an output in {settings.currency}, 0 and up, lower is better:"
        f" {settings.input:g} a million tokens of the prompt and {settings.output:g} a million"
        " tokens of the output, of every model alike. What is reused is priced as if it were new."
    )

    def price(completion: Completion) -> float:
        """Both kinds of tokens at their prices."""
        read, written = completion.prompt_tokens, completion.output_tokens
        return (read * settings.input + written * settings.output) / MILLION

    label = f"{settings.currency} an output"
    return Usage(_info("cost", label, settings, about, "lower"), price)


def build_confidence(settings: UsageSettings) -> Usage:
    """How sure the model was of the tokens that it wrote."""
    about = (
        "Mean log-probability of the output's tokens under its own model, before temperature and"
        " penalties: 0 and below, higher is surer; its exponential is 1 / perplexity (Jelinek et"
        " al. 1977). To be sure is not to be right, and models of other tokenizers do not compare."
    )
    info = _info("confidence", "mean token log-probability", settings, about, "higher", None, 0.0)
    return Usage(info, lambda one: fmean(one.logprobs) if one.logprobs else NO_LOGPROBS)


def _rate(completion: Completion) -> Reading:
    """Tokens a second, where both were counted."""
    written, seconds = completion.output_tokens, completion.seconds
    return written / seconds if written > 0 and seconds > 0 else TOO_QUICK


def _info(
    metric: str,
    label: str,
    settings: MetricSettings,
    description: str,
    direction: Direction,
    low: float | None = 0.0,
    high: float | None = None,
) -> MetricInfo:
    """The description of a reading; most have no upper bound."""
    return MetricInfo(
        name=settings.name,
        label=label,
        direction=direction,
        low=low,
        high=high,
        settings=shown(metric, settings),
        description=description,
    )
