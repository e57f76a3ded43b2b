"""The one measure: right to the digit, and without a trace."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from studio.domain.recipes import Format
from studio.models.loading import load_model
from studio.models.source import load_tokenizer
from studio.training import likelihood, samples
from studio.training.examples import IGNORED, Row, rows_of
from studio.training.likelihood import Interrupted, Likelihood, measure
from tests.models.folders import STARTER
from tests.training.material import examples, write_dataset


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, list[Row]]:
    tokenizer = load_tokenizer(STARTER)
    folder: Path = tmp_path_factory.mktemp("rows")
    found = [*examples(2, 1), *examples(2, 2, sentences=9)]
    path = write_dataset(folder, train=found) / "train.jsonl"
    rows, _account = rows_of(path, tokenizer, Format(), 2048)
    return load_model(STARTER, device="cpu"), tokenizer, rows


def one_by_one(model: Any, rows: list[Row]) -> float:
    """The formula of the docstring, written out."""
    import torch

    total = 0.0
    for row in rows:
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([row.input_ids])).logits[0].double()
        for at, label in enumerate(row.labels):
            if label != IGNORED:
                total -= float(scores[at - 1].log_softmax(-1)[label])
    return total


def test_it_is_the_formula(scene: Any) -> None:
    model, tokenizer, rows = scene
    found = measure(model, rows, tokenizer.pad_token_id)
    assert found.nll == pytest.approx(one_by_one(model, rows), rel=1e-5)
    assert found.tokens == sum(row.learned for row in rows)
    assert found.characters == sum(row.characters for row in rows)
    assert found.per_character == found.nll / found.characters
    assert found.perplexity == pytest.approx(math.exp(found.nll / found.tokens))


def test_logits_a_piece_at_a_time_give_the_same(scene: Any, monkeypatch: Any) -> None:
    model, tokenizer, rows = scene
    whole = measure(model, rows, tokenizer.pad_token_id)
    monkeypatch.setattr(likelihood, "LOGITS_AT_ONCE", 7 * model.config.vocab_size)
    monkeypatch.setattr(likelihood, "TOKENS_AT_ONCE", 1)
    pieces = measure(model, rows, tokenizer.pad_token_id)
    assert pieces.nll == pytest.approx(whole.nll, rel=1e-5)
    assert pieces.tokens == whole.tokens


@pytest.mark.parametrize(
    ("family", "extra"),
    [("gemma2", {"final_logit_softcapping": 3.0}), ("granite", {"logits_scaling": 8.0}),
     ("cohere", {"logit_scale": 0.25})],
)  # fmt: skip
def test_what_families_do_behind_the_last_layer_is_done(
    family: str, extra: dict[str, float], scene: Any
) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    _model, _tokenizer, rows = scene
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        family, vocab_size=8192, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, initializer_range=0.5, **extra,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config).eval()
    found = measure(model, rows, 0)
    assert found.nll == pytest.approx(one_by_one(model, rows), rel=1e-5)


def test_measuring_and_sampling_leave_no_trace(scene: Any) -> None:
    import torch

    model, tokenizer, rows = scene
    model.train()
    before = torch.random.get_rng_state()
    measure(model, rows, tokenizer.pad_token_id)
    first = samples.write(model, tokenizer, rows[0], 12, 7, lambda: False)
    again = samples.write(model, tokenizer, rows[0], 12, 7, lambda: False)
    assert first == again
    assert first.text
    assert model.training
    assert torch.equal(before, torch.random.get_rng_state())
    model.eval()


def test_it_stops_between_batches(scene: Any) -> None:
    model, tokenizer, rows = scene
    with pytest.raises(Interrupted):
        measure(model, rows, tokenizer.pad_token_id, stopped=lambda: True)


def test_a_sample_stops_at_the_next_token(scene: Any) -> None:
    model, tokenizer, rows = scene
    found = samples.write(model, tokenizer, rows[0], 500, 7, lambda: True)
    assert len(tokenizer(found.text)["input_ids"]) <= 2


def test_a_hopeless_model_has_a_finite_perplexity() -> None:
    assert math.isfinite(Likelihood(nll=1e9, tokens=1, characters=1).perplexity)
    assert Likelihood(nll=0.0, tokens=0, characters=0).per_character == 0
