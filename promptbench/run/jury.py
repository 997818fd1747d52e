"""The models that metrics ask: opened and checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from promptbench.error import ModelError, SuiteError, choices
from promptbench.metric.ask import AskingMetric, Subject
from promptbench.metric.protocol import Metric
from promptbench.model.protocol import Model, Setup
from promptbench.model.remote.settings import Price, ServerSettings
from promptbench.model.spec import open_model
from promptbench.record import Candidate, Case, Message, MetricSpec
from promptbench.suite.schema import ServerEntry
from promptbench.suite.stated import ModelSpec, Suite

OWN = ""


def open_stated(model: ModelSpec, setup: Setup) -> Model:
    """Open a model as a suite states it. Raises ModelError that names the suite's line."""
    try:
        own = replace(
            setup,
            device=model.device or setup.device,
            precision=model.precision or setup.precision,
            server=server_settings(model.server, setup) if model.server else setup.server,
        )
        return open_model(model.spec, own)
    except ModelError as error:
        raise ModelError(error.what, where=error.where or model.where, hint=error.hint) from error


def server_settings(entry: ServerEntry, setup: Setup) -> ServerSettings:
    """What a suite says of a server, as a backend takes it; batches may be wanted of all."""
    price = Price(entry.price.input, entry.price.output) if entry.price else None
    stated = entry.model_dump(exclude={"price", "served", "batch"})
    batch = entry.batch or setup.server.batch
    return ServerSettings(**stated, price=price, served=entry.served or "", batch=batch)


def open_jury(
    suite: Suite, metrics: Sequence[Metric], models: Iterable[Model], setup: Setup
) -> dict[str, Model]:
    """The models that the metrics ask beside the candidates' own, by the name they are asked by.

    A name of the suite's `models:` means that entry, anything else is a spec. One that a candidate
    has as well is loaded once.
    """
    stated = {model.name: model for model in suite.models}
    there = {model.info.identity: model for model in models}
    jury: dict[str, Model] = {}
    for spec, metric in asking(suite, metrics):
        name = metric.asks
        if name == OWN or name in jury:
            continue
        entry = stated.get(name) or ModelSpec(name, spec.where, name)
        opened = open_stated(entry, setup)
        jury[name] = there.setdefault(opened.info.identity, opened)
    return jury


def introduced(metrics: Sequence[Metric], jury: Mapping[str, Model]) -> tuple[Metric, ...]:
    """The metrics, each with the identity of the model that it asks among its settings."""
    return tuple(
        metric.introduced(jury[metric.asks].info.identity)
        if isinstance(metric, AskingMetric) and metric.asks in jury
        else metric
        for metric in metrics
    )


def asking(suite: Suite, metrics: Sequence[Metric]) -> list[tuple[MetricSpec, AskingMetric]]:
    """The metrics that ask a model, each with the suite's words for it."""
    pairs = zip(suite.metrics, metrics, strict=True)
    return [(spec, metric) for spec, metric in pairs if isinstance(metric, AskingMetric)]


def check_asking(
    suite: Suite,
    metrics: Sequence[Metric],
    cases: Sequence[Case],
    candidates: Mapping[Candidate, Model],
    jury: Mapping[str, Model],
) -> None:
    """See that all can be asked that will be. Raises SuiteError or ModelError at the suite's line.

    `candidates` are those of the run with their models.
    """
    for spec, metric in asking(suite, metrics):
        check_fields(spec, metric, cases)
        if metric.rival and not rivals(list(candidates), metric.rival):
            names = {name for each in candidates for name in (each.name, each.prompt.name)}
            raise SuiteError(
                f"metric '{metric.info.name}': no candidate of this run is '{metric.rival}'",
                where=spec.where,
                hint=choices(metric.rival, {*names, "reference"}),
            )
        asked = [jury[metric.asks]] if metric.asks else list(candidates.values())
        for model in {model.info.identity: model for model in asked}.values():
            check_able(spec, metric, model)
            try_out(spec, metric, model, cases)


def check_fields(spec: MetricSpec, metric: AskingMetric, cases: Sequence[Case]) -> None:
    """A field that no case has is a misspelt one."""
    for name in metric.fields:
        if cases and not any(name in case.variables for case in cases):
            raise SuiteError(
                f"metric '{metric.info.name}': no case has a field '{name}'",
                where=spec.where,
                hint=choices(name, cases[0].variables, "They have"),
            )


def check_able(spec: MetricSpec, metric: AskingMetric, model: Model) -> None:
    """Raise ModelError unless the model can do what it is asked to."""
    info, name = model.info, metric.info.name
    if not info.writes:
        raise ModelError(
            f"metric '{name}' asks {info.spec}, which is {info.family} ({info.architecture}): it"
            " cannot write",
            where=spec.where,
            hint="Take a decoder-only model (GPT, LLaMA ...) or a T5.",
        )
    if metric.answers_by == "choosing" and not info.chooses:
        what = "how likely a given answer is"
        raise ModelError(
            f"metric '{name}' asks {info.spec} {what}, and it does not tell",
            where=spec.where,
            hint="A local model does. A judge may write its answer: `verdict: json`.",
        )


def try_out(spec: MetricSpec, metric: AskingMetric, model: Model, cases: Sequence[Case]) -> None:
    """Encode a question: a chat template that refuses it must not do so after hours of work."""
    sent = (Message("user", "A question."),)
    for case in cases[:1]:
        questions = metric.questions(Subject("An answer.", case, sent, "Another answer."))
        if isinstance(questions, Sequence):
            try:
                model.encode(questions[0].messages)
            except ModelError as error:
                raise ModelError(error.what, where=spec.where, hint=error.hint) from error


def rivals(candidates: Sequence[Candidate], name: str) -> list[int]:
    """The places of the candidates that a name means: one of that name, or all of that prompt."""
    by_name = [place for place, each in enumerate(candidates) if each.name == name]
    by_prompt = [place for place, each in enumerate(candidates) if each.prompt.name == name]
    return by_name or by_prompt


def rival_of(candidates: Sequence[Candidate], place: int | None, name: str) -> int:
    """Whom a candidate is compared with: the one of that name, or of that prompt beside it.

    Beside it is whoever has the same model and sampling; for nobody (None) it is the first.
    """
    found = rivals(candidates, name)
    if place is None:
        return found[0]
    own = candidates[place]
    beside = [
        each
        for each in found
        if (candidates[each].model, candidates[each].sampling) == (own.model, own.sampling)
    ]
    return (beside or found)[0]
