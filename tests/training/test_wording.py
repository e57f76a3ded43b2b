"""Every setting of a training has a place, a name and an explanation."""

from __future__ import annotations

from typing import get_args

import pytest

from studio.domain.fields import fields, flat
from studio.domain.learning import ObjectiveSpec
from studio.domain.specs import TrainSpec
from studio.training import values, wording

FIELDS = fields(TrainSpec)
OBJECTIVES = [kind.model_fields["kind"].default for kind in get_args(get_args(ObjectiveSpec)[0])]


def test_every_field_has_a_place_or_is_set_by_the_studio() -> None:
    placed = set(wording.words())
    assert set(FIELDS) - placed <= wording.SET_BY_THE_STUDIO
    assert placed <= set(FIELDS)
    assert not placed & wording.SET_BY_THE_STUDIO


def test_no_setting_stands_in_two_groups_and_no_two_are_called_the_same() -> None:
    groups = wording.groups().values()
    assert sum(map(len, groups)) == len(wording.words())
    labels = [said.label for said in wording.words().values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("field", wording.words())
def test_every_setting_is_explained(field: str) -> None:
    said = wording.words()[field]
    assert said.label
    assert said.help.rstrip().endswith(".")


def test_the_values_that_are_words_have_names() -> None:
    for field, names in values.choices().items():
        annotation = FIELDS[field].annotation
        inner = get_args(annotation)
        known = get_args(inner[0]) if field == "trackers" else inner
        assert set(names) == set(known), field


def test_every_objective_is_said_in_a_writers_words() -> None:
    assert set(values.objectives()) == set(OBJECTIVES)
    assert set(wording.ONLY_FOR["packing"]) <= set(OBJECTIVES)


def test_a_spec_is_flattened_to_the_names_of_its_fields() -> None:
    spec = TrainSpec(name="a", dataset="0" * 64, objective="simpo")
    values = flat(spec.model_dump(), FIELDS)
    assert set(values) <= set(FIELDS)
    assert (values["objective.gamma"], values["lora.rank_pattern"]) == (1.0, {})
