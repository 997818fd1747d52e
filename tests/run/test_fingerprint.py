"""Rows 1 to 4 of the failures: what must be in a fingerprint, and what must not."""

from dataclasses import replace

import pytest

from promptbench.record import Encoded, Message, Sampling
from promptbench.run.fingerprint import fingerprint
from tests.fake import FakeBackend
from tests.run.workspace import Workspace

ENCODED = Encoded("<user>hi", (1, 2, 3), 3)
SERVED = Encoded("hi", (), 3)
HI = (Message("user", "hi"),)
WARM = Sampling(temperature=0.7, top_p=0.9, top_k=40, seed=1, stop=("\n",))


def key(
    identity: str = "weights",
    encoded: Encoded = ENCODED,
    messages: tuple[Message, ...] = HI,
    sampling: Sampling = WARM,
    repeat: int = 0,
) -> str:
    return fingerprint(identity, encoded, messages, sampling, repeat)


def test_equal_requests_have_equal_fingerprints():
    assert key() == key(encoded=replace(ENCODED), sampling=replace(WARM))
    assert len(key()) == 64


def test_another_model_is_another_fingerprint():
    assert key("weights") != key("weights with one byte flipped")


def test_other_input_ids_are_another_fingerprint():
    assert key() != key(encoded=replace(ENCODED, ids=(1, 2, 4)))


def test_where_ids_are_known_the_text_that_they_came_from_does_not_count():
    assert key() == key(messages=(Message("user", "HI"),))


@pytest.mark.parametrize(
    "messages",
    [
        (Message("user", "HI"),),
        (Message("system", "hi"),),
        (Message("user", "hi"), Message("assistant", "")),
    ],
)
def test_a_server_without_ids_is_told_apart_by_the_messages(messages: tuple[Message, ...]):
    assert key(encoded=SERVED) != key(encoded=SERVED, messages=messages)


@pytest.mark.parametrize(
    "change",
    [
        {"max_tokens": 12},
        {"temperature": 0.8},
        {"temperature": 0.0},
        {"top_p": 0.8},
        {"top_k": 41},
        {"repetition_penalty": 1.1},
        {"stop": ("\n", "END")},
        {"stop": ()},
        {"seed": 2},
    ],
)
def test_every_sampling_setting_is_in_it(change: dict[str, object]):
    assert key() != key(sampling=replace(WARM, **change))  # type: ignore[arg-type]


def test_the_repeat_is_in_it():
    assert len({key(repeat=n) for n in range(5)}) == 5


def test_greedy_output_knows_no_seed():
    cold = replace(WARM, temperature=0.0)
    assert key(sampling=cold) == key(sampling=replace(cold, seed=2, top_k=9, top_p=0.5))


def test_the_order_of_stop_strings_does_not_count():
    assert key(sampling=replace(WARM, stop=("a", "b"))) == key(
        sampling=replace(WARM, stop=("b", "a"))
    )


def test_a_checkpoint_overwritten_under_the_same_name_reuses_nothing(
    workspace: Workspace, fake: FakeBackend
):
    first = workspace.run()
    fake.behaviour.weights = "trained on"
    second = workspace.run()
    assert (first.generated, second.generated, second.reused) == (12, 12, 0)
    assert first.run_id != second.run_id


def test_another_model_with_the_same_prompts_reuses_nothing(workspace: Workspace):
    workspace.run()
    assert workspace.run(models=("fake:b",)).reused == 0
