"""Choosing with a BERT: the likelihoods are transformers' own, one prompt at a time."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from promptbench.error import ModelError, RunError
from promptbench.model.local import encoder as module
from promptbench.model.local.batch import PADDED, by_length
from promptbench.model.local.chosen import Chosen
from promptbench.model.local.encoder import EncoderEngine, logits_at
from promptbench.model.local.head import outputs
from promptbench.model.local.mask import masked, word_tokens
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.record import Choice, Request
from tests.model.bert import KINDS, choosing, labels, write_encoder

GOOD_BAD = labels("good", "bad")
HEAD = labels("up", "down", "same")
NAMES = {0: "same", 1: "up", 2: "down"}


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny encoders are."""
    return tmp_path_factory.mktemp("encoders")


def cloze(encoders: Path, kind: str) -> EncoderEngine:
    folder = encoders / kind
    return opened(folder if folder.is_dir() else write_encoder(folder, kind))


def headed(encoders: Path, kind: str) -> EncoderEngine:
    folder = encoders / f"{kind}-head"
    if not folder.is_dir():
        write_encoder(folder, kind, "SequenceClassification", id2label=NAMES)
    return opened(folder)


@lru_cache
def opened(folder: Path) -> EncoderEngine:
    kind: Any = transformers.AutoModelForSequenceClassification
    if not folder.name.endswith("-head"):
        kind = transformers.AutoModelForMaskedLM
    return EncoderEngine(kind.from_pretrained(folder).eval(), Tokenizer(folder))


def sentences(number: int, longest: int = 30, end: str = " it was [MASK].") -> list[str]:
    draw = random.Random(number)
    words = [f"w{n}" for n in range(40)]
    return [" ".join(draw.choices(words, k=draw.randint(1, longest))) + end for _ in range(number)]


def asked(engine: EncoderEngine, texts: Sequence[str], choice: Choice) -> list[Request]:
    return [choosing(engine.tokenizer, text, choice, engine.cloze) for text in texts]


def decided(engine: EncoderEngine, requests: Sequence[Request]) -> dict[str, Chosen]:
    done = [one for batch in engine.run(requests) for one in batch]
    by_key = {one.request.key: one for one in done}
    assert len(by_key) == len(done) == len(requests)
    return by_key


def same(found: Sequence[float], expected: Sequence[float]) -> bool:
    return list(found) == pytest.approx(list(expected), abs=1e-5)


def differ(found: dict[str, Chosen]) -> bool:
    """Whether prompts lead to likelihoods of their own."""
    return len({round(one.choices[0], 3) for one in found.values()}) > len(found) / 2


@torch.inference_mode()
def alone(engine: EncoderEngine, request: Request) -> list[float]:
    """Log-probabilities as transformers computes them for one prompt without any padding."""
    ids = torch.tensor([request.encoded.ids])
    logits = engine.model(input_ids=ids).logits[0]
    if not engine.cloze:
        return logits.log_softmax(-1).tolist()
    place = request.encoded.ids.index(engine.tokenizer.inner.mask_token_id)
    return logits[place].log_softmax(-1).tolist()


# The likelihoods


