"""A GGUF answers as llama.cpp itself does, the same whatever else it is asked."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from promptbench.error import RunError
from promptbench.model.llama_cpp import reader as reading
from promptbench.model.llama_cpp.choose import log_shares
from promptbench.model.llama_cpp.model import LlamaCppModel
from promptbench.model.llama_cpp.reader import BLOCK, threads
from promptbench.model.local.chosen import log_sum
from promptbench.model.protocol import Setup, Speaker
from promptbench.model.spec import open_model
from promptbench.record import Choice, Completion, Message, Request, Sampling
from tests.llama import SMOLLM2, answers, asking, in_full, llama_cpp, opened
from tests.model.llama_cpp.tiny import CONTEXT, write_tiny

QUESTIONS = (
    "What is the capital of France?",
    "Name 3 colours.",
    "Is 7 > 12?",
    "Write to Ann that the meeting on 4 May is moved to 3 pm.",
)
GREEDY = Sampling(max_tokens=16, logprobs=True)
SENTIMENT = Choice(("good", "bad"), (("positive", "great"), ("negative",)))


@lru_cache(maxsize=1)
def smollm2() -> LlamaCppModel:
    return opened("gguf:smollm2")


@pytest.fixture
def tiny(tmp_path: Path) -> LlamaCppModel:
    return opened(f"gguf:{write_tiny(tmp_path / 'tiny.gguf')}")


@lru_cache(maxsize=1)
def reference() -> object:
    """The package's own way to run the file."""
    return llama_cpp.Llama(str(SMOLLM2), n_ctx=512, n_threads=1, n_threads_batch=1, verbose=False)


def outcome(done: Completion) -> Completion:
    """What must be the same each time."""
    return replace(done, seconds=0.0)


def alone(model: LlamaCppModel, request: Request) -> Completion:
    """A completion by a model that has read nothing before."""
    model.release()
    return outcome(answers(model, [request])[request.key])


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_greedy_answer_is_that_of_the_package_itself(question: str):
    request = asking(smollm2(), question, GREEDY)
    theirs = reference().create_chat_completion(  # type: ignore[attr-defined]
        [{"role": "user", "content": question}], max_tokens=16, temperature=0
    )
    done = answers(smollm2(), [request])[request.key]
    choice, usage = theirs["choices"][0], theirs["usage"]
    assert done.text == choice["message"]["content"].strip()
    assert done.finish_reason == choice["finish_reason"]
    assert done.prompt_tokens == usage["prompt_tokens"]
    # The package does not count the token that ends an answer.
    assert done.output_tokens == usage["completion_tokens"] + (done.finish_reason == "stop")


def test_the_tokens_and_their_ends_tell_the_text():
    request = asking(smollm2(), QUESTIONS[1], GREEDY)
    done = answers(smollm2(), [request])[request.key]
    assert len(done.logprobs) == len(done.ends) == done.output_tokens
    assert done.ends[-1] == len(done.text)
    assert max(done.logprobs) <= 0


def settings() -> list[Sampling]:
    return [
        GREEDY,
        Sampling(max_tokens=12, temperature=0.9, top_p=0.9, top_k=40),
        Sampling(max_tokens=12, repetition_penalty=1.3),
        Sampling(max_tokens=12, stop=("a", " the")),
        Sampling(choice=SENTIMENT),
    ]


def varied(model: LlamaCppModel, count: int) -> list[Request]:
    """Prompts that share beginnings of many lengths, up to all but their last token."""
    drawn = random.Random(4)
    words = [drawn.choice("abcdefgh") for _ in range(4 * BLOCK)]
    made = []
    for number in range(count):
        length = drawn.choice((1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 5))
        text = " ".join([*words[:length], drawn.choice("ijklm"), *"xy"[: number % 3]])
        made.append(asking(model, text, settings()[number % 5]))
    return list({request.key: request for request in made}.values())


def test_an_answer_does_not_depend_on_what_was_asked_before(tiny: LlamaCppModel):
    requests = varied(tiny, 60)
    expected = {request.key: alone(tiny, request) for request in requests}
    for seed in range(3):
        order = random.Random(seed).sample(requests, len(requests))
        for request in order:  # one stream each: nothing is sorted
            done = outcome(answers(tiny, [request])[request.key])
            assert done == expected[request.key]
    together = answers(tiny, requests)
    assert {key: outcome(done) for key, done in together.items()} == expected


def test_the_sums_do_depend_on_how_many_tokens_are_read_at_once(
    tiny: LlamaCppModel, monkeypatch: pytest.MonkeyPatch
):
    """Which is why the test above can fail."""
    requests = varied(tiny, 60)
    expected = {request.key: alone(tiny, request) for request in requests}
    monkeypatch.setattr(reading, "BLOCK", 1)
    moved = {request.key: alone(tiny, request) for request in requests}
    assert moved != expected


