"""The likelihood of a reference is what transformers makes of its tokens after the prompt."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from promptbench.metric.ask import AskingMetric, Subject
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.record import Case, Message, Request, Score
from promptbench.run.fingerprint import fingerprint
from tests.metric.ask import metric
from tests.model.tiny import answers, plain_model, texts, write_tiny, write_tokenizer

# ChatML as a template writes it, in whole words.
TEMPLATE = (
    "{% for m in messages %}w1 {{ m.role }} w2 {{ m.content }} w3 {% endfor %}"
    "{% if add_generation_prompt %}w4 w5 {% endif %}"
)


def found(kind: str, model: LocalModel, prompt: str, reference: str) -> float:
    """The metric's value, by way of the engine."""
    asking = metric(kind)
    assert isinstance(asking, AskingMetric)
    subject = Subject("", Case("one", {}, (reference,)), (Message("user", prompt),))
    questions = asking.questions(subject)
    assert not isinstance(questions, Score)
    (question,) = questions
    encoded = model.encode(question.messages)
    key = fingerprint(model.info.identity, encoded, question.messages, question.sampling, 0)
    asked = Request(key, question.messages, encoded, question.sampling)
    value = asking.read([answers(model, [asked])[key]], subject).value
    assert value is not None
    return value


def expected(model: LocalModel, prompt: str, reference: str) -> float:
    """Mean log-probability of the reference's tokens, in one plain pass of transformers."""
    plain = plain_model(model.checkpoint.folder, model.info.family)
    before = list(model.encode((Message("user", prompt),)).ids)
    after = model.tokenizer.bare(reference)
    with torch.inference_mode():
        if model.info.family == "encoder-decoder":
            decoded = [plain.config.decoder_start_token_id, *after[:-1]]
            logits = plain(
                input_ids=torch.tensor([before]), decoder_input_ids=torch.tensor([decoded])
            ).logits[0]
        else:
            whole = torch.tensor([before + after])
            logits = plain(input_ids=whole).logits[0, len(before) - 1 : -1]
    shares = logits.double().log_softmax(dim=-1)
    return float(shares[torch.arange(len(after)), torch.tensor(after)].mean())


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_it_is_that_of_transformers(opened: dict[str, LocalModel], kind: str):
    model = opened[kind]
    for prompt, reference in zip(texts(4), texts(4, shared=3), strict=True):
        mean = expected(model, prompt, reference)
        assert found("reference_logprob", model, prompt, reference) == pytest.approx(mean, abs=1e-4)
        assert found("reference_perplexity", model, prompt, reference) == pytest.approx(
            math.exp(-mean), rel=1e-4
        )


def test_a_prompt_and_a_reference_of_many_steps(tmp_path: Path):
    folder = write_tiny(tmp_path, "llama", max_position_embeddings=2048)
    model = LocalModel("./long", folder, Setup(folder))
    prompt, reference = (" ".join(texts(90, longest=n)) for n in (20, 12))
    assert len(prompt.split()) > 640 and len(reference.split()) > 320
    mean = expected(model, prompt, reference)
    assert found("reference_logprob", model, prompt, reference) == pytest.approx(mean, abs=1e-4)


def test_it_stands_behind_the_chat_template(tmp_path: Path):
    folder = write_tiny(tmp_path, "llama")
    write_tokenizer(folder, template=TEMPLATE)
    model = LocalModel("./chat", folder, Setup(folder))
    assert model.encode((Message("user", "w9"),)).text.endswith("w4 w5 ")
    mean = expected(model, "w9 w10", "w11 w12 w13")
    value = found("reference_logprob", model, "w9 w10", "w11 w12 w13")
    assert value == pytest.approx(mean, abs=1e-4)
