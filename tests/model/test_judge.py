"""The likelihood of a continuation is the same beside others as alone, by any model."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import transformers

from promptbench.error import RunError
from promptbench.model.local import judge as module
from promptbench.model.local.convert import converted, is_ready
from promptbench.model.local.judge import judge
from promptbench.model.protocol import quiet
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.record import Encoded, Message, Request, Sampling

VOCABULARY = 70
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "initializer_range": 0.6,
}
GPT: dict[str, Any] = {"n_embd": 32, "n_layer": 2, "n_head": 4}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "gptj": ("GPTJForCausalLM", GPT | {"rotary_dim": 4, "n_positions": 128}),
    "bloom": ("BloomForCausalLM", {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "falcon": (
        "FalconForCausalLM",
        {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "alibi": False},
    ),
    "falcon-alibi": (
        "FalconForCausalLM",
        {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "alibi": True},
    ),
    "gpt2": ("GPT2LMHeadModel", GPT | {"n_positions": 128}),
    "mistral": (
        "MistralForCausalLM",
        {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
        | {"num_attention_heads": 4, "num_key_value_heads": 2, "sliding_window": 6},
    ),
    "t5": (
        "T5ForConditionalGeneration",
        {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}
        | {"decoder_start_token_id": 0, "initializer_factor": 2.0},
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest) -> Any:
    return tiny(request.param)


def tiny(kind: str) -> Any:
    name, sizes = KINDS[kind]
    made: Any = getattr(transformers, name)
    torch.manual_seed(3)
    return made(made.config_class(**SIZES | sizes)).eval()


def prompt(*ids: int) -> Request:
    encoded = Encoded("", ids, len(ids))
    return Request("0" * 64, (Message("user", ""),), encoded, Sampling())


def drawn(number: int, longest: int = 6) -> list[tuple[int, ...]]:
    draw = random.Random(number)
    return [
        tuple(draw.choices(range(3, VOCABULARY), k=draw.randint(1, longest))) for _ in range(number)
    ]


@torch.inference_mode()
def alone(model: Any, ids: tuple[int, ...], continuation: tuple[int, ...]) -> float:
    """The plainest way: one pass over prompt and continuation, without a cache or padding."""
    if model.config.is_encoder_decoder:
        before = torch.tensor([[model.config.decoder_start_token_id, *continuation[:-1]]])
        logits = model(input_ids=torch.tensor([ids]), decoder_input_ids=before).logits[0]
    else:
        logits = model(input_ids=torch.tensor([[*ids, *continuation]])).logits[0, len(ids) - 1 : -1]
    shares = logits.float().log_softmax(-1)
    return sum(float(shares[i, token]) for i, token in enumerate(continuation))


@pytest.mark.parametrize("length", [1, 3, 9, 40])
def test_a_continuation_beside_others_is_what_it_is_alone(model: Any, length: int):
    ids = tuple(random.Random(length).choices(range(3, VOCABULARY), k=length))
    continuations = drawn(40)
    heard = judge(prompt(*ids), model, continuations)
    expected = [alone(model, ids, continuation) for continuation in continuations]
    assert [one.total for one in heard] == pytest.approx(expected, abs=1e-4)
    assert [one.tokens for one in heard] == [len(tokens) for tokens in continuations]


def test_continuations_of_one_token_are_told_by_the_prompt(model: Any):
    ids = (5, 9, 11)
    heard = judge(prompt(*ids), model, [(4,), (60,)])
    expected = [alone(model, ids, (4,)), alone(model, ids, (60,))]
    assert [one.total for one in heard] == pytest.approx(expected, abs=1e-4)


def test_the_probabilities_of_all_first_tokens_are_one(model: Any):
    heard = judge(prompt(7, 8), model, [(token,) for token in range(VOCABULARY)])
    assert torch.tensor([one.total for one in heard]).exp().sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("kind", ["gptj", "t5"])
def test_what_is_asked_twice_is_judged_once(kind: str, monkeypatch: pytest.MonkeyPatch):
    model = tiny(kind)
    rows: list[int] = []
    plain = module.sums

    def watched(logits: torch.Tensor, tokens: Any) -> list[float]:
        rows.append(len(tokens))
        return plain(logits, tokens)

    monkeypatch.setattr(module, "sums", watched)
    first, second, third = judge(prompt(7, 8), model, [(4, 5), (6, 7), (4, 5)])
    assert rows == [2]
    assert first == third != second


@pytest.mark.parametrize("kind", ["bloom", "t5"])
def test_batches_are_bounded(kind: str, monkeypatch: pytest.MonkeyPatch):
    model = tiny(kind)
    continuations = drawn(30)
    whole = judge(prompt(*range(3, 13)), model, continuations)
    monkeypatch.setattr(module, "MAX_TOKENS", 40)
    parts = judge(prompt(*range(3, 13)), model, continuations)
    assert [p.total for p in parts] == pytest.approx([w.total for w in whole], abs=1e-4)


@pytest.mark.parametrize("kind", ["gptj", "t5"])
def test_weights_that_are_not_numbers_end_the_run(kind: str):
    model = tiny(kind)
    with torch.no_grad():
        next(model.parameters())[:] = float("nan")
    with pytest.raises(RunError, match="not finite"):
        judge(prompt(4, 5), model, [(6, 7)])


@pytest.mark.slow
@pytest.mark.skipif(
    not is_ready(EMBEDDED["t5-titler"], cache_folder()),
    reason="`promptbench models pull t5-titler` was not run",
)
def test_a_real_t5_tells_two_labels_apart_as_it_would_alone():
    folder = converted(EMBEDDED["t5-titler"], cache_folder(), quiet)
    model: Any = transformers.T5ForConditionalGeneration.from_pretrained(folder).eval()
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    text = "Is this message about money or about travel? The train to Lyon leaves at nine."
    ids = tuple(tokenizer(text)["input_ids"])
    words = [tuple(tokenizer(w)["input_ids"]) for w in ("money and accounting", "travel")]
    heard = judge(prompt(*ids), model, words)
    expected = [alone(model, ids, tokens) for tokens in words]
    assert [one.total for one in heard] == pytest.approx(expected, abs=1e-4)
    assert heard[1].total > heard[0].total