@pytest.mark.parametrize("kind", KINDS)
def test_a_words_likelihood_is_that_of_its_token_at_the_mask(encoders: Path, kind: str):
    engine = cloze(encoders, kind)
    requests = asked(engine, sentences(40), GOOD_BAD)
    found = decided(engine, requests)
    inner = engine.tokenizer.inner
    for request in requests:
        everything = alone(engine, request)
        ((good,), (bad,)) = word_tokens(GOOD_BAD, request.encoded.text, engine.tokenizer)
        assert inner.decode([good]).strip() == "good"
        assert inner.decode([bad]).strip() == "bad"
        assert same(found[request.key].choices, [everything[good], everything[bad]])
    assert differ(found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_labels_likelihood_is_that_of_the_heads_output_of_its_name(encoders: Path, kind: str):
    engine = headed(encoders, kind)
    requests = asked(engine, sentences(40, end=""), HEAD)
    found = decided(engine, requests)
    for request in requests:
        kept, up, down = alone(engine, request)
        assert same(found[request.key].choices, [up, down, kept])
        assert math.fsum(map(math.exp, found[request.key].choices)) == pytest.approx(1)
    assert differ(found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_does_not_depend_on_its_batch(
    encoders: Path, kind: str, monkeypatch: pytest.MonkeyPatch
):
    for engine, end, choice in (
        (cloze(encoders, kind), " it was [MASK].", GOOD_BAD),
        (headed(encoders, kind), "", HEAD),
    ):
        requests = asked(engine, sentences(50, end=end), choice)
        together = decided(engine, requests)
        shuffled = random.Random(1).sample(requests, len(requests))
        again = decided(engine, shuffled)
        single = {k: v for one in requests for k, v in decided(engine, [one]).items()}
        for request in requests:
            expected = single[request.key].choices
            assert same(together[request.key].choices, expected)
            assert same(again[request.key].choices, expected)


def test_the_words_of_a_label_add_up_and_one_token_counts_once(encoders: Path):
    engine = cloze(encoders, "bert")
    text = sentences(1)[0]
    both = labels("yes", "no", words=[["good", "fine"], ["bad"]])
    twice = labels("yes", "no", words=[["good", "Good", "fine"], ["bad"]])
    (one,) = decided(engine, asked(engine, [text], both)).values()
    (other,) = decided(engine, asked(engine, [text], twice)).values()
    everything = alone(engine, one.request)
    ((good, fine), _) = word_tokens(both, one.request.encoded.text, engine.tokenizer)
    total = math.exp(everything[good]) + math.exp(everything[fine])
    assert one.choices[0] == pytest.approx(math.log(total), abs=1e-5)
    assert other.choices == one.choices


def test_the_words_of_a_label_play_no_part_for_a_head(encoders: Path):
    engine = headed(encoders, "bert")
    words = [["never heard", "of"], ["this"], ["x"]]
    odd = labels("up", "down", "same", words=words, normalise="characters")
    for text in sentences(3, end=""):
        (plain,) = decided(engine, asked(engine, [text], HEAD)).values()
        (other,) = decided(engine, asked(engine, [text], odd)).values()
        assert other.choices == plain.choices


def test_requests_with_different_labels_run_beside_each_other(encoders: Path):
    engine = cloze(encoders, "bert")
    first, second = sentences(2)
    requests = asked(engine, [first], GOOD_BAD) + asked(engine, [second], labels("fine", "w3"))
    found = decided(engine, requests)
    assert [len(found[request.key].choices) for request in requests] == [2, 2]
    for request in requests:
        (single,) = decided(engine, [request]).values()
        assert same(found[request.key].choices, single.choices)


def test_the_seconds_of_a_batch_are_shared(encoders: Path):
    engine = cloze(encoders, "bert")
    (batch,) = engine.run(asked(engine, sentences(6), GOOD_BAD))
    assert len({one.seconds for one in batch}) == 1
    assert batch[0].seconds > 0
    done = batch[0].completion()
    assert (done.finish_reason, done.output_tokens) == ("choice", 2)
    assert done.seconds == batch[0].seconds


def test_the_head_over_the_vocabulary_sees_the_masks_alone(encoders: Path):
    engine = cloze(encoders, "bert")
    ids = torch.tensor([asked(engine, sentences(1), GOOD_BAD)[0].encoded.ids])
    seen: list[Any] = []
    head = engine.model.cls.register_forward_pre_hook(lambda m, given: seen.append(given[0].shape))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.inference_mode():
        narrow = logits_at(engine.model, inputs, torch.tensor([2]))
        head.remove()
        whole = engine.model(**inputs).logits[:, 2]
    assert seen == [(1, 1, 32)]
    assert torch.allclose(narrow, whole, atol=1e-6)


def test_weights_that_are_not_numbers_end_the_run(tmp_path: Path):
    folder = write_encoder(tmp_path / "bert", "bert")
    engine = EncoderEngine(
        transformers.AutoModelForMaskedLM.from_pretrained(folder), Tokenizer(folder)
    )
    with torch.no_grad():
        engine.model.bert.embeddings.word_embeddings.weight[:] = float("nan")
    with pytest.raises(RunError, match="not finite"):
        decided(engine, asked(engine, sentences(1), GOOD_BAD))


def test_a_request_to_write_is_a_mistake_of_ours(encoders: Path):
    engine = cloze(encoders, "bert")
    request = choosing(engine.tokenizer, sentences(1)[0], None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be a choice"):
        decided(engine, [request])


# Batches


def test_batches_are_bounded_in_rows_and_tokens_and_hold_each_row_once():
    lengths = [random.Random(7).randint(1, 90) for _ in range(200)] + [900]
    found = list(by_length(lengths, rows=8, tokens=300))
    assert sorted(i for batch in found for i in batch) == list(range(201))
    for batch in found:
        widest = max(lengths[i] for i in batch)
        assert len(batch) <= 8
        assert len(batch) == 1 or widest * len(batch) <= 300
    assert found[0] == [200]


def test_batches_of_one_length_need_no_padding():
    lengths = [3, 5, 3, 5, 4, 3]
    found = list(by_length(lengths, rows=2, tokens=100, alike=True))
    assert [[lengths[i] for i in batch] for batch in found] == [[5, 5], [4], [3, 3], [3]]


def test_a_family_that_mixes_in_padding_is_never_padded(
    encoders: Path, monkeypatch: pytest.MonkeyPatch
):
    assert "fnet" not in PADDED
    widths: list[set[int]] = []
    plain = module.padded

    def watched(prompts: Sequence[Sequence[int]], padding: int) -> Any:
        widths.append({len(prompt) for prompt in prompts})
        return plain(prompts, padding)

    monkeypatch.setattr(module, "padded", watched)
    for kind, alike in (("fnet", True), ("bert", False)):
        widths.clear()
        engine = cloze(encoders, kind)
        decided(engine, asked(engine, sentences(30), GOOD_BAD))
        assert all(len(found) == 1 for found in widths) == alike


def test_every_family_that_is_padded_was_tested():
    assert set(KINDS) - {"fnet"} == PADDED


# The mask


@pytest.fixture(scope="module")
def bert(encoders: Path) -> Tokenizer:
    return cloze(encoders, "bert").tokenizer


@pytest.fixture(scope="module")
def roberta(encoders: Path) -> Tokenizer:
    return cloze(encoders, "roberta").tokenizer


def test_the_mask_becomes_the_tokenizers_own(bert: Tokenizer, roberta: Tokenizer):
    assert masked("it was [MASK].", bert) == "it was [MASK]."
    assert masked("it was [MASK].", roberta) == "it was <mask>."
    for tokenizer in (bert, roberta):
        ids = tokenizer.ids(masked("it was [MASK].", tokenizer))
        assert ids.count(tokenizer.inner.mask_token_id) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("it was good.", r"the prompt has no \[MASK\]"),
        ("it was <mask>.", r"the prompt has no \[MASK\]"),
        ("[MASK] it was [MASK].", "the prompt has 2 masks"),
        ("the data says <mask>, it was [MASK].", "the prompt has 2 masks"),
    ],
)
def test_a_prompt_without_exactly_one_mask_is_refused(roberta: Tokenizer, text: str, message: str):
    with pytest.raises(ModelError, match=message) as caught:
        masked(text, roberta)
    assert "Write [MASK] once" in caught.value.hint


def test_a_tokenizer_without_a_mask_is_refused(opened: dict[str, Any]):
    with pytest.raises(ModelError, match="knows no mask token") as caught:
        masked("it was [MASK].", opened["llama"].tokenizer)
    assert "mask_token" in caught.value.hint


def written(tokenizer: Tokenizer, choice: Choice, text: str) -> list[list[str]]:
    found = word_tokens(choice, masked(text, tokenizer), tokenizer)
    return [[str(tokenizer.inner.decode([token])) for token in word] for word in found]


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (["good", "was"], "it was [MASK].", [[" good"], [" was"]]),
        (["good", "was"], "[MASK] it was", [["good"], ["was"]]),
        (["good", "fine"], "it was [MASK].", [[" good"], [" fine"]]),
        (["good", "bad"], "[MASK] it was", [["good"], ["bad"]]),
        (["good", "bad"], "it (was)[MASK]", [["good"], ["bad"]]),
        # Where the form of the place is not one token for all, all take the other.
        (["good", "bad"], "it was [MASK].", [["good"], ["bad"]]),
        (["good", "fine"], "[MASK] it was", [[" good"], [" fine"]]),
        ([" good ", "fine"], "it was [MASK].", [[" good"], [" fine"]]),
    ],
)
def test_a_byte_level_word_has_the_form_of_the_masks_place(
    roberta: Tokenizer, words: list[str], text: str, expected: list[list[str]]
):
    assert written(roberta, labels(*words), text) == expected


