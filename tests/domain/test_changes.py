"""Remedies change a spec, and nothing else of it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from studio.domain.changes import applied, changed
from studio.domain.findings import Remedy
from studio.domain.specs import TrainSpec

SPEC = TrainSpec(name="a", dataset="0" * 64)


def test_a_remedy_changes_only_what_it_names() -> None:
    spec = changed(SPEC, {"batch_size": 2, "lora.rank": 8})
    assert (spec.batch_size, spec.lora.rank) == (2, 8)
    assert spec.lora.alpha == SPEC.lora.alpha
    assert spec.learning_rate == SPEC.learning_rate


def test_a_remedy_may_give_a_part_of_the_lora_numbers() -> None:
    spec = changed(SPEC, {"lora": {"rank": 4}})
    assert (spec.lora.rank, spec.lora.alpha) == (4, SPEC.lora.alpha)


def test_a_number_out_of_range_is_refused_by_the_spec() -> None:
    with pytest.raises(ValidationError):
        changed(SPEC, {"batch_size": 0})


def test_a_remedy_is_applied_without_touching_the_spec_it_came_from() -> None:
    before = SPEC.model_dump()
    after = applied(SPEC, Remedy(label="Smaller", changes={"lora.rank": 8}, cost=1))
    assert after.lora.rank == 8
    assert SPEC.model_dump() == before
    assert applied(SPEC, Remedy(label="Think again")) == SPEC


def test_a_cost_outside_the_scale_is_refused() -> None:
    with pytest.raises(ValidationError, match="cost"):
        Remedy(label="Give up", cost=4)
