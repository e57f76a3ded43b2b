"""What is wrong with a training's settings is said by name, in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.training import reading

GIVEN: dict[str, Any] = {"name": "a", "dataset": "0" * 64}
SPEC = TrainSpec(**GIVEN)


@pytest.mark.parametrize(
    ("strange", "near"),
    [
        ({"learning_rat": 1e-3}, "learning_rate"),
        ({"lora": {"rnk": 3}}, "lora.rank"),
        ({"rank": 3}, "lora.rank"),
        ({"objective": {"kind": "orpo", "bta": 1}}, "objective.beta"),
        ({"compute": {"optimizer": "adamw"}}, "compute.optimiser"),
    ],
)
def test_an_unknown_setting_is_named_with_what_is_near(strange: dict[str, Any], near: str) -> None:
    with pytest.raises(StudioError) as refused:
        reading.spec_of(GIVEN | strange)
    assert refused.value.remedy == f"Did you mean “{near}”?"


def test_several_unknown_settings_are_all_named() -> None:
    with pytest.raises(StudioError) as refused:
        reading.spec_of(GIVEN | {"epoch": 3, "zzzz": 1})
    assert "“epoch”, “zzzz”" in refused.value.what
    assert "“epochs” instead of “epoch”" in refused.value.remedy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lora.rank": 0}, "Size of the voice (LoRA rank): It has to be at least 1."),
        ({"learning_rate": 0}, "Learning rate: It has to be more than 0."),
        ({"learning_rate": 2}, "Learning rate: It may be 1 at most."),
        ({"warmup_share": 1}, "Gentle start (warm-up share): It has to be less than 1."),
        ({"batch_size": 1.5}, "Passages at once (batch): It has to be a whole number."),
        ({"epochs": "many"}, "Readings of the text (epochs): It has to be a number."),
        ({"quantisation": "nf3"}, "It can be 'none', 'nf4' or 'int8'."),
        ({"lora.rank_pattern": {"q_proj": "x"}}, "(rank pattern): It has to be a whole number."),
        ({"objective": "orpa"}, "(objective): It can be 'sft'"),
    ],
)
def test_a_value_of_no_use_is_told_in_plain_words(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StudioError) as refused:
        reading.with_changes(SPEC, changes)
    assert said in refused.value.why


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(StudioError) as refused:
        reading.with_changes(SPEC, {"lora.rank": 0, "epochs": -1})
    assert "“lora.rank”" in refused.value.what
    assert "“epochs”" in refused.value.what


def test_another_objective_leaves_nothing_of_the_old_one() -> None:
    simpo = reading.with_changes(SPEC, {"objective": "simpo", "objective.gamma": 0.5})
    orpo = reading.with_changes(simpo, {"objective": "orpo"})
    assert orpo.objective.model_dump() == {"kind": "orpo", "beta": 0.1}


def test_a_pattern_is_replaced_and_not_added_to() -> None:
    first = reading.with_changes(SPEC, {"lora.rank_pattern": {"q_proj": 8}})
    assert reading.with_changes(first, {"lora.rank_pattern": {}}).lora.rank_pattern == {}
