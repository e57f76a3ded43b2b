"""What could not be taken along, or has no place in the model, is said before the training."""

from __future__ import annotations

from typing import Any

import pytest

from studio.domain.learning import LoraSpec
from studio.domain.specs import TrainSpec
from studio.models.loading import load_model
from studio.models.shape import shape_of_facts
from studio.preflight.adapters import adapter_parameters, whole_parameters
from studio.preflight.duration import seconds
from studio.preflight.engine import examine
from studio.preflight.setup import adapter_of, setup_of
from studio.preflight.standalone import standalone
from studio.training.model import with_adapter
from studio.training.presets import PRESETS, presets
from tests.models.folders import STARTER as FOLDER
from tests.preflight.situations import (
    CARD,
    DATASET,
    FACTS,
    LAPTOP,
    SEVEN_BILLION,
    STARTER,
    facts,
    found,
    spec,
    the_one,
)


def adapted(**options: Any) -> TrainSpec:
    return spec(lora=LoraSpec(**({"rank": 8, "alpha": 16} | options)))


@pytest.mark.parametrize(
    ("options", "named"),
    [({"dora": True}, "DoRA"), ({"modules_to_save": ("lm_head",)}, "lm_head")],
)
def test_what_becomes_a_model_of_its_own_is_said(options: dict[str, Any], named: str) -> None:
    finding = the_one("conversion", "warns", adapted(**options))
    assert "model of its own" in finding.sentence
    assert f"{named}, nor can vLLM" in finding.reason
    seven = facts(model=SEVEN_BILLION, device=CARD)
    finding = the_one("conversion", "warns", adapted(**options), seven)
    assert "27.0 GB of disk" in finding.reason  # itself and its GGUF, in 16 bits each
    small = CARD.model_copy(update={"host_memory": 16 * 10**9})
    finding = the_one(
        "conversion", "warns", adapted(**options), facts(model=SEVEN_BILLION, device=small)
    )
    assert "27.5 GB of memory, and 16.0 GB" in finding.reason


def test_the_model_that_a_voice_becomes_needs_room() -> None:
    dora = adapted(dora=True)
    room = LAPTOP.model_copy(update={"disk": 520_000_000})
    finding = the_one("disk", "warns", dora, facts(device=room))
    assert "model" in finding.sentence
    assert [f.sentence for f in found(examine(adapted(), facts(device=room)), "disk")] != [
        finding.sentence
    ]
    whole = adapted(modules_to_save=("lm_head",))
    more = STARTER.vocabulary * STARTER.hidden_size * 2  # the first and last layer part
    assert standalone(whole, STARTER).kept - standalone(dora, STARTER).kept == pytest.approx(
        2 * more, rel=0.01
    )


def test_layers_that_a_gguf_has_as_one_are_not_taught_apart() -> None:
    gemma = facts(model=STARTER.model_copy(update={"architecture": "Gemma2ForCausalLM"}))
    asked = adapted(modules_to_save=("norm", "model.embed_tokens"))
    finding = the_one("conversion", "blocks", asked, gemma)
    assert finding.remedies[0].changes == {"lora.modules_to_save": ("norm",)}


@pytest.mark.parametrize("quantisation", ["nf4", "int8"])
def test_what_cannot_learn_on_a_compressed_model(quantisation: str) -> None:
    for options, only in (
        ({"modules_to_save": ("down_proj", "norm")}, None),
        ({"modules_to_save": ("lm_head",)}, "cpu"),
        ({"dora": True}, "cpu" if quantisation == "int8" else "nowhere"),
    ):
        asked = adapted(**options).model_copy(update={"quantisation": quantisation})
        for device in (LAPTOP, CARD):
            situation = facts(device=device)
            if only in (None, device.kind):
                assert the_one("model", "blocks", asked, situation).remedies[0].cost == 0
            else:
                assert not examine(asked, situation).blocked


def test_the_rank_that_a_server_must_be_started_with() -> None:
    assert not found(examine(adapted(rank=16, alpha=32), FACTS), "conversion")
    [told] = found(examine(adapted(start="pissa", rank=16, alpha=32), FACTS), "conversion")
    assert (told.level, "--max-lora-rank 32" in told.reason) == ("tells", True)
    large = adapted(rank=400, alpha=800, start="pissa", rank_pattern={"q_proj": 500})
    finding = the_one("conversion", "warns", large)
    assert finding.remedies[-1].changes["lora.rank_pattern"] == {"q_proj": 256}


