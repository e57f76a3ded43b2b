"""What a voice tells of its dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.domain.base import Language
from studio.training.lineage import language_of
from tests.training.material import examples, write_dataset


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_dataset_without_manuscripts_has_the_language_of_its_examples(
    language: Language, tmp_path: Path
) -> None:
    dataset = write_dataset(tmp_path, examples(6, seed=1, language=language))
    (dataset / "recipe.json").write_text('{"manuscripts": []}')
    assert language_of(dataset) == language
    (dataset / "recipe.json").unlink()
    assert language_of(dataset) == language
