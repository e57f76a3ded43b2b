"""The catalogue: every entry whole, and true to what was published."""

from __future__ import annotations

import pytest

from studio.models.catalogue import Entry, catalogue, entry

ENTRIES = catalogue()


@pytest.mark.parametrize("found", ENTRIES, ids=lambda found: found.id)
def test_parameters_follow_from_the_facts(found: Entry) -> None:
    assert found.shape.parameters == pytest.approx(found.parameters, rel=0.01)
    assert found.context <= found.shape.context or found.context > 0


@pytest.mark.parametrize("found", ENTRIES, ids=lambda found: found.id)
def test_every_entry_speaks_to_a_writer(found: Entry) -> None:
    assert found.good_for.endswith(".")
    assert found.good_for[0].isupper()
    assert 40 < len(found.good_for) < 160
    assert {"en", "zh"} & set(found.languages)
    assert found.licence
    assert found.name != found.id


def test_there_is_a_choice() -> None:
    assert len(ENTRIES) >= 20
    assert len({found.id for found in ENTRIES}) == len({found.name for found in ENTRIES})
    families = {found.config["model_type"] for found in ENTRIES}
    assert families >= {"llama", "qwen2", "qwen3", "mistral", "gemma2", "phi3", "glm4"}
    assert sum("zh" in found.languages for found in ENTRIES) >= 8


def test_every_model_that_is_named_can_be_taught() -> None:
    assert [found.id for found in ENTRIES if not found.teachable] == []


def test_licences_that_forbid_earning() -> None:
    assert [found.id for found in ENTRIES if not found.for_money] == ["Qwen/Qwen2.5-3B-Instruct"]


def test_an_entry_by_its_id() -> None:
    assert entry("microsoft/phi-4") in ENTRIES
    assert entry("nobody/nothing") is None