def test_what_is_stored_is_what_is_judged() -> None:
    assert LoraSpec(rank=8, rank_pattern={"q_proj": 32}).stored_rank == 32
    assert LoraSpec(rank=8, start="pissa").stored_rank == 16
    assert LoraSpec(dora=True, modules_to_save=("norm",)).beyond_gguf == ("DoRA", "norm")


def test_blocks_that_are_not_there() -> None:
    asked = adapted(layers=(0, STARTER.layers))
    assert "no such blocks" in the_one("model", "blocks", asked).sentence


def test_pissa_on_compressed_weights() -> None:
    asked = adapted(start="pissa").model_copy(update={"quantisation": "nf4"})
    assert "PiSSA" in the_one("model", "blocks", asked).sentence


@pytest.mark.parametrize("field", ["rank_pattern", "alpha_pattern"])
def test_numbers_of_parts_that_are_not_there(field: str) -> None:
    asked = adapted(**{field: {"q_proj": 4, "c_attn": 4}})
    finding = the_one("model", "warns", asked)
    assert "c_attn" in finding.reason
    assert finding.remedies[0].changes == {f"lora.{field}": {"q_proj": 4}}


def test_noise_is_not_for_comparing() -> None:
    pairs = facts(dataset=DATASET.model_copy(update={"form": "preference"}))
    asked = spec(objective="dpo", learning_rate=2e-4, neftune_alpha=5.0)
    assert "Noise" in the_one("hyperparameters", "warns", asked, pairs).sentence


@pytest.mark.parametrize(
    ("objective", "form"),
    [("pretrain", "completion"), ("kto", "text"), ("simpo", "rated"), ("cpo", "completion")],
)
def test_every_objective_says_which_examples_it_needs(objective: str, form: str) -> None:
    situation = facts(dataset=DATASET.model_copy(update={"form": form}))
    asked = spec(objective=objective, learning_rate=2e-3 if objective == "pretrain" else 2e-4)
    the_one("dataset", "blocks", asked, situation)


@pytest.mark.parametrize(
    ("form", "objective"),
    [("completion", "sft"), ("text", "pretrain"), ("preference", "orpo"), ("rated", "kto")],
)
@pytest.mark.parametrize("device", [LAPTOP, CARD])
@pytest.mark.parametrize("model", [STARTER, SEVEN_BILLION])
def test_presets_fit_the_examples(form: str, objective: str, device: Any, model: Any) -> None:
    dataset = DATASET.model_copy(update={"form": form})
    situation = facts(dataset=dataset, device=device, model=model)
    for name, values in presets(dataset, model, device).items():
        asked = TrainSpec(name="Mine", dataset="a" * 64, **values)
        assert asked.objective.kind == objective
        report = examine(asked, situation)
        assert not [f for f in found(report, "dataset") if f.level != "tells"]
        said = [f.sentence for f in found(report, "hyperparameters")]
        assert not [s for s in said if "rate" in s], name
    assert set(PRESETS) == set(presets(dataset, model, device))


def test_pairs_take_longer_and_more_memory() -> None:
    pairs = DATASET.model_copy(update={"form": "preference"})
    taken = [
        seconds(spec(objective=o, epochs=1.0), STARTER, d, LAPTOP)
        for o, d in (("sft", DATASET), ("orpo", pairs), ("dpo", pairs), ("kto", pairs))
    ]
    assert taken == sorted(taken)
    assert taken[1] == pytest.approx(2 * taken[0])
    for objective in ("dpo", "kto"):
        assert setup_of(spec(objective=objective), STARTER, "cpu", 400).paired


@pytest.mark.parametrize(
    "options",
    [
        {"layers": (1, 2)},
        {"dora": True, "rank_pattern": {"q_proj": 16}},
        {"target_modules": "q_proj,down_proj", "layers": (0,)},
        {"modules_to_save": ("embed_tokens",)},
    ],
)
def test_the_numbers_that_are_learned_are_counted(options: dict[str, Any]) -> None:
    asked = adapted(**options)
    model = with_adapter(load_model(FOLDER, device="cpu"), asked.lora)
    learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
    shape, adapter = shape_of_facts(STARTER), adapter_of(asked)
    assert adapter_parameters(shape, adapter) + whole_parameters(shape, adapter) == learned
