from __future__ import annotations

import numpy as np
import pytest

from promptbench.pretrain.block import overlapping, whole
from promptbench.pretrain.corrupt import IGNORED, longest, masks, pieces, spans

SENTINELS = np.arange(900, 1000)


@pytest.mark.parametrize("length", [4, 7, 64, 255, 400])
def test_spans_hide_15_percent_and_lose_nothing(length: int):
    ids = np.arange(length)
    example = spans(ids, SENTINELS, 1001, np.random.default_rng(length))
    inputs, labels = example.inputs.tolist(), example.labels.tolist()
    assert inputs.pop() == labels.pop() == 1001
    hidden: dict[int, list[int]] = {}
    for token in labels:
        if token >= 900:
            hidden[token] = []
        else:
            hidden[max(hidden)].append(token)
    assert hidden.pop(max(hidden)) == []
    rebuilt = [t for token in inputs for t in hidden.get(token, [token])]
    assert rebuilt == ids.tolist()
    assert sum(map(len, hidden.values())) == max(1, round(0.15 * length))
    marks = [t for t in inputs if t >= 900]
    assert marks == list(range(900, 900 + len(marks)))


def test_spans_are_three_long_on_average():
    draw = np.random.default_rng(0)
    example = spans(np.arange(400), SENTINELS, 1001, draw)
    assert (example.inputs >= 900).sum() - 1 == 20  # 60 hidden tokens


@pytest.mark.parametrize("context", [32, 64, 256, 512])
def test_the_longest_block_fits_and_one_more_token_would_not(context: int):
    def size(length: int) -> int:
        return len(spans(np.arange(length), SENTINELS, 1001, np.random.default_rng(0)).inputs)

    assert size(longest(context)) <= context < size(longest(context) + 1)


def test_every_way_to_part_is_as_likely():
    draw = np.random.default_rng(0)
    found = [tuple(pieces(4, 2, draw)) for _ in range(3000)]
    for way in ((1, 3), (2, 2), (3, 1)):
        assert 0.29 < found.count(way) / 3000 < 0.38
    with pytest.raises(ValueError, match="2 tokens cannot be parted into 3"):
        pieces(2, 3, draw)


def test_masks_ask_only_for_what_they_drew_and_leave_special_tokens():
    ids = np.asarray([2, *range(10, 1010), 3])
    example = masks(ids, 4, (5, 5000), np.random.default_rng(0))
    asked = np.flatnonzero(example.labels != IGNORED)
    assert len(asked) == 150
    assert (example.labels[asked] == ids[asked]).all()
    rest = np.setdiff1d(np.arange(len(ids)), asked)
    assert (example.inputs[rest] == ids[rest]).all()
    share = (example.inputs[asked] == 4).mean()
    assert 0.7 < share < 0.9
    assert 0.04 < (example.inputs[asked] == ids[asked]).mean() < 0.18


@pytest.mark.parametrize("tokens", [2, 10, 31, 32, 33, 100])
def test_every_token_is_predicted_in_exactly_one_block(tokens: int):
    blocks = overlapping(np.arange(tokens), 32)
    predicted = [int(t) for block in blocks for t in block[1:]]
    assert predicted == list(range(1, tokens))
    assert all(len(block) <= 32 for block in blocks)


def test_training_blocks_are_whole_and_leave_nothing_out():
    blocks = whole(np.arange(100), 32)
    assert {len(b) for b in blocks} == {32}
    assert {int(t) for b in blocks for t in b} == set(range(100))
    assert whole(np.arange(10), 32) == []
