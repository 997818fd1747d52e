"""Our losses and gradients are those of transformers' own, whatever a step is cut into."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.tune.batch import pieces
from promptbench.tune.example import Example
from promptbench.tune.learner import objective_for
from promptbench.tune.objective import ROWS, Labelled, Objective, Packed, Padded, Written
from tests.model.bert import write_encoder
from tests.model.tiny import write_tiny

DECODERS = ("llama", "gpt2", "qwen2", "mistral")


def rows(number: int, longest: int = 24) -> list[Example]:
    """Examples of random tokens."""
    draw = random.Random(number)
    return [
        Example(
            str(n),
            tuple(draw.choices(range(5, 56), k=draw.randint(1, longest))),
            tuple(draw.choices(range(5, 56), k=draw.randint(1, 6))),
            label=draw.randint(0, 2),
        )
        for n in range(number)
    ]


def loaded(folder: Path, kind: str) -> Any:
    """A model without dropout, and its gradients asked for."""
    seq2seq = kind == "t5"
    auto: Any = transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM
    return auto.from_pretrained(folder, dtype=torch.float32).eval()


def value(loss: torch.Tensor) -> float:
    """A loss as a number."""
    return float(loss.detach())


def gradients(model: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    """The gradient of every parameter."""
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> None:
    """All gradients agree to 1e-4 of their own size."""
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        size = float(gradient.norm())
        assert float((found[name] - gradient).norm()) <= 1e-4 * size + 1e-6, name


def plain_loss(model: Any, examples: list[Example]) -> torch.Tensor:
    """Transformers' own mean loss: padded at the right, labels -100 outside of the answer."""
    longest = max(one.tokens for one in examples)
    ids, mask, labels = [], [], []
    for one in examples:
        gap = longest - one.tokens
        ids.append([*one.prompt, *one.answer, *[0] * gap])
        mask.append([1] * one.tokens + [0] * gap)
        labels.append([-100] * len(one.prompt) + list(one.answer) + [-100] * gap)
    found: torch.Tensor = model(
        input_ids=torch.tensor(ids),
        attention_mask=torch.tensor(mask),
        labels=torch.tensor(labels),
        use_cache=False,
    ).loss
    return found


def mean(objective: Objective, model: Any, examples: list[Example]) -> torch.Tensor:
    """Our mean loss."""
    return objective.loss(model, examples) / sum(map(objective.weight, examples))


@pytest.mark.parametrize("kind", DECODERS)
def test_a_decoders_loss_and_gradients_are_transformers_own(bases: dict[str, Path], kind: str):
    folder = bases[kind]
    examples = rows(7)
    model = loaded(folder, kind)
    wanted = plain_loss(model, examples)
    expected = gradients(model, wanted)
    objective = objective_for(model, read_checkpoint(folder), Tokenizer(folder), examples)
    assert isinstance(objective, Padded if kind == "mistral" else Packed)
    found = mean(objective, model, examples)
    assert value(found) == pytest.approx(value(wanted), abs=1e-5)
    same(gradients(model, found), expected)


def test_a_single_row_longer_than_the_window_is_enough_to_pad(bases: dict[str, Path]):
    folder = bases["mistral"]
    short = [Example(str(n), (5 + n, 6), (7, 2)) for n in range(3)]  # the probe takes the shortest
    long = Example("long", tuple(range(5, 25)), (7, 2))
    model = loaded(folder, "mistral")
    parts = (model, read_checkpoint(folder), Tokenizer(folder))
    assert isinstance(objective_for(*parts, short), Packed)
    model = loaded(folder, "mistral")
    assert isinstance(objective_for(model, *parts[1:], [*short, long]), Padded)


def test_a_window_that_no_row_fills_is_no_hindrance(bases: dict[str, Path]):
    folder = bases["mistral"]
    examples = [Example("a", (5, 6, 7), (8, 2)), Example("b", (9,), (10, 11, 2))]
    model = loaded(folder, "mistral")
    wanted = plain_loss(model, examples)
    objective = objective_for(model, read_checkpoint(folder), Tokenizer(folder), examples)
    assert isinstance(objective, Packed)
    assert value(mean(objective, model, examples)) == pytest.approx(value(wanted), abs=1e-5)


def test_an_attention_that_packing_would_break_is_padded(
    bases: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    folder = bases["llama"]
    model = loaded(folder, "llama")
    before = model.config._attn_implementation
    right = transformers.AttentionInterface()[ROWS]

    def deaf(*arguments: Any, **settings: Any) -> Any:
        out, weights = right(*arguments, **settings)
        return out * 0, weights

    transformers.AttentionInterface.register(ROWS, deaf)
    try:
        objective = objective_for(model, read_checkpoint(folder), Tokenizer(folder), rows(4))
    finally:
        transformers.AttentionInterface.register(ROWS, right)
    assert isinstance(objective, Padded)
    assert model.config._attn_implementation == before


def test_an_encoder_decoders_loss_and_gradients_are_transformers_own(bases: dict[str, Path]):
    examples = rows(7)
    model = loaded(bases["t5"], "t5")
    total = torch.zeros(())
    for one in examples:  # one at a time: nothing is padded
        out = model(input_ids=torch.tensor([one.prompt]), labels=torch.tensor([one.answer]))
        total = total + out.loss * len(one.answer)
    wanted = total / sum(len(one.answer) for one in examples)
    expected = gradients(model, wanted)
    found = mean(Written(0), model, examples)
    assert value(found) == pytest.approx(value(wanted), abs=1e-5)
    same(gradients(model, found), expected)


def test_a_heads_loss_is_transformers_own(tmp_path: Path):
    write_encoder(tmp_path, "bert", "SequenceClassification", num_labels=3)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    examples = rows(7)
    losses = [
        model(input_ids=torch.tensor([one.prompt]), labels=torch.tensor([one.label])).loss
        for one in examples
    ]
    found = mean(Labelled(0), model, examples)
    assert value(found) == pytest.approx(value(torch.stack(losses).sum()) / len(losses), abs=1e-5)


@pytest.mark.parametrize("kind", ["llama", "mistral", "t5"])
@pytest.mark.parametrize("most", [1, 40, 70])
def test_a_steps_gradient_does_not_depend_on_its_pieces(
    bases: dict[str, Path], kind: str, most: int
):
    folder = bases[kind]
    examples = rows(9)
    model = loaded(folder, kind)
    objective = objective_for(model, read_checkpoint(folder), Tokenizer(folder), examples)
    whole = objective.loss(model, examples)
    expected = gradients(model, whole)
    parts = list(pieces(examples, most))
    assert len(parts) > 1
    cut: Any = sum(objective.loss(model, part) for part in parts)
    assert value(cut) == pytest.approx(value(whole), rel=1e-5)
    same(gradients(model, cut), expected)


def test_the_loss_reads_no_other_row_and_no_token_behind(tmp_path: Path):
    folder = write_tiny(tmp_path, "llama")
    model = loaded(folder, "llama")
    first, second = rows(2)
    objective = objective_for(model, read_checkpoint(folder), Tokenizer(folder), [first, second])
    assert isinstance(objective, Packed)
    alone, other = (value(objective.loss(model, [one])) for one in (first, second))
    beside = value(objective.loss(model, [first, second])) - other
    assert beside == pytest.approx(alone, rel=1e-5)
