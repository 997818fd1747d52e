from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from promptbench.error import RunError
from promptbench.model.local import fit
from promptbench.model.local.cache import Keys, LayerShape, Shape, slots_for
from promptbench.model.local.engine import PackedEngine, PaddedEngine, engine_for, is_out_of_memory
from promptbench.model.local.fit import runner_for
from promptbench.model.local.local import LocalModel
from promptbench.model.local.runner import Runner
from promptbench.model.local.scheduler import Scheduler
from promptbench.model.local.shelf import Shelf
from promptbench.model.protocol import Setup
from promptbench.record import Request
from tests.model.tiny import LLAMA, SIZES, answers, plain_model, request, requests, texts

SHAPE = Shape((LayerShape(2, 8, 8),) * 3, torch.float32, torch.device("cpu"))
FAMILIES: dict[str, dict[str, Any]] = {
    "Llama": {},
    "Mistral": {"sliding_window": 7},
    "Qwen2": {},
    "Qwen3": {"head_dim": 8},
    "Gemma": {"head_dim": 8},
    "Gemma2": {"head_dim": 8, "sliding_window": 7},
    "Gemma3Text": {"head_dim": 8, "sliding_window": 7},
    "GPTNeoX": {"num_key_value_heads": 4},
    "Phi3": {"pad_token_id": 0},
    "OPT": {"ffn_dim": 48, "word_embed_proj_dim": 32},
}


@torch.inference_mode()
def tokens_by_key(
    engine: PackedEngine, asked: list[Request], rows: int, chunk: int
) -> dict[str, list[int]]:
    shelf = Shelf(engine.runner.shape, engine.budget)
    scheduler = Scheduler(engine.runner, engine.ends, shelf, rows, chunk)
    return {row.request.key: row.tokens for done in scheduler.run(asked) for row in done}


@pytest.fixture
def llama(opened: dict[str, LocalModel]) -> PackedEngine:
    engine = opened["llama"].engine
    assert isinstance(engine, PackedEngine)
    return engine


@pytest.mark.parametrize(("rows", "chunk"), [(1, 1), (2, 5), (5, 16), (64, 384)])
@pytest.mark.parametrize("kind", ["llama", "mistral", "qwen2", "gpt2"])
def test_tokens_do_not_depend_on_slots_or_chunks(
    opened: dict[str, LocalModel], kind: str, rows: int, chunk: int
):
    model = opened[kind]
    engine = model.engine
    assert isinstance(engine, PackedEngine)
    prompts = [*texts(6, shared=30), *texts(6, shared=60), *texts(4)]
    asked = requests(model, prompts)
    expected = tokens_by_key(engine, asked, 3, 11)
    shuffled = random.Random(rows).sample(asked, len(asked))
    assert tokens_by_key(engine, shuffled, rows, chunk) == expected


def test_every_request_is_charged_its_part_of_the_time(opened: dict[str, LocalModel]):
    model = opened["llama"]
    asked = requests(model, texts(8, shared=40))
    done = [c for batch in model.stream(asked) for c in batch]
    assert all(c.seconds > 0 for c in done)


def test_a_shared_beginning_is_read_once(
    opened: dict[str, LocalModel], llama: PackedEngine, monkeypatch: pytest.MonkeyPatch
):
    read: list[int] = []
    forward = llama.runner.forward

    def counting(tokens: list[int], step: Any, wanted: Any) -> torch.Tensor:
        read.append(sum(piece.count for piece in step.pieces))
        return forward(tokens, step, wanted)

    monkeypatch.setattr(llama.runner, "forward", counting)
    asked = requests(opened["llama"], texts(10, shared=50, longest=3))
    tokens_by_key(llama, asked, 4, 64)
    alone = sum(r.encoded.tokens for r in asked)
    assert sum(read) < alone / 5


def test_the_vocabulary_is_computed_for_new_tokens_only(
    opened: dict[str, LocalModel], llama: PackedEngine, monkeypatch: pytest.MonkeyPatch
):
    wanted_in_all = 0
    forward = llama.runner.forward

    def counting(tokens: list[int], step: Any, wanted: list[int]) -> torch.Tensor:
        nonlocal wanted_in_all
        wanted_in_all += len(wanted)
        return forward(tokens, step, wanted)

    monkeypatch.setattr(llama.runner, "forward", counting)
    found = tokens_by_key(llama, requests(opened["llama"], texts(6)), 3, 16)
    assert wanted_in_all == sum(map(len, found.values()))


def test_running_out_of_memory_halves_the_rows_and_loses_nothing(
    opened: dict[str, LocalModel], monkeypatch: pytest.MonkeyPatch
):
    model = opened["llama"]
    engine = model.engine
    assert isinstance(engine, PackedEngine)
    asked = requests(model, texts(20))
    expected = tokens_by_key(engine, asked, 4, 16)
    forward = engine.runner.forward
    refused = 0

    def tight(tokens: list[int], step: Any, wanted: Any) -> torch.Tensor:
        nonlocal refused
        if step.decoding is not None and len(step.decoding.slots) > 5:
            refused += 1
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: tried 9 bytes")
        return forward(tokens, step, wanted)

    monkeypatch.setattr(engine.runner, "forward", tight)
    rows = [row for done in engine.run(asked) for row in done]
    assert refused > 1
    assert {row.request.key: row.tokens for row in rows} == expected
    assert len(rows) == len(asked)


