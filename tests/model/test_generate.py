"""The local engine is exact: its greedy output is transformers' own, whatever the batch."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from promptbench.error import ModelError, RunError
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from tests.model.tiny import (
    ENDING_WORDS,
    KINDS,
    WORDS,
    answers,
    reference,
    request,
    requests,
    texts,
    told,
    write_tiny,
)


def orders(number: int) -> dict[str, list[list[int]]]:
    """Ways to hand over requests: which of them in which stream."""
    shuffled = list(range(number))
    random.Random(4).shuffle(shuffled)
    return {
        "all at once": [list(range(number))],
        "backwards": [list(range(number))[::-1]],
        "shuffled": [shuffled],
        "in pairs": [shuffled[i : i + 2] for i in range(0, number, 2)],
        "one by one": [[i] for i in range(number)],
        "some twice": [shuffled[:5], shuffled],
    }


@pytest.mark.parametrize("order", orders(1))
@pytest.mark.parametrize("kind", KINDS)
def test_greedy_output_is_that_of_transformers_alone_whatever_the_batch(
    opened: dict[str, LocalModel], kind: str, order: str
):
    model = opened[kind]
    asked = requests(model, [*texts(7), *texts(5, shared=40), WORDS[0]])
    expected = {one.key: reference(model, one) for one in asked}
    assert {reason for _, _, reason in expected.values()} == {"stop", "length"}
    for stream in orders(len(asked))[order]:
        found = answers(model, [asked[i] for i in stream])
        assert {k: told(d) for k, d in found.items()} == {k: expected[k] for k in found}


def test_within_a_longropes_context_no_prompt_turns_the_positions_of_another(tmp_path: Path):
    """Beyond it one long prompt would: transformers turns all that is read in the same step."""
    turned = {
        "rope_type": "longrope",
        "rope_theta": 10_000.0,
        "original_max_position_embeddings": 32,
        "short_factor": [1.0] * 4,
        "long_factor": [4.0, 8.0, 16.0, 32.0],
        "factor": 8.0,
    }
    model = LocalModel("x", write_tiny(tmp_path, "llama", rope_parameters=turned), Setup(tmp_path))
    assert model.info.context == 32
    asked = requests(model, [*texts(3, longest=4), *texts(3, shared=18, longest=1)])
    assert max(one.encoded.tokens + 12 for one in asked) == 32
    found = answers(model, asked)
    for one in asked:
        assert found[one.key].text == reference(model, one)[0]


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_repetition_penalty_is_that_of_transformers(opened: dict[str, LocalModel], kind: str):
    model = opened[kind]
    asked = requests(model, texts(6), repetition_penalty=1.8)
    found = answers(model, asked)
    expected = {one.key: reference(model, one, repetition_penalty=1.8) for one in asked}
    assert {k: told(d) for k, d in found.items()} == expected
    plain = answers(model, requests(model, texts(6)))
    assert {d.text for d in found.values()} != {d.text for d in plain.values()}


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_a_sampled_row_does_not_depend_on_its_batch(opened: dict[str, LocalModel], kind: str):
    model = opened[kind]
    asked = requests(model, texts(8), temperature=0.9, top_p=0.95, top_k=20)
    together = answers(model, asked)
    torch.manual_seed(99)
    apart = {k: d for one in asked[::-1] for k, d in answers(model, [one]).items()}
    assert {k: told(d) for k, d in together.items()} == {k: told(d) for k, d in apart.items()}


def test_rows_of_one_batch_keep_their_own_settings(opened: dict[str, LocalModel]):
    model = opened["llama"]
    prompts = texts(4)
    settings = [{"max_tokens": 3}, {"temperature": 1.5}, {"repetition_penalty": 2.0}, {}]
    asked = [request(model, p, **s) for p, s in zip(prompts, settings, strict=True)]
    together = answers(model, asked)
    for one in asked:
        assert told(together[one.key]) == told(answers(model, [one])[one.key])
    assert told(together[asked[3].key]) == reference(model, asked[3])


def test_another_seed_or_repeat_is_another_sample(opened: dict[str, LocalModel]):
    model = opened["llama"]
    asked = [request(model, texts(1)[0], temperature=1.5, seed=seed) for seed in range(6)]
    assert len({done.text for done in answers(model, asked).values()}) > 3


def test_more_requests_than_are_looked_at_together_are_all_answered(
    opened: dict[str, LocalModel],
):
    model = opened["llama"]
    asked = requests(model, dict.fromkeys(texts(700, longest=6)), max_tokens=1)
    assert len(asked) > 550
    found = answers(model, asked)
    assert told(found[asked[-1].key]) == reference(model, asked[-1])


def test_no_requests_are_no_batches(opened: dict[str, LocalModel]):
    assert list(opened["llama"].stream([])) == []


# Where an output ends


def long_output(model: LocalModel) -> tuple[str, list[str]]:
    """A prompt with a long greedy output of several different words, and these words."""
    for prompt in texts(40):
        words = answers(model, [one := request(model, prompt)])[one.key].text.split()
        if len(words) >= 8 and len(set(words[:5])) == 5:
            return prompt, words
    raise AssertionError("no prompt of the tiny model does")


def test_a_stop_string_ends_its_own_row_only(opened: dict[str, LocalModel]):
    model = opened["llama"]
    prompt, words = long_output(model)
    stopped = request(model, prompt, stop=(f" {words[3]}", "never"))
    others = requests(model, texts(3))
    found = answers(model, [others[0], stopped, *others[1:]])
    done = found[stopped.key]
    assert told(done) == (" ".join(words[:3]), 4, "stop_string")
    for other in others:
        assert told(found[other.key]) == reference(model, other)


def test_a_stop_string_may_span_tokens_and_the_first_in_the_text_counts(
    opened: dict[str, LocalModel],
):
    model = opened["llama"]
    prompt, words = long_output(model)
    one = request(model, prompt, stop=(f"{words[4]}", f"{words[1]} {words[2]}"))
    assert told(answers(model, [one])[one.key]) == (words[0], 3, "stop_string")


def test_a_stop_string_is_a_text_and_no_list_of_characters(opened: dict[str, LocalModel]):
    model = opened["llama"]
    prompt, words = long_output(model)
    # Its characters are all in the output, it is not.
    one = request(model, prompt, stop=(f"{words[0]}{words[1]}",))
    assert told(answers(model, [one])[one.key])[1:] == (12, "length")


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_max_tokens_is_a_bound_for_each_row(opened: dict[str, LocalModel], kind: str):
    model = opened[kind]
    asked = [request(model, texts(1)[0], max_tokens=n) for n in (1, 2, 5)]
    found = answers(model, asked)
    assert [told(found[one.key]) for one in asked] == [reference(model, one) for one in asked]
    assert max(found[one.key].output_tokens - one.sampling.max_tokens for one in asked) <= 0


def test_an_end_token_that_is_an_ordinary_word_is_no_part_of_the_answer(
    opened: dict[str, LocalModel],
):
    model = opened["llama"]
    asked = requests(model, texts(40))
    done = list(answers(model, asked).values())
    assert {d.finish_reason for d in done} == {"stop", "length"}
    assert [d.text for d in done if set(ENDING_WORDS) & set(d.text.split())] == []


def test_the_prompt_length_is_that_of_the_ids(opened: dict[str, LocalModel]):
    model = opened["llama"]
    asked = requests(model, texts(4))
    found = answers(model, asked)
    assert [found[one.key].prompt_tokens for one in asked] == [len(o.encoded.ids) for o in asked]
    assert all(done.seconds > 0 for done in found.values())


# Weights that are wrong


def change(folder: Path, name: str, row: int | None = None, value: float = float("nan")) -> None:
    """Overwrite a tensor of the weights, or one row of it."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors[name][slice(None) if row is None else row] = value
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_numbers_end_the_run(folder: Path, value: float):
    change(folder, "model.layers.0.mlp.up_proj.weight", value=value)
    model = LocalModel("x", folder, Setup(folder))
    with pytest.raises(RunError, match="not finite") as caught:
        answers(model, requests(model, texts(3)))
    assert "damaged" in caught.value.hint


