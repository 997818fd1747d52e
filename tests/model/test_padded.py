"""Models that no packed step serves: in batches, one by one, or refused, and never wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from promptbench.error import ModelError
from promptbench.model.local.engine import PaddedEngine
from promptbench.model.local.generate import MAX_ROWS
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from tests.model.tiny import LLAMA, answers, reference, requests, texts, write_family, write_tiny

# What a token sees is limited to 20 places: nothing that the probe of 12 tokens could notice.
LIMITED: dict[str, dict[str, Any]] = {
    "GPTNeo": {
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 20,
        "max_position_embeddings": 256,
    },
    "GptOss": LLAMA
    | {"head_dim": 8, "sliding_window": 20, "num_local_experts": 2, "num_experts_per_tok": 1},
    "Llama4Text": LLAMA
    | {
        "head_dim": 8,
        "intermediate_size_mlp": 48,
        "num_local_experts": 2,
        "attention_chunk_size": 20,
        "no_rope_layers": [1, 1],
    },
}
# It keeps states beside keys, of which no row can be taken out.
ALONE: dict[str, dict[str, Any]] = {
    "Bamba": LLAMA
    | {"attn_layer_indices": [1], "mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8},
}
REFUSED: dict[str, dict[str, Any]] = {
    "Mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8},
    "Rwkv": {"hidden_size": 32, "num_hidden_layers": 2, "attention_hidden_size": 32},
}


def opened(folder: Path, family: str, settings: dict[str, Any]) -> LocalModel:
    return LocalModel(family, write_family(folder, family, **settings), Setup(folder))


def check(model: LocalModel) -> None:
    """Alone and beside others, with and without a common beginning, as transformers has it."""
    asked = requests(model, [*texts(3, longest=5), *texts(4, shared=45)], max_tokens=5)
    for some in (asked, asked[3:]):
        found = answers(model, some)
        for one in some:
            assert found[one.key].text == reference(model, one)[0]


@pytest.mark.parametrize("family", LIMITED)
def test_a_limited_view_is_as_wide_behind_a_common_beginning(tmp_path: Path, family: str):
    model = opened(tmp_path, family, LIMITED[family])
    assert isinstance(model.engine, PaddedEngine)
    assert model.engine.rows == MAX_ROWS
    check(model)


def test_a_model_that_reads_no_padding_runs_in_batches(tmp_path: Path):
    write_tiny(tmp_path / "t5", "t5")
    model = open_model("./t5", Setup(tmp_path))
    assert isinstance(model, LocalModel) and isinstance(model.engine, PaddedEngine)
    assert model.engine.rows == MAX_ROWS
    check(model)


@pytest.mark.parametrize("family", ALONE)
def test_a_model_that_padding_changes_runs_row_by_row(tmp_path: Path, family: str):
    model = opened(tmp_path, family, ALONE[family])
    assert isinstance(model.engine, PaddedEngine)
    assert model.engine.rows == 1
    check(model)


@pytest.mark.parametrize("family", REFUSED)
def test_a_model_that_forgets_what_it_has_read_is_refused(tmp_path: Path, family: str):
    """It would go on from the last token alone, and its outputs would be scored."""
    model = opened(tmp_path, family, REFUSED[family])
    with pytest.raises(ModelError, match="does not answer here as it does in transformers"):
        answers(model, requests(model, texts(2)))
