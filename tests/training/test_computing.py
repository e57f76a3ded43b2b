"""What is asked of a device is what it does, or a plain refusal before any work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.domain.facts import DeviceFacts
from studio.domain.learning import Compute
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.models.source import validate
from studio.training import engine, heads
from studio.training.arguments import common
from studio.training.computing import LOSSES, OPTIMISERS, Powers, computing, powers, powers_of
from tests.models.folders import STARTER
from tests.training.material import small, write_dataset
from tests.workroom import LocalRoom

CPU = Powers("cpu")
CARD = Powers("cuda", packages=frozenset({"flash-attn", "liger-kernel"}))
OLD_CARD = Powers("cuda", bf16=False)
BARE = Powers("cuda")


@pytest.fixture(scope="module")
def facts() -> ModelFacts:
    return validate(STARTER)


def asking(**changes: Any) -> TrainSpec:
    return small("a" * 64, compute=Compute(**changes))


@pytest.mark.parametrize(("able", "precision"), [(CPU, "fp32"), (CARD, "bf16"), (OLD_CARD, "fp16")])
def test_the_precision_follows_the_device(able: Powers, precision: str, facts: ModelFacts) -> None:
    assert computing(asking(), facts, able).precision == precision


@pytest.mark.parametrize(
    ("asked", "able", "word"),
    [
        ({"precision": "fp16"}, CPU, "fp16"),
        ({"precision": "bf16"}, OLD_CARD, "bfloat16"),
        ({"attention": "flash_attention_2"}, CPU, "graphics card"),
        ({"attention": "flash_attention_2"}, BARE, "FlashAttention is not installed"),
        ({"attention": "flash_attention_3"}, CARD, "FlashAttention is not installed"),
        ({"attention": "flash_attention_2", "precision": "fp32"}, CARD, "float32"),
        ({"loss": "liger"}, CPU, "graphics card"),
        ({"loss": "liger"}, BARE, "Liger is not installed"),
        ({"optimiser": "paged-adamw-8bit"}, CPU, "nothing to page"),
        ({"compile": True}, CPU, "does not pay"),
        ({"processes": 2}, CARD, "not so many graphics cards"),
        ({"compile": True}, Powers("cuda", compiler=False), "cannot be compiled"),
    ],
)
def test_what_cannot_be_done_is_refused(
    asked: dict[str, Any], able: Powers, word: str, facts: ModelFacts
) -> None:
    with pytest.raises(StudioError, match=word) as refused:
        computing(asking(**asked), facts, able)
    assert refused.value.remedy


def test_losses_that_an_objective_does_not_know_are_refused(facts: ModelFacts) -> None:
    for kind, possible in LOSSES.items():
        spec = asking().model_copy(update={"objective": type("Other", (), {"kind": kind})()})
        assert computing(spec, facts, CPU).loss == possible[0]
        for loss in {"plain", "chunked"} - set(possible):
            asked = spec.model_copy(update={"compute": Compute(loss=loss)})  # type: ignore[arg-type]
            with pytest.raises(StudioError, match="cannot compute its loss"):
                computing(asked, facts, CPU)


def test_pairs_are_not_packed(facts: ModelFacts) -> None:
    spec = small("a" * 64, packing=True, objective="orpo")
    with pytest.raises(StudioError, match="cannot be packed"):
        computing(spec, facts, CPU)


def test_packing_takes_flash_attention_where_it_is(facts: ModelFacts) -> None:
    packed = asking().model_copy(update={"packing": True})
    assert computing(packed, facts, CARD).attention == "flash_attention_2"
    assert computing(packed, facts, BARE).attention is None
    assert computing(packed, facts, CPU).attention is None
    assert computing(asking(), facts, CARD).attention is None


@pytest.mark.parametrize("asked", ["on", "off", "auto"])
def test_checkpointing_is_asked_for_or_follows_the_size(asked: str, facts: ModelFacts) -> None:
    spec = asking(checkpointing=asked)
    large = facts.model_copy(update={"parameters": 7_000_000_000})
    assert computing(spec, facts, CPU).recompute is (asked == "on")
    assert computing(spec, large, CPU).recompute is (asked != "off")


def test_all_of_it_reaches_the_trainers_arguments(tmp_path: Path, facts: ModelFacts) -> None:
    from trl import SFTConfig

    asked = asking(precision="bf16", optimiser="adamw-8bit", checkpointing="on").model_copy(
        update={"weight_decay": 0.01, "packing": True}
    )
    way = replace(computing(asked, facts, CPU), compile=True)
    config = SFTConfig(**common(asked, 8, tmp_path, way))
    assert config.bf16
    assert not config.fp16
    assert config.optim == OPTIMISERS["adamw-8bit"]
    assert config.gradient_checkpointing
    assert config.torch_compile
    assert config.weight_decay == 0.01
    assert config.padding_free


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return train(tmp_path_factory.mktemp("usual"))


def train(folder: Path, **changes: Any) -> dict[str, Any]:
    room = LocalRoom(folder)
    dataset = room.put(write_dataset(room.folder / "dataset"))
    return engine.run(small(dataset, samples=0, max_steps=4, **changes), room)


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ({"loss": "plain"}, 1e-4),
        ({"attention": "eager"}, 1e-4),
        ({"attention": "sdpa"}, 1e-4),
        ({"checkpointing": "on"}, 1e-4),
        ({"optimiser": "adamw-8bit"}, 1e-3),
        ({"precision": "bf16"}, 2e-2),
    ],
)
def test_another_way_learns_the_same(
    tmp_path: Path, usual: dict[str, Any], asked: dict[str, Any], near: float
) -> None:
    found = train(tmp_path, compute=Compute(**asked))
    assert found["loss"] == pytest.approx(usual["loss"], abs=near)
    assert found["eval_loss"] == pytest.approx(usual["eval_loss"], abs=near)


def test_weight_decay_draws_the_adapter_in(tmp_path: Path, usual: dict[str, Any]) -> None:
    found = train(tmp_path, weight_decay=1.0)
    assert found["loss"] != usual["loss"]
    assert found["loss"] == pytest.approx(usual["loss"], abs=0.1)


def test_the_model_is_loaded_as_the_way_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    seen: list[Any] = []
    prepare = heads.prepare
    monkeypatch.setattr(
        engine, "prepare", lambda trainer, way: (seen.append(trainer), prepare(trainer, way))
    )
    train(tmp_path, compute=Compute(precision="bf16", attention="eager", loss="plain"))
    [trainer] = seen
    base = trainer.model.get_base_model()
    assert base.config._attn_implementation == "eager"
    assert base.get_input_embeddings().weight.dtype == torch.bfloat16
    trained = {p.dtype for p in trainer.model.parameters() if p.requires_grad}
    assert trained == {torch.float32}


def test_a_refusal_comes_before_any_work(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    spec = small(
        room.put(write_dataset(room.folder / "dataset")), compute=Compute(precision="fp16")
    )
    with pytest.raises(StudioError, match="fp16"):
        engine.run(spec, room)
    assert not room.events


def test_the_powers_of_this_machine() -> None:
    found = powers("cpu")
    assert found.kind == "cpu"
    assert found.bf16


def test_the_powers_of_another_machine() -> None:
    here = DeviceFacts(kind="cuda", memory=1, disk=1, capability=7.5, libraries={"flash-attn": "2"})
    assert powers_of(here) == Powers("cuda", bf16=False, packages=frozenset({"flash-attn"}))
    assert powers_of(DeviceFacts(kind="cuda", memory=1, disk=1)).bf16