def test_numbers_that_break_only_after_the_first_token_end_the_run_too(
    folder: Path, opened: dict[str, LocalModel]
):
    prompt, words = long_output(opened["llama"])
    change(folder, "model.embed_tokens.weight", row=4 + WORDS.index(words[2]))
    model = LocalModel("x", folder, Setup(folder))
    assert words[2] not in prompt.split()
    with pytest.raises(RunError, match="not finite"):
        answers(model, [request(model, prompt)])


def test_a_missing_tensor_is_refused_and_not_made_up(folder: Path):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    model = LocalModel("x", folder, Setup(folder))
    with pytest.raises(ModelError, match=r"missing, such as model.layers.1.mlp.up_proj"):
        answers(model, requests(model, texts(1)))


def test_a_tensor_of_another_shape_is_refused(folder: Path):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["model.layers.1.mlp.up_proj.weight"] = torch.zeros(9, 32)
    save_file(tensors, path, metadata={"format": "pt"})
    model = LocalModel("x", folder, Setup(folder))
    with pytest.raises(ModelError):
        answers(model, requests(model, texts(1)))


def test_a_model_with_tied_weights_lacks_nothing(tmp_path: Path):
    model = LocalModel(
        "x", write_tiny(tmp_path / "t", "llama", tie_word_embeddings=True), Setup(tmp_path)
    )
    one = request(model, texts(1)[0])
    assert told(answers(model, [one])[one.key]) == reference(model, one)


def test_opening_a_model_loads_no_weights(folders: dict[str, Path]):
    model = LocalModel("x", folders["llama"], Setup(folders["llama"]))
    model.encode(request(model, "w1 w2").messages)
    assert "loaded" not in vars(model)


@pytest.mark.parametrize("settings", [{"decoder_start_token_id": 5}, {}])
def test_the_first_token_of_a_decoder_is_read_or_missed_out_loud(
    tmp_path: Path, settings: dict[str, int]
):
    folder = write_tiny(tmp_path / "t5", "t5")
    for name, more in (("config.json", {}), ("generation_config.json", settings)):
        config = json.loads((folder / name).read_text())
        config.pop("decoder_start_token_id", None)
        (folder / name).write_text(json.dumps(config | more))
    model = LocalModel("x", folder, Setup(folder))
    one = request(model, texts(1)[0])
    if settings:
        assert told(answers(model, [one])[one.key]) == reference(model, one)
    else:
        with pytest.raises(ModelError, match="which token an output begins with"):
            answers(model, [one])
