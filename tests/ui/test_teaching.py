"""The lesson being planned."""

from __future__ import annotations

import pytest

from studio.ui.teaching import preset_words


@pytest.mark.parametrize("preset", ["taste", "evening", "weekend"])
def test_every_preset_has_a_writers_words(preset: str) -> None:
    name, said = preset_words(preset)
    assert name != preset
    assert said