def test_without_memory_for_a_single_row_the_run_ends_with_a_way_out(
    opened: dict[str, LocalModel], monkeypatch: pytest.MonkeyPatch
):
    engine = opened["llama"].engine
    assert isinstance(engine, PackedEngine)

    def never(*_: object) -> torch.Tensor:
        raise MemoryError

    monkeypatch.setattr(engine.runner, "forward", never)
    with pytest.raises(RunError, match="not enough memory") as raised:
        list(engine.run(requests(opened["llama"], texts(3))))
    assert "max_tokens" in raised.value.hint


def test_an_error_that_is_not_about_memory_is_not_tried_again():
    assert is_out_of_memory(RuntimeError("CUDA out of memory. Tried ..."))
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


@pytest.mark.parametrize(
    ("budget", "slots"), [(0, 1), (10 * SHAPE.bytes_per_token, 1), (10**9, 8), (10**12, 8)]
)
def test_slots_fit_the_budget_but_one_there_always_is(budget: int, slots: int):
    assert slots_for(budget, SHAPE, [10] * 8, most=64) == slots


def test_keys_that_are_masked_out_are_no_garbage():
    kept = Keys(SHAPE, 2, 3)
    assert all(bool(torch.isfinite(t).all()) for t in (*kept.keys, *kept.values))


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Iterator[Any]:
    name = str(request.param)
    config = getattr(transformers, f"{name}Config")(**SIZES | LLAMA | FAMILIES[name])
    torch.manual_seed(1)
    yield transformers.AutoModelForCausalLM.from_config(config).eval()


def test_every_common_family_runs_packed(family: Any):
    runner = runner_for(family)
    assert isinstance(runner, Runner)


def test_a_family_without_the_attention_interface_runs_padded(opened: dict[str, LocalModel]):
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4, "n_positions": 64}
    config = transformers.GPTJConfig(**SIZES | sizes)
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    assert isinstance(engine_for(model, opened["llama"].ends), PaddedEngine)


def test_weights_are_kept_once(folders: dict[str, Path]):
    model = LocalModel("./llama", folders["llama"], Setup(folders["llama"])).loaded
    assert runner_for(model) is not None
    layers = model.model.layers
    assert all(m.weight.numel() == 0 for m in layers.modules() if isinstance(m, torch.nn.Linear))
    assert model.lm_head.weight.numel() > 0


def test_a_model_that_no_runner_serves_keeps_its_weights(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    model = LocalModel("./llama", folders["llama"], Setup(folders["llama"])).loaded
    monkeypatch.setattr(fit, "agrees", lambda *_: False)
    expected = fit.plain_logits(model)
    assert runner_for(model) is None
    assert torch.equal(fit.plain_logits(model), expected)


def test_several_samples_of_a_request_read_its_prompt_once(
    opened: dict[str, LocalModel], llama: PackedEngine, monkeypatch: pytest.MonkeyPatch
):
    read: list[int] = []
    forward = llama.runner.forward

    def counting(tokens: list[int], step: Any, wanted: Any) -> torch.Tensor:
        read.append(sum(piece.count for piece in step.pieces))
        return forward(tokens, step, wanted)

    monkeypatch.setattr(llama.runner, "forward", counting)
    (prompt,) = texts(1, shared=80)
    one = request(opened["llama"], prompt, temperature=1.0)
    asked = [replace(one, key=f"{n:02x}" * 32, repeat=n) for n in range(10)]
    found = tokens_by_key(llama, asked, 4, 64)
    assert sum(read) == one.encoded.tokens - 1 + len(asked)
    assert len(set(map(tuple, found.values()))) > 5
    (alone,) = tokens_by_key(llama, asked[3:4], 1, 16).values()
    assert found[asked[3].key] == alone


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_log_probabilities_are_those_of_the_tokens_written(
    opened: dict[str, LocalModel], kind: str
):
    model = opened[kind]
    asked = requests(model, texts(4), logprobs=True, repetition_penalty=1.5)
    plain = plain_model(model.checkpoint.folder, model.info.family)
    for rows in model.engine.run(asked):
        for row in rows:
            prompt, written = torch.tensor([row.request.encoded.ids]), torch.tensor([row.tokens])
            if kind == "t5":
                before = torch.cat([torch.zeros(1, 1, dtype=torch.long), written[:, :-1]], dim=1)
                logits = plain(input_ids=prompt, decoder_input_ids=before).logits[0]
            else:
                whole = plain(torch.cat([prompt, written], dim=1)).logits[0]
                logits = whole[prompt.shape[1] - 1 : -1]
            expected = logits.log_softmax(-1).gather(1, written.T)[:, 0]
            found = row.completion().logprobs
            assert len(found) == len(row.tokens)
            assert found == pytest.approx(expected.tolist(), abs=1e-4)


def test_log_probabilities_are_left_out_unless_asked_for(opened: dict[str, LocalModel]):
    done = answers(opened["llama"], requests(opened["llama"], texts(2)))
    assert all(completion.logprobs == () for completion in done.values())
