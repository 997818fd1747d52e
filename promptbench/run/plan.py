"""Work out a run before anything runs: candidates x cases x repeats, each with its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from promptbench import __version__
from promptbench.error import ModelError, SuiteError, choices
from promptbench.gate.rule import Gate, read_gates
from promptbench.metric.protocol import Metric
from promptbench.model.protocol import Model, Notify, Setup, quiet
from promptbench.model.spec import open_model
from promptbench.prompt.example import content_digest, draw_examples
from promptbench.prompt.template import Template
from promptbench.record import Candidate, Case, MetricInfo, Request, Sampling
from promptbench.run.fingerprint import fingerprint
from promptbench.run.jury import check_asking, introduced, open_jury, open_stated
from promptbench.run.measure import metrics_of
from promptbench.run.option import Options
from promptbench.suite.data import read_cases
from promptbench.suite.read import PromptSpec, Suite

Examples = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Slot:
    """One cell of a run: positions of candidate and case, repeat, and the request's fingerprint.

    `tokens` is the length of the prompt. Requests are rendered again when they are sent, so that
    a plan of a hundred thousand cells stays small.
    """

    candidate: int
    case: int
    repeat: int
    key: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A candidate with what it needs to render and run."""

    candidate: Candidate
    template: Template
    examples: Examples | None
    model: Model


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run will do. `digest` covers everything that can change its results."""

    suite: Suite
    options: Options
    cases: tuple[Case, ...]
    ready: tuple[Ready, ...]
    slots: tuple[Slot, ...]
    metrics: tuple[Metric, ...]
    primary: str
    repeats: int
    digest: str
    gates: tuple[Gate, ...] = ()
    jury: Mapping[str, Model] = field(default_factory=dict)

    def request(self, slot: Slot) -> Request:
        """Render a slot's request."""
        ready = self.ready[slot.candidate]
        messages = ready.template.render(self.cases[slot.case], ready.examples)
        encoded = ready.model.encode(messages)
        return Request(slot.key, messages, encoded, ready.candidate.sampling, slot.repeat)

    @property
    def infos(self) -> tuple[MetricInfo, ...]:
        """What a reader must know of the metrics, in the suite's order."""
        return tuple(metric.info for metric in self.metrics)


def make_plan(suite: Suite, options: Options, notify: Notify = quiet) -> Plan:
    """Read the data, open the models, render every prompt once and see that it fits.

    Raises InputError with file and line; nothing has been run then.
    """
    metrics = metrics_of(suite, notify)
    primary = primary_metric(suite, metrics)
    cases = tuple(read_cases(suite.split(options.split), options.limit))
    templates = [
        (spec, Template(spec.name, spec.path, spec.shown, suite.workspace))
        for spec in chosen_prompts(suite, options)
    ]
    examples = {spec.name: examples_for(suite, spec) for spec, _ in templates}
    setup = setup_for(suite, options, notify)
    models = open_models(suite, options, setup)
    jury = open_jury(suite, metrics, models.values(), setup)
    metrics = introduced(metrics, jury)
    samplings = chosen_samplings(suite, options)
    repeats = options.repeats or suite.repeats
    ready = tuple(
        Ready(
            Candidate(
                name=candidate_name(spec.name, model_name, sampling_name, models, samplings),
                prompt=replace(template.prompt, path=within(suite.workspace, spec.path)),
                model=model_name,
                model_identity=model.info.identity,
                sampling=sampling,
            ),
            template,
            examples[spec.name],
            model,
        )
        for model_name, model in models.items()
        for sampling_name, sampling in samplings.items()
        for spec, template in templates
    )
    check_answers(ready, suite)
    check_asking(suite, metrics, cases, {r.candidate: r.model for r in ready}, jury)
    gates = gates_of(suite, options, metrics, primary, ready)
    slots = tuple(all_slots(ready, cases, repeats))
    check_fit(ready, cases, slots)
    digest = plan_digest(suite, options.split, cases, ready, slots, metrics, primary)
    if options.race:  # it leaves cells empty that another run would fill
        digest = hashlib.sha256(f"race {digest}".encode()).hexdigest()
    return Plan(suite, options, cases, ready, slots, metrics, primary, repeats, digest, gates, jury)


