"""Every form of adapter learns, and what is stored works on the base model that everybody has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.conversion.folding import fold, peculiarities, read_config
from studio.domain.learning import LoraSpec
from studio.domain.recipes import Format
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.models.loading import load_model
from studio.models.source import load_tokenizer
from studio.training import engine
from studio.training.examples import rows_of
from studio.training.likelihood import measure
from studio.training.model import with_adapter
from tests.models.folders import STARTER
from tests.training.material import pairs, small, write_dataset
from tests.training.test_resume import StopAt, comparable
from tests.workroom import LocalRoom

VARIANTS: dict[str, dict[str, Any]] = {
    "rslora": {"rslora": True},
    "dora": {"dora": True},
    "pissa": {"start": "pissa"},
    "pissa-rslora": {"start": "pissa", "rslora": True, "rank_pattern": {"q_proj": 2}},
    "plus": {"plus_ratio": 8.0},
    "patterns": {"rank_pattern": {"q_proj": 8}, "alpha_pattern": {"v_proj": 4}},
    "layers": {"layers": (0,)},
    "saved": {"modules_to_save": ("lm_head",)},
}
CARRIED = ("rslora", "pissa", "pissa-rslora", "plus", "patterns", "layers")


def lora(name: str = "", **options: Any) -> LoraSpec:
    return LoraSpec(**({"rank": 4, "alpha": 8} | VARIANTS.get(name, {}) | options))


def taught(folder: Path, **changes: Any) -> tuple[LocalRoom, Any, dict[str, Any]]:
    room = LocalRoom(folder)
    fields = {"max_steps": 3, "evaluate_every": 3, "save_every": 3, "samples": 0}
    dataset = room.put(write_dataset(room.folder / "dataset"))
    spec = small(dataset, **(fields | changes))
    return room, spec, engine.run(spec, room)


def on_the_base(room: LocalRoom, spec: Any, folder: Path) -> float:
    """Nats a character of the held-out passages, by the adapter on the original base model."""
    from peft import PeftModel

    tokenizer = load_tokenizer(STARTER)
    path = room.fetch(spec.dataset) / "validation.jsonl"
    rows, _account = rows_of(path, tokenizer, Format(), spec.max_length)
    model = PeftModel.from_pretrained(load_model(STARTER, device="cpu"), folder).eval()
    return measure(model, rows, tokenizer.pad_token_id).per_character


@pytest.mark.parametrize("name", VARIANTS)
def test_it_learns_and_its_adapter_fits_the_original_base(tmp_path: Path, name: str) -> None:
    room, spec, result = taught(tmp_path, lora=lora(name))
    assert result["nll_after"] < result["nll_before"]
    adapter = room.fetch(result["adapter"])
    assert on_the_base(room, spec, adapter) == pytest.approx(result["nll_after"], rel=1e-6)
    assert bool(peculiarities(read_config(adapter))) == (name not in CARRIED)
    if name in CARRIED:  # what comes before the conversion to GGUF: alpha over rank everywhere
        fold(adapter, tmp_path / "folded")
        folded = on_the_base(room, spec, tmp_path / "folded")
        assert folded == pytest.approx(result["nll_after"], rel=1e-5)


@pytest.mark.parametrize("quantisation", ["nf4", "int8"])
def test_learned_on_a_compressed_base_it_fits_the_whole_one(
    tmp_path: Path, quantisation: str
) -> None:
    room, spec, result = taught(tmp_path, lora=lora(), quantisation=quantisation)
    assert result["nll_after"] < result["nll_before"]
    whole = on_the_base(room, spec, room.fetch(result["adapter"]))
    assert whole == pytest.approx(result["nll_after"], rel=0.02)
    assert whole < result["nll_before"]


def test_noise_on_the_embeddings_does_not_touch_the_measure(tmp_path: Path) -> None:
    room, spec, result = taught(tmp_path / "noisy", lora=lora(), neftune_alpha=5.0)
    _room, _spec, still = taught(tmp_path / "still", lora=lora())
    assert result["nll_before"] == still["nll_before"]
    assert result["loss"] != still["loss"]
    assert result["nll_after"] != still["nll_after"]
    adapter = room.fetch(result["adapter"])
    assert on_the_base(room, spec, adapter) == pytest.approx(result["nll_after"], rel=1e-6)


def test_pissa_is_resumed_where_it_was(tmp_path: Path) -> None:
    alone, spec, expected = taught(tmp_path, lora=lora("pissa"), max_steps=4)
    room = StopAt(tmp_path, 2)
    with pytest.raises(Stopped):
        engine.run(spec, room)
    again = LocalRoom(tmp_path, room.of_type("checkpoint")[-1].artifact)
    result = engine.run(spec, again)
    assert comparable(result) == comparable(expected)
    assert result["adapter"] != ""
    config = read_config(alone.fetch(expected["adapter"]))
    assert (config["r"], config["init_lora_weights"]) == (8, True)


def test_preferences_of_pissa_are_held_against_the_untouched_model(tmp_path: Path) -> None:
    """Without its adapter the base of PiSSA is a ruin, so the reference keeps a copy."""
    room = LocalRoom(tmp_path)
    dataset = write_dataset(room.folder / "dataset", train=pairs(4, 1), validation=pairs(2, 2))
    spec = small(
        room.put(dataset),
        objective="dpo",
        lora=lora("pissa"),
        max_steps=2,
        evaluate_every=2,
        samples=0,
    )
    result = engine.run(spec, room)
    first = next(e.values["loss"] for e in room.of_type("metric") if "loss" in e.values)
    assert first == pytest.approx(0.6931, abs=1e-3)  # nothing learned: both sides are even
    assert result["margin_after"] > result["margin_before"]


def test_pissa_needs_a_whole_base() -> None:
    base = load_model(STARTER, "nf4", device="cpu")
    with pytest.raises(StudioError, match="compressed"):
        with_adapter(base, lora("pissa"))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"target_modules": "nonsense"}, "nonsense"),
        ({"layers": (99,)}, "99"),
        ({"target_modules": "q_proj, lm_head"}, "lm_head"),
        ({"target_modules": "model.embed_tokens"}, "model.embed_tokens"),
        ({"target_modules": "norm"}, "norm"),
    ],
)
def test_parts_that_cannot_be_taught_are_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises(StudioError, match=r"does not fit|not be taken to the desk") as caught:
        with_adapter(load_model(STARTER, device="cpu"), lora(**options))
    assert named in caught.value.why


def test_only_the_chosen_blocks_get_an_adapter() -> None:
    model = with_adapter(load_model(STARTER, device="cpu"), lora("layers"))
    learned = [name for name, values in model.named_parameters() if values.requires_grad]
    assert len(learned) == 14
    assert all(".layers.0." in name for name in learned)


def test_the_matrices_of_lora_plus_learn_at_two_rates(tmp_path: Path) -> None:
    _room, _spec, plain_result = taught(tmp_path / "plain", lora=lora())
    _room, _spec, faster = taught(tmp_path / "faster", lora=lora("plus"))
    assert faster["nll_after"] < plain_result["nll_after"]
    folder = _room.fetch(faster["adapter"])
    assert json.loads((folder / "lineage.json").read_text())["spec"]["lora"]["plus_ratio"] == 8.0