def test_what_prompts_begin_with_alike_is_read_once(
    tiny: LlamaCppModel, monkeypatch: pytest.MonkeyPatch
):
    read: list[int] = []
    decode = reading.Reader.decode

    def counting(self: reading.Reader, tokens: list[int]) -> None:
        read.append(len(tokens))
        decode(self, tokens)

    monkeypatch.setattr(reading.Reader, "decode", counting)
    beginning = " ".join("abcd" * BLOCK)
    once = Sampling(max_tokens=1)
    requests = [asking(tiny, f"{beginning} {end}", once) for end in "efghij"]
    answers(tiny, requests)
    length = requests[0].encoded.tokens
    assert length > 4 * BLOCK
    assert sum(read) < length + len(requests) * BLOCK


def test_a_repeat_draws_another_answer_and_the_same_one_each_time(tiny: LlamaCppModel):
    drawing = Sampling(max_tokens=12, temperature=1.0)
    repeats = [asking(tiny, "he", drawing, repeat) for repeat in range(3)]
    found = answers(tiny, repeats)
    assert len({done.text for done in found.values()}) == 3
    assert {k: outcome(d) for k, d in found.items()} == {
        r.key: alone(tiny, r) for r in reversed(repeats)
    }


def test_a_stop_string_ends_the_answer_and_is_none_of_it():
    whole = asking(smollm2(), QUESTIONS[3], replace(GREEDY, logprobs=False))
    text = answers(smollm2(), [whole])[whole.key].text
    stop = text.split()[2]
    request = asking(smollm2(), QUESTIONS[3], replace(whole.sampling, stop=(stop,)))
    done = answers(smollm2(), [request])[request.key]
    assert done.finish_reason == "stop_string"
    assert done.text == text[: text.index(stop)].strip()


def test_labels_are_weighed_as_the_steps_of_writing_them_are(tiny: LlamaCppModel):
    """One word after another, without sharing: the sums of the tokens' log-probabilities."""
    choice = Choice(("a", "b", "c"), (("hello", "he"), ("hel",), ("zebra", "z")))
    request = asking(tiny, "el", Sampling(choice=choice))
    done = answers(tiny, [request])[request.key]
    reader = tiny.reader
    for label, words in enumerate(choice.words):
        totals = []
        for way in tiny.vocabulary.continue_with(request.encoded, words):
            logits, total = reader.read(request.encoded.ids), 0.0
            for token in way:
                total += float(log_shares(logits)[token])
                logits = reader.step(token)
            totals.append(total)
        assert done.choices[label] == pytest.approx(log_sum(totals), abs=1e-9)
    assert done.text == choice.labels[done.choices.index(max(done.choices))]
    assert done.finish_reason == "choice"


def test_the_room_that_labels_take_is_that_of_the_longest(tiny: LlamaCppModel):
    choice = Choice(("a", "b"), (("he",), ("hello",)))
    (short,), (long,) = (
        tiny.vocabulary.continuations("", " ", (word,)) for word in ("he", "hello")
    )
    assert tiny.room(Sampling(choice=choice)) == max(len(short), len(long))
    assert tiny.room(Sampling(max_tokens=7)) == 7


def test_the_context_grows_with_what_is_asked(tiny: LlamaCppModel):
    short, long = (asking(tiny, "a " * n, Sampling(max_tokens=4)) for n in (10, 900))
    first = alone(tiny, short)
    size = tiny.reader.size
    expected = alone(tiny, long)
    assert tiny.reader.size > size
    assert outcome(answers(tiny, [short])[short.key]) == first
    tiny.release()
    found = answers(tiny, [short, long])
    assert outcome(found[long.key]) == expected
    assert tiny.reader.size < CONTEXT


def test_more_memory_than_is_allowed_is_an_error_before_it_is_taken(tmp_path: Path):
    path = write_tiny(tmp_path / "tiny.gguf")
    model = open_model(f"gguf:{path}", Setup(tmp_path, max_memory=10_000))
    request = asking(model, "a " * 900, Sampling(max_tokens=4))
    with pytest.raises(RunError, match="beside the weights") as caught:
        answers(model, [request])
    assert "--max-memory" in caught.value.hint


def test_a_request_that_fails_fails_alone(tiny: LlamaCppModel):
    good = asking(tiny, "he", GREEDY)
    expected = alone(tiny, good)
    bad = replace(good, key="f" * 64, encoded=replace(good.encoded, ids=(1, 10**6)))
    found = answers(tiny, [bad, good])
    assert "llama.cpp could not read the prompt" in found[bad.key].error
    assert outcome(found[good.key]) == expected


def test_numbers_that_are_none_end_the_run(tmp_path: Path):
    model = opened(f"gguf:{write_tiny(tmp_path / 'nan.gguf', fill=float('nan'))}")
    with pytest.raises(RunError, match="not finite"):
        answers(model, [asking(model, "he", GREEDY)])


