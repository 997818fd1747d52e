"""Look inside a model: a prompt and examples in, attention and the loss without each part out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.anatomy.attend import DRAWN, attentions, chosen, reading, section_map, token_map
from promptbench.anatomy.measure import Measured
from promptbench.anatomy.part import Anatomy, Part, anatomy_of, switched_off
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import TokenSpan
from promptbench.pretrain.loss import Loss, losses, total
from promptbench.record import Encoded
from promptbench.report.anatomy import Reading, Study
from promptbench.report.effect import Effect
from promptbench.report.heat import AttentionMap
from promptbench.report.number import count
from promptbench.run.look import OUTSIDE, Place
from promptbench.tune.watch import Watcher

# With more heads than this, those that are not asked for are only switched off layer by layer.
MANY_HEADS = 64
SHOWN_HEADS = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """A prompt whose attention is shown: what it is, and where its sections stand in its text."""

    shown: str
    encoded: Encoded
    places: tuple[Place, ...] = ()


def study(
    model: LocalModel, subject: Subject, measured: Measured, heads: Sequence[str], watcher: Watcher
) -> Study:
    """Measure and look. `heads` are those to show; without any, the weightiest ones.

    Raises ModelError for an architecture whose parts are not known, InputError for a head that
    there is not.
    """
    anatomy = anatomy_of(model.loaded)
    seen = attentions(model.loaded, subject.encoded.ids)
    chosen(seen, heads)
    parts = parts_of(anatomy, heads)
    examples = count(len(measured.examples), "example")
    watcher.note(f"Measuring the loss on {examples}, {len(parts)} parts off in turn ...")
    whole, effects = effects_of(model.loaded, anatomy, parts, measured)
    shown = chosen(seen, heads or weightiest(effects, seen))
    tokens = model.tokens(subject.encoded)
    names, sections = sections_of(tokens, subject.places)
    place = answer_place(model, subject.encoded)
    maps: list[AttentionMap] = []
    for head, matrix in shown.items():
        if len(tokens) <= DRAWN:
            maps.append(token_map(head, matrix, [token.text for token in tokens]))
        elif len(sections) > 1:
            maps.append(section_map(head, matrix, names, sections))
    return Study(
        model=model.info.spec,
        architecture=model.info.architecture,
        parameters=model.info.parameters,
        prompt=f"{subject.shown}: {count(len(tokens), 'token')}",
        sections=tuple(names) if len(sections) > 1 else (),
        readings=readings(shown, place, sections) if len(sections) > 1 else (),
        maps=tuple(maps),
        text=measured.text,
        loss=whole.mean,
        tokens=whole.tokens,
        examples=len(measured.examples),
        effects=tuple(effects),
        notes=measured.notes,
    )


def parts_of(anatomy: Anatomy, heads: Sequence[str]) -> list[Part]:
    """The parts to switch off; of a model with many heads only those that are asked for."""
    parts = anatomy.parts()
    if sum(part.kind == "head" for part in parts) <= MANY_HEADS:
        return parts
    wanted = {f"head {head}" for head in heads}
    return [part for part in parts if part.kind != "head" or part.name in wanted]


def effects_of(
    model: Any, anatomy: Anatomy, parts: Sequence[Part], measured: Measured
) -> tuple[Loss, list[Effect]]:
    """The loss with all parts, and the change without each."""
    before = losses(model, measured.examples)
    whole = total(before)
    effects = []
    for part in parts:
        with switched_off(anatomy, part):
            after = losses(model, measured.examples)
        change = total(after).mean - whole.mean
        worse = sum(new.nats > old.nats for new, old in zip(after, before, strict=True))
        effects.append(Effect(part.name, part.kind, part.layer, change, worse, len(after)))
    return whole, effects


def weightiest(effects: Sequence[Effect], seen: dict[str, Any]) -> list[str]:
    """The heads without which the loss is highest; the first ones if none was switched off."""
    ranked = sorted((e for e in effects if e.kind == "head"), key=lambda e: -e.change)
    names = [e.name.removeprefix("head ") for e in ranked]
    return ([name for name in names if name in seen] or list(seen))[:SHOWN_HEADS]


def sections_of(
    tokens: Sequence[TokenSpan], places: Sequence[Place]
) -> tuple[list[str], list[list[int]]]:
    """Each section with the positions of its tokens; a token belongs to the innermost one."""
    found: dict[str, list[int]] = {}
    for position, token in enumerate(tokens):
        inside = [p for p in places if p.start <= token.start < p.end and token.end > token.start]
        name = inside[-1].name if inside else OUTSIDE
        found.setdefault(name, []).append(position)
    return list(found), list(found.values())


def answer_place(model: LocalModel, encoded: Encoded) -> int:
    """Where the answer arises: at the mask, or at the prompt's last token."""
    mask = model.tokenizer.inner.mask_token_id
    if model.info.family == "encoder-only" and mask in encoded.ids:
        return encoded.ids.index(mask)
    return len(encoded.ids) - 1


def readings(
    shown: dict[str, Any], place: int, sections: Sequence[Sequence[int]]
) -> tuple[Reading, ...]:
    """What every shown head reads from the place of the answer."""
    return tuple(reading(head, matrix, place, sections) for head, matrix in shown.items())