def gates_of(
    suite: Suite,
    options: Options,
    metrics: Sequence[Metric],
    primary: str,
    ready: Sequence[Ready],
) -> tuple[Gate, ...]:
    """The suite's gates. A candidate that the options leave out may still be named by one."""
    picked = options.prompts or options.models
    names = None if picked else [one.candidate.name for one in ready]
    return read_gates(suite.gates, [metric.info for metric in metrics], primary, names)


def within(workspace: Path, path: Path) -> str:
    """A file's path from the workspace: where that lies on this machine is nobody's business."""
    return path.relative_to(workspace).as_posix()


def primary_metric(suite: Suite, metrics: Sequence[Metric]) -> str:
    """The metric that ranks: the one that the suite names, or its first."""
    names = [metric.info.name for metric in metrics]
    if suite.primary and suite.primary not in names:
        raise SuiteError(
            f"primary: '{suite.primary}' is not among the suite's metrics",
            where=suite.primary_where,
            hint=choices(suite.primary, names),
        )
    return suite.primary or names[0]


def chosen_prompts(suite: Suite, options: Options) -> tuple[PromptSpec, ...]:
    """The prompts asked for, in the suite's order."""
    known = {spec.name: spec for spec in suite.prompts}
    for name in options.prompts:
        if name not in known:
            raise SuiteError(
                f"the suite has no prompt '{name}'", where=suite.shown, hint=choices(name, known)
            )
    return tuple(s for s in suite.prompts if not options.prompts or s.name in options.prompts)


def chosen_samplings(suite: Suite, options: Options) -> dict[str, Sampling]:
    """The suite's sampling settings, with the seed asked for."""
    if options.seed is None:
        return dict(suite.samplings)
    return {name: replace(s, seed=options.seed) for name, s in suite.samplings.items()}


def setup_for(suite: Suite, options: Options, notify: Notify) -> Setup:
    """How models are opened. A suite's relative paths start from its workspace."""
    return Setup(suite.workspace, notify, options.max_memory, options.device, options.precision)


def open_models(suite: Suite, options: Options, setup: Setup) -> dict[str, Model]:
    """Open the models asked for."""
    if options.models:
        return {spec: open_model(spec, setup) for spec in options.models}
    return {model.name: open_stated(model, setup) for model in suite.models}


def candidate_name(
    prompt: str,
    model: str,
    sampling: str,
    models: Mapping[str, object],
    samplings: Mapping[str, object],
) -> str:
    """The prompt's name, and whatever else tells this candidate from the others."""
    parts = [prompt]
    if len(models) > 1:
        parts.append(model)
    if len(samplings) > 1:
        parts.append(sampling)
    return " · ".join(parts)


def examples_for(suite: Suite, spec: PromptSpec) -> Examples | None:
    """Few-shot examples for a prompt: from train, never with the content of a judged case."""
    wanted = spec.examples
    if wanted is None:
        return None
    if "train" not in suite.splits:
        raise SuiteError(
            f"prompt '{spec.name}' asks for few-shot examples, but there is no train split",
            where=spec.where,
            hint="Add `train:` under `data:`; examples are never taken from cases that are judged.",
        )
    judged = {
        content_digest(case)
        for name, source in suite.splits.items()
        if name != "train"
        for case in read_cases(source)
    }
    drawn = draw_examples(
        read_cases(suite.splits["train"]),
        judged,
        count=wanted.count,
        seed=wanted.seed,
        max_characters=wanted.max_characters,
    )
    if len(drawn) < wanted.count:
        raise SuiteError(
            f"prompt '{spec.name}' asks for {wanted.count} examples; only {len(drawn)} train cases"
            " have a reference, are short enough and are not among the judged",
            where=spec.where,
            hint="Lower examples.count, or raise examples.max_characters.",
        )
    return drawn


