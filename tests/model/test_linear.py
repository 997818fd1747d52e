"""Laid-out linear layers compute what torch's own do."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from promptbench.model.local.linear import BlockedLinear, Linear, PlainLinear, has_onednn, lay_out

KINDS = [PlainLinear, *([BlockedLinear] if has_onednn() else [])]


@pytest.mark.parametrize("tokens", [1, 7, 400])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_form_computes_the_same(kind: type, biased: bool, tokens: int):
    torch.manual_seed(tokens)
    weight, bias = torch.randn(48, 32), torch.randn(48) if biased else None
    x, other = torch.randn(tokens, 32), torch.randn(tokens, 48)
    product = functional.linear(x, weight, bias)
    layer: Linear = kind(weight.clone(), bias)
    wanted = {
        "product": product,
        "silu": functional.silu(product),
        "times": product * other,
        "plus": product + other,
    }
    found = {
        "product": layer(x),
        "silu": layer.silu(x),
        "times": layer.times(x, other.clone()),
        "plus": layer.plus(x, other.clone()),
    }
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, atol=1e-4, rtol=1e-5)


def test_other_precisions_keep_torchs_own_layout():
    assert isinstance(lay_out(torch.randn(4, 4, dtype=torch.bfloat16)), PlainLinear)


def test_a_torch_without_onednn_is_served_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("promptbench.model.local.linear.has_onednn", lambda: False)
    assert isinstance(lay_out(torch.randn(4, 4)), PlainLinear)