def test_released_weights_are_loaded_again(tiny: LlamaCppModel):
    request = asking(tiny, "he", GREEDY)
    first = answers(tiny, [request])
    loaded = tiny.reader
    tiny.release()
    tiny.release()
    assert loaded.context is None
    again = answers(tiny, [request])
    assert tiny.reader is not loaded
    assert outcome(again[request.key]) == outcome(first[request.key])


@pytest.mark.parametrize("stop", [(), ("e",), ("never there",)])
def test_what_is_heard_while_it_is_written_is_the_answer(
    tiny: LlamaCppModel, stop: tuple[str, ...]
):
    assert isinstance(tiny, Speaker)
    for text in ("he", "el b", "🚂"):
        request = asking(tiny, text, Sampling(max_tokens=20, stop=stop))
        heard: list[str] = []
        done = tiny.speak(request, heard.append)
        assert "".join(heard) == done.text
        assert outcome(done) == alone(tiny, request)


def test_whoever_interrupts_can_ask_again(tiny: LlamaCppModel):
    request = asking(tiny, "he el", Sampling(max_tokens=20))

    def interrupt(piece: str) -> None:
        raise KeyboardInterrupt

    expected = alone(tiny, request)
    with pytest.raises(KeyboardInterrupt):
        tiny.speak(request, interrupt)
    assert outcome(tiny.speak(request, lambda piece: None)) == expected


@pytest.mark.parametrize(("said", "count"), [("3", 3), ("0", None), ("many", None)])
def test_as_many_threads_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, said: str, count: int | None
):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert threads() == count if count else threads() >= 1


def test_nothing_is_said_on_the_terminal_and_torch_is_not_needed():
    code = """
import json, sys
from pathlib import Path
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.record import Message, Request, Sampling
model = open_model("gguf:smollm2", Setup(Path(".")))
messages = (Message("user", "Hello"),)
request = Request("a" * 64, messages, model.encode(messages), Sampling(max_tokens=2))
texts = [done.text for batch in model.stream([request]) for done in batch]
heavy = sorted({"torch", "transformers"} & set(sys.modules))
model.release()
print(json.dumps([len(texts), heavy]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    assert json.loads(done.stdout) == [1, []]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """smollm2 without the rounding of sums to whole numbers that its format brings."""
    path = in_full(tmp_path_factory.mktemp("full"))
    yield path
    path.unlink()


@pytest.mark.slow
def test_with_weights_written_out_it_is_the_model_of_the_local_engine(full: Path):
    local, model = open_model("smollm2", Setup(Path.cwd())), opened(f"gguf:{full}")
    texts = [*QUESTIONS, "Say it in French: good morning, the train is late."]
    pairs = [(asking(local, t, GREEDY), asking(model, t, GREEDY)) for t in texts]
    theirs = answers(local, [left for left, _ in pairs])
    ours = answers(model, [right for _, right in pairs])
    same = 0
    for left, right in pairs:
        expected, found = theirs[left.key], ours[right.key]
        assert found.logprobs[0] == pytest.approx(expected.logprobs[0], abs=0.02)
        if found.text == expected.text:  # a tie may lead elsewhere
            same += 1
            assert found.logprobs == pytest.approx(expected.logprobs, abs=0.02)
    assert same >= len(texts) - 2


@pytest.mark.slow
def test_a_quantised_model_knows_nearly_what_the_exact_one_knows():
    """Log-probabilities of fixed labels: the two correlate, and are not the same."""
    local = open_model("smollm2", Setup(Path.cwd()))
    choice = Choice(("good", "bad", "late"), (("good",), ("bad",), ("late",)))
    texts = [f"In one word, how is {what}?" for what in ("rain", "a cake", "the bus", "a war")]
    pairs = []
    for text in texts:
        both = [asking(model, text, Sampling(choice=choice)) for model in (local, smollm2())]
        exact = answers(local, [both[0]])[both[0].key]
        rounded = answers(smollm2(), [both[1]])[both[1].key]
        pairs += zip(exact.choices, rounded.choices, strict=True)
    assert statistics.correlation(*zip(*pairs, strict=True)) > 0.95
    assert all(a != b for a, b in pairs)


@pytest.mark.slow
def test_with_floats_too_an_answer_does_not_depend_on_what_was_asked_before(full: Path):
    """There one token read alone, and the same among others, are not the same sums."""
    model = opened(f"gguf:{full}")
    beginning = "The cat sat on the mat, and the dog lay beside it. " * 5
    ends = ("Who sat?", "Who lay?", "Why?", "Where is")
    requests = [asking(model, beginning + end, replace(GREEDY, max_tokens=4)) for end in ends]
    expected = {request.key: alone(model, request) for request in requests}
    for request in [*requests, *reversed(requests)]:
        assert outcome(answers(model, [request])[request.key]) == expected[request.key]


def test_messages_of_all_roles_reach_the_template():
    messages = (Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "I"))
    text = smollm2().encode(messages).text
    assert text.startswith("<|im_start|>system\nBe brief.<|im_end|>")
    assert text.endswith("<|im_start|>assistant\nI")
