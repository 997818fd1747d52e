"""What config.json tells of a model, whatever the family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.local.config import family_of, head_of, positions_of
from tests.model.bert import write_encoder


@pytest.mark.parametrize(
    ("name", "family", "head"),
    [
        ("BertForMaskedLM", "encoder-only", "cloze"),
        ("ElectraForSequenceClassification", "encoder-only", "labels"),
        ("BertModel", "encoder-only", ""),
        ("BertForTokenClassification", "encoder-only", ""),
        ("LlamaForCausalLM", "decoder-only", ""),
        ("T5ForConditionalGeneration", "decoder-only", ""),
    ],
)
def test_the_architecture_tells_the_family_and_what_answers(name: str, family: str, head: str):
    config = {"architectures": [name]}
    assert (family_of(config), head_of(config)) == (family, head)


def test_a_config_without_architectures_has_no_head():
    assert head_of({}) == ""
    assert head_of({"architectures": None}) == ""


@pytest.mark.parametrize(("head", "found"), [("MaskedLM", "cloze"), ("", "")])
def test_a_checkpoint_knows_its_head(tmp_path: Path, head: str, found: str):
    checkpoint = read_checkpoint(write_encoder(tmp_path / "bert", "bert", head))
    assert (checkpoint.family, checkpoint.head) == ("encoder-only", found)


@pytest.mark.parametrize(
    ("config", "positions"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514}, 512),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({"model_type": "x", "text_config": {"max_position_embeddings": 64}}, 64),
        ({"model_type": "t5"}, 0),
        (
            {
                "model_type": "phi3",
                "max_position_embeddings": 131_072,
                "original_max_position_embeddings": 4096,
                "rope_scaling": {"type": "longrope", "long_factor": [2.0], "short_factor": [1.0]},
            },
            4096,
        ),
        (
            {
                "model_type": "llama",
                "max_position_embeddings": 64,
                "rope_parameters": {
                    "rope_type": "longrope",
                    "original_max_position_embeddings": 16,
                },
            },
            16,
        ),
        (
            {
                "model_type": "llama",
                "max_position_embeddings": 64,
                "rope_parameters": {"rope_type": "yarn", "original_max_position_embeddings": 16},
            },
            64,
        ),
    ],
)
def test_positions_are_those_that_tokens_can_have(config: dict[str, Any], positions: int):
    assert positions_of(config) == positions


@pytest.mark.parametrize("kind", ["roberta", "camembert", "xlm-roberta", "mpnet", "bert"])
def test_as_many_tokens_fit_as_the_context_says_and_not_one_more(tmp_path: Path, kind: str):
    folder = write_encoder(tmp_path / kind, kind, max_position_embeddings=20, pad_token_id=1)
    context = read_checkpoint(folder).context
    model = transformers.AutoModelForMaskedLM.from_pretrained(folder)
    with torch.inference_mode():
        model(input_ids=torch.full((1, context), 7))
        with pytest.raises((RuntimeError, IndexError)):
            model(input_ids=torch.full((1, context + 1), 7))
