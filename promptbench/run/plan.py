"""Work out a run before anything runs: candidates x cases x repeats, each with its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from promptbench import __version__
from promptbench.error import SuiteError, choices
from promptbench.gate.rule import Gate, read_gates
from promptbench.metric.protocol import Metric
from promptbench.metric.registry import releases_of
from promptbench.model.protocol import Model, Notify, Setup, quiet
from promptbench.prompt.template import Template
from promptbench.record import Candidate, Case, MetricInfo, Request
from promptbench.run.choice import (
    able,
    candidate_name,
    chosen_memories,
    chosen_prompts,
    chosen_samplings,
    memory_name,
    open_models,
    setup_for,
    within,
)
from promptbench.run.examples import examples_for
from promptbench.run.fingerprint import fingerprint
from promptbench.run.fit import (
    check_answers,
    check_batches,
    check_fit,
    check_prices,
)
from promptbench.run.hygiene import Judged, judged_cases
from promptbench.run.jury import check_asking, introduced, open_jury
from promptbench.run.measure import metrics_of
from promptbench.run.option import Options
from promptbench.run.slot import Ready, Slot, Slots
from promptbench.run.turn import (
    check_chat,
    compared,
    open_player,
    settings_of,
    turn_slots,
    with_moods,
)
from promptbench.suite.stated import Suite


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run will do. `digest` covers everything that can change its results.

    `player` plays the users of a chat who have a goal; None where there are none.
    """

    suite: Suite
    options: Options
    judged: Judged
    ready: tuple[Ready, ...]
    slots: Slots
    metrics: tuple[Metric, ...]
    primary: str
    repeats: int
    digest: str
    gates: tuple[Gate, ...] = ()
    jury: Mapping[str, Model] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    player: Model | None = None

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases that are run, in order."""
        return self.judged.cases

    def request(self, slot: Slot) -> Request:
        """Render a slot's request; of a turn, whose past is not known, as far as it can be."""
        ready = self.ready[slot.candidate]
        messages = ready.messages(self.cases[slot.case])
        encoded = ready.model.encode(messages)
        return Request(slot.key, messages, encoded, ready.candidate.sampling, slot.repeat)

    @property
    def infos(self) -> tuple[MetricInfo, ...]:
        """What a reader must know of the metrics, in the suite's order."""
        return tuple(metric.info for metric in self.metrics)


def make_plan(
    suite: Suite, options: Options, notify: Notify = quiet, judged: Judged | None = None
) -> Plan:
    """Read the data, open the models, render every prompt once and see that it fits.

    `judged` are the cases, if they are not to be read and checked for leaks. Raises InputError
    with file and line; nothing has been run then.
    """
    # Before anything that takes long.
    primary_metric(suite, metrics_of(suite, notify, options.looking))
    templates = [
        (spec, Template(spec.name, spec.path, spec.shown, suite.workspace))
        for spec in chosen_prompts(suite, options)
    ]
    shown = {name for _, template in templates for name in template.names}
    judged = judged or judged_cases(suite, options, compared(suite, shown), notify)
    examples = {spec.name: examples_for(suite, spec, made.names) for spec, made in templates}
    setup = setup_for(suite, options, notify)
    models = open_models(suite, options, setup)
    samplings = chosen_samplings(suite, options)
    memories = chosen_memories(suite, options)
    ready = tuple(
        Ready(
            Candidate(
                name=candidate_name(
                    spec.name,
                    (memory_name(memory), memories),
                    (model_name, models),
                    (sampling_name, samplings),
                ),
                prompt=replace(template.prompt, path=within(suite.workspace, spec.path)),
                model=model_name,
                model_identity=model.info.identity,
                sampling=sampling,
                memory=memory_name(memory),
            ),
            template,
            examples[spec.name],
            model,
            memory,
        )
        for model_name, model in models.items()
        for sampling_name, sampling in able(model, samplings).items()
        for spec, template in templates
        for memory in memories
    )
    return assemble(suite, options, judged, ready, setup)


def assemble(
    suite: Suite,
    options: Options,
    judged: Judged,
    ready: tuple[Ready, ...],
    setup: Setup,
    extra: Mapping[str, Any] | None = None,
) -> Plan:
    """Every cell of some candidates over some cases; `extra` goes into the run's manifest.

    Raises InputError for what cannot answer, be asked, or fit.
    """
    judged = with_moods(judged, suite.chat) if suite.chat else judged
    metrics = metrics_of(suite, setup.notify, options.looking)
    jury = open_jury(suite, metrics, [one.model for one in ready], setup)
    metrics = introduced(metrics, jury)
    primary = primary_metric(suite, metrics)
    check_answers(ready, suite)
    check_prices(ready, suite, options)
    check_asking(suite, metrics, judged.cases, {r.candidate: r.model for r in ready}, jury)
    gates = () if extra else gates_of(suite, options, metrics, primary, ready)
    repeats = options.repeats or suite.repeats
    player = open_player(suite, [one.model for one in ready], setup)
    check_batches(suite, options, ready, jury, player)
    if suite.chat:
        check_chat(suite, ready, judged.cases)
    slots_of = turn_slots if suite.chat else all_slots
    slots = Slots.of(slots_of(ready, judged.cases, repeats))
    check_fit(ready, judged.cases, slots)
    digest = plan_digest(suite, options.split, judged.cases, ready, slots, metrics, primary)
    if played := settings_of(suite, player):
        digest = hashlib.sha256(json.dumps([digest, played]).encode()).hexdigest()
    if releases := releases_of(metric.name for metric in suite.metrics):
        digest = hashlib.sha256(json.dumps([digest, releases]).encode()).hexdigest()
    if options.race:  # it leaves cells empty that another run would fill
        digest = hashlib.sha256(f"race {digest}".encode()).hexdigest()
    return Plan(
        suite=suite,
        options=options,
        judged=judged,
        ready=ready,
        slots=slots,
        metrics=metrics,
        primary=primary,
        repeats=repeats,
        digest=digest,
        gates=gates,
        jury=jury,
        extra=extra or {},
        player=player,
    )


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


def all_slots(ready: Sequence[Ready], cases: Sequence[Case], repeats: int) -> Iterator[Slot]:
    """Every cell, in the order of candidates, cases and repeats."""
    for position, one in enumerate(ready):
        sampling = one.candidate.sampling
        for number, case in enumerate(cases):
            messages = one.messages(case)
            encoded = one.model.encode(messages)
            for repeat in range(repeats):
                key = fingerprint(one.model.info.identity, encoded, messages, sampling, repeat)
                yield Slot(position, number, repeat, key, encoded.tokens)


def plan_digest(
    suite: Suite,
    split: str,
    cases: Sequence[Case],
    ready: Sequence[Ready],
    slots: Slots,
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
        digest.update(json.dumps(fields_of(case), sort_keys=True, default=str).encode())
    digest.update(slots.keys)
    return digest.hexdigest()


def fields_of(case: Case) -> dict[str, Any]:
    """What `asdict` gives, without its copies of every value."""
    return {
        "id": case.id,
        "variables": case.variables,
        "references": case.references,
        "cluster": case.cluster,
    }
