"""The starter loads whole and compressed, and foretells text alike."""

from __future__ import annotations

import pytest

from studio.models.loading import load_model
from studio.models.source import load_tokenizer
from tests.models.folders import STARTER


@pytest.mark.parametrize("quantisation", ["none", "nf4", "int8"])
def test_a_model_foretells_text(quantisation: str) -> None:
    import torch

    model = load_model(STARTER, quantisation, "cpu")  # type: ignore[arg-type]
    ids = load_tokenizer(STARTER)("She opened the door and", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        logits = model(input_ids=ids).logits
    assert not model.training
    assert logits.shape == (1, ids.shape[1], 8192)
    assert torch.isfinite(logits).all()