def test_a_word_of_several_tokens_is_refused_with_its_pieces(bert: Tokenizer):
    with pytest.raises(ModelError, match=r"'awfully' is 3 tokens \(aw, ##ful, ##ly\)") as caught:
        word_tokens(labels("good", "awfully"), "it was [MASK].", bert)
    assert "another word" in caught.value.hint
    assert "classification head" in caught.value.hint


def test_words_that_are_single_tokens_only_in_different_forms_are_refused(roberta: Tokenizer):
    with pytest.raises(ModelError, match="'bad' is 2 tokens"):
        word_tokens(labels("fine", "bad"), "it was <mask>.", roberta)


def test_a_word_that_the_vocabulary_lacks_is_refused(bert: Tokenizer):
    with pytest.raises(ModelError, match="'unheard' is not in the vocabulary"):
        word_tokens(labels("good", "unheard"), "it was [MASK].", bert)


def test_labels_that_are_one_token_are_refused(bert: Tokenizer):
    with pytest.raises(ModelError, match="'good' and 'GOOD' have words that are one token"):
        word_tokens(labels("good", "GOOD"), "it was [MASK].", bert)


# The head


@pytest.mark.parametrize("order", [("same", "up", "down"), ("down", "same", "up")])
def test_labels_find_their_outputs_whatever_their_order(order: tuple[str, ...]):
    for keys in (int, str):
        config = {"id2label": {keys(n): name for n, name in NAMES.items()}}
        found = outputs(labels(*order), config)
        assert [NAMES[i] for i in found] == list(order)


def test_ten_outputs_are_in_the_order_of_their_numbers():
    config = {"id2label": {str(n): f"l{n}" for n in (10, 9, 1, 0, 2, 3, 4, 5, 6, 7, 8)}}
    assert outputs(labels(*(f"l{n}" for n in range(11))), config) == tuple(range(11))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"id2label": {"0": "up", "1": "down"}}, r"\(up, down, same\).*\(up, down\)"),
        ({"id2label": {"0": "up", "1": "down", "2": "Same"}}, r"\(up, down, Same\)"),
        ({"id2label": {"0": "up", "1": "down", "2": "same", "3": "up"}}, "same, up"),
        ({"num_labels": 3}, "LABEL_0, LABEL_1, LABEL_2"),
        ({}, "LABEL_0, LABEL_1"),
        ({"id2label": {"0": "LABEL_0"}}, "regression"),
        ({"id2label": NAMES, "problem_type": "regression"}, "regression"),
        ({"id2label": NAMES, "problem_type": "multi_label_classification"}, "several labels"),
    ],
)
def test_a_head_with_other_labels_is_refused(config: dict[str, Any], message: str):
    with pytest.raises(ModelError, match=message) as caught:
        outputs(HEAD, config)
    assert caught.value.hint