def all_slots(ready: Sequence[Ready], cases: Sequence[Case], repeats: int) -> Iterator[Slot]:
    """Every cell, in the order of candidates, cases and repeats."""
    for position, one in enumerate(ready):
        sampling = one.candidate.sampling
        for number, case in enumerate(cases):
            messages = one.template.render(case, one.examples)
            encoded = one.model.encode(messages)
            for repeat in range(repeats):
                key = fingerprint(one.model.info.identity, encoded, messages, sampling, repeat)
                yield Slot(position, number, repeat, key, encoded.tokens)


def check_answers(ready: Sequence[Ready], suite: Suite) -> None:
    """A model that cannot write must choose, and one that cannot tell likelihoods must write."""
    for one in ready:
        info, choosing = one.model.info, one.candidate.sampling.choice is not None
        if choosing and not info.chooses:
            raise ModelError(
                f"{one.candidate.model} does not tell how likely a given answer is",
                where=suite.shown,
                hint="Let it write the label: `sampling: {answer: written, max_tokens: 16}`.",
            )
        if not choosing and not info.writes:
            raise ModelError(
                f"{one.candidate.model} is {info.family} ({info.architecture}): it cannot write",
                where=suite.shown,
                hint="It can choose among labels: `task: classify` with `answer: likelihood`. To"
                " write, take a decoder-only model (GPT, LLaMA ...) or a T5.",
            )


def check_fit(ready: Sequence[Ready], cases: Sequence[Case], slots: Iterable[Slot]) -> None:
    """Nothing is cut off in silence: what does not fit is an error that says by how much."""
    over: dict[int, list[tuple[int, Slot]]] = {}
    for slot in slots:
        one = ready[slot.candidate]
        context = one.model.info.context
        excess = needed(one, slot.tokens) - context
        if context and excess > 0 and slot.repeat == 0:
            over.setdefault(slot.candidate, []).append((excess, slot))
    for position, found in over.items():
        one = ready[position]
        excess, slot = max(found, key=lambda pair: pair[0])
        raise ModelError(
            f"prompt '{one.candidate.prompt.name}' does not fit {one.candidate.model} in"
            f" {len(found)} of {len(cases)} cases; case {cases[slot.case].id} needs {excess:,}"
            f" tokens more than the context of {one.model.info.context:,}"
            f" (prompt {slot.tokens:,}, output up to {one.model.room(one.candidate.sampling):,})",
            where=one.template.shown,
            hint=shorter(one),
        )


def shorter(one: Ready) -> str:
    """What makes a prompt fit: an encoder's context does not hold the output."""
    lower = " lower sampling.max_tokens," if one.model.info.family == "decoder-only" else ""
    return f"Shorten the case or the prompt,{lower} or take a model with a longer context."


def needed(one: Ready, tokens: int) -> int:
    """Tokens that must fit: the prompt, and the answer where it takes room beside it."""
    return tokens + one.model.room(one.candidate.sampling)


def plan_digest(
    suite: Suite,
    split: str,
    cases: Sequence[Case],
    ready: Sequence[Ready],
    slots: Sequence[Slot],
    metrics: Sequence[Metric],
    primary: str,
) -> str:
    """SHA-256 over all that can change a result: requests, cases, metrics and our version."""
    digest = hashlib.sha256()
    head = [
        __version__,
        suite.name,
        suite.description,
        split,
        primary,
        [asdict(metric.info) for metric in metrics],
        [[r.candidate.name, r.candidate.prompt.digest, r.candidate.model] for r in ready],
    ]
    digest.update(json.dumps(head, sort_keys=True, default=str).encode())
    for case in cases:
        digest.update(json.dumps(asdict(case), sort_keys=True, default=str).encode())
    for slot in slots:
        digest.update(slot.key.encode())
    return digest.hexdigest()
