"""Choices among labels: each label's log-likelihood is what transformers alone makes of it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
import torch

from promptbench.model.local.branch import ROOT, tree_of
from promptbench.model.local.chosen import Chosen, Heard, choose
from promptbench.model.local.engine import PackedEngine
from promptbench.model.local.local import LocalModel
from promptbench.model.local.scheduler import Scheduler
from promptbench.model.local.shelf import Shelf
from promptbench.record import Choice, Request
from tests.model.tiny import answers, plain_model, request, requests, texts

LABELS = ("w5", "w5 w6", "w5 w6 w9", "w20 w21 w22", "w20 w30", "w44")
CHOICE = Choice(LABELS, tuple((label,) for label in LABELS))
DECODERS = ["llama", "mistral", "qwen2", "gpt2"]


def asked_to_choose(
    model: LocalModel, prompts: list[str], choice: Choice = CHOICE
) -> list[Request]:
    return [request(model, prompt, choice=choice) for prompt in prompts]


@torch.inference_mode()
def plainly(model: LocalModel, asked: Request, word: str) -> float:
    """A word's log-likelihood from the logits of prompt and word, nothing shared."""
    plain = plain_model(model.checkpoint.folder, model.info.family)
    tokens = model.tokenizer.inner(word, add_special_tokens=False)["input_ids"]
    prompt = list(asked.encoded.ids)
    logits = plain(torch.tensor([prompt + tokens])).logits[0].log_softmax(-1)
    places = range(len(prompt) - 1, len(prompt) + len(tokens) - 1)
    return sum(float(logits[at, token]) for at, token in zip(places, tokens, strict=True))


@torch.inference_mode()
def chosen(
    engine: PackedEngine, asked: list[Request], rows: int, chunk: int
) -> dict[str, tuple[float, ...]]:
    shelf = Shelf(engine.runner.shape, engine.budget)
    scheduler = Scheduler(engine.runner, engine.ends, shelf, rows, chunk)
    found = [one for done in scheduler.run(asked) for one in done]
    return {one.request.key: one.choices for one in found if isinstance(one, Chosen)}


def packed(model: LocalModel) -> PackedEngine:
    assert isinstance(model.engine, PackedEngine)
    return model.engine


@pytest.mark.parametrize("kind", DECODERS)
def test_a_labels_log_likelihood_is_that_of_transformers_alone(
    opened: dict[str, LocalModel], kind: str
):
    model = opened[kind]
    asked = asked_to_choose(model, [*texts(5), *texts(4, shared=40)])
    found = answers(model, asked)
    for one in asked:
        expected = [plainly(model, one, label) for label in LABELS]
        done = found[one.key]
        assert done.choices == pytest.approx(expected, abs=1e-4)
        assert done.text == LABELS[expected.index(max(expected))]
        assert (done.finish_reason, done.error) == ("choice", "")


@pytest.mark.parametrize(("rows", "chunk"), [(1, 1), (2, 5), (3, 16), (64, 384)])
@pytest.mark.parametrize("kind", DECODERS)
def test_choices_do_not_depend_on_slots_chunks_or_order(
    opened: dict[str, LocalModel], kind: str, rows: int, chunk: int
):
    model = opened[kind]
    asked = asked_to_choose(model, [*texts(6, shared=30), *texts(5)])
    expected = chosen(packed(model), asked, 4, 11)
    shuffled = random.Random(rows).sample(asked, len(asked))
    found = chosen(packed(model), shuffled, rows, chunk)
    assert found.keys() == expected.keys()
    for key, values in found.items():
        assert values == pytest.approx(expected[key], abs=1e-4)


def test_writing_and_choosing_go_together(opened: dict[str, LocalModel]):
    model = opened["llama"]
    written = requests(model, texts(6, shared=20))
    asked = asked_to_choose(model, texts(6, shared=20))
    together = answers(model, [*written, *asked])
    assert {k: d.text for k, d in answers(model, written).items()} == {
        one.key: together[one.key].text for one in written
    }
    for key, done in answers(model, asked).items():
        assert together[key].choices == pytest.approx(done.choices, abs=1e-4)


def test_a_prompt_is_read_once_for_all_its_labels(
    opened: dict[str, LocalModel], monkeypatch: pytest.MonkeyPatch
):
    model = opened["llama"]
    read: list[int] = []
    runner = packed(model).runner
    forward = runner.forward

    def counting(tokens: list[int], step: Any, wanted: Any) -> torch.Tensor:
        read.append(len(tokens))
        return forward(tokens, step, wanted)

    monkeypatch.setattr(runner, "forward", counting)
    (asked,) = asked_to_choose(model, texts(1, shared=50))
    answers(model, [asked])
    inside = len({("w5",), ("w5", "w6"), ("w20",), ("w20", "w21")})
    assert sum(read) == asked.encoded.tokens + inside


def test_normalising_divides_by_tokens_or_characters(opened: dict[str, LocalModel]):
    model = opened["llama"]
    (prompt,) = texts(1)
    by = {}
    for normalise in ("none", "tokens", "characters"):
        choice = replace(CHOICE, normalise=normalise)
        (done,) = answers(model, asked_to_choose(model, [prompt], choice)).values()
        by[normalise] = done.choices
    for place, label in enumerate(LABELS):
        total = by["none"][place]
        assert by["tokens"][place] == pytest.approx(total / len(label.split()))
        assert by["characters"][place] == pytest.approx(total / len(label))


def test_the_words_of_a_label_are_alternatives(opened: dict[str, LocalModel]):
    model = opened["llama"]
    (prompt,) = texts(1)
    several = Choice(("one", "two"), (("w5", "w44"), ("w20",)))
    (done,) = answers(model, asked_to_choose(model, [prompt], several)).values()
    single = Choice(("a", "b", "c"), (("w5",), ("w44",), ("w20",)))
    (apart,) = answers(model, asked_to_choose(model, [prompt], single)).values()
    first, second, third = apart.choices
    logs = torch.tensor([first, second], dtype=torch.float64)
    assert done.choices == pytest.approx((float(logs.logsumexp(0)), third), abs=1e-6)


def test_equals_go_to_the_first_label(opened: dict[str, LocalModel]):
    (asked,) = asked_to_choose(opened["llama"], texts(1), Choice(("a", "b"), (("w5",), ("w6",))))
    assert choose(asked, [[Heard(-1.0, 1)], [Heard(-1.0, 1)]]).completion().text == "a"


def test_a_tree_reads_each_common_beginning_once():
    tree = tree_of(((1, 2, 3), (1, 2, 4), (1, 5), (6,)))
    assert (tree.tokens, tree.depths) == ([1, 2], [0, 1])
    assert {n: list(after) for n, after in tree.following.items()} == {
        ROOT: [1, 6],
        0: [2, 5],
        1: [3, 4],
    }
    assert tree.ancestors.tolist() == [[True, False], [True, True]]
