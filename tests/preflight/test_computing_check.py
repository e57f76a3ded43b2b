"""Preflight refuses what a device cannot do, and offers the one change that cures it."""

from __future__ import annotations

from typing import Any

import pytest

from studio.domain.changes import applied
from studio.preflight.engine import examine
from tests.preflight.situations import CARD, facts, found, spec

OLD = CARD.model_copy(update={"capability": 7.5})


@pytest.mark.parametrize(
    ("asked", "device", "field"),
    [
        ({"compute": {"precision": "fp16"}}, None, "compute.precision"),
        ({"compute": {"precision": "bf16"}}, OLD, "compute.precision"),
        ({"compute": {"attention": "flash_attention_2"}}, CARD, "compute.attention"),
        ({"compute": {"loss": "liger"}}, CARD, "compute.loss"),
        ({"compute": {"optimiser": "paged-adamw-8bit"}}, None, "compute.optimiser"),
        ({"packing": True, "objective": {"kind": "orpo"}}, None, "packing"),
    ],
)
def test_it_blocks_and_one_click_cures_it(asked: dict[str, Any], device: Any, field: str) -> None:
    situation = facts(**({"device": device} if device else {}))
    [told] = found(examine(spec(**asked), situation), "computing")
    assert told.level == "blocks"
    [way_out] = told.remedies
    assert list(way_out.changes) == [field]
    assert not found(examine(applied(spec(**asked), way_out), situation), "computing")


def test_packing_without_flash_attention_is_told_of_on_a_card() -> None:
    [told] = found(examine(spec(packing=True), facts(device=CARD)), "computing")
    assert told.level == "tells"
    there = CARD.model_copy(update={"libraries": {"flash-attn": "2.8.3"}})
    assert not found(examine(spec(packing=True), facts(device=there)), "computing")
    assert not found(examine(spec(packing=True), facts()), "computing")
