"""What a voice tells of its dataset."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from studio.domain.base import Language
from studio.domain.provenance import Manner
from studio.domain.recipes import ContinuationSpec, CustomFormat, Format, PrepareSpec, RawSpec
from studio.settings import ROOT
from studio.training.lineage import language_of, manner
from tests.datasets.templates import GEMMA2
from tests.training.material import examples, small, write_dataset

NO_DATASET = "d" * 64


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_dataset_without_manuscripts_has_the_language_of_its_examples(
    language: Language, tmp_path: Path
) -> None:
    dataset = write_dataset(tmp_path, examples(6, seed=1, language=language))
    (dataset / "recipe.json").write_text('{"manuscripts": []}')
    assert language_of(dataset) == language
    (dataset / "recipe.json").unlink()
    assert language_of(dataset) == language


def test_what_was_taught_travels_with_the_adapter(tmp_path: Path) -> None:
    """The form of the training, not of the dataset; the template of the base model as it was."""
    dataset = write_dataset(tmp_path / "dataset", examples(6, seed=1))
    builder = ContinuationSpec(about="Marguerite keeps the locks.", context_tokens=96)
    recipe = PrepareSpec(
        name="A", manuscripts=("0" * 64,), builder=builder, formatter=Format(kind="alpaca")
    )
    (dataset / "recipe.json").write_text(json.dumps({"spec": recipe.model_dump(mode="json")}))
    base = tmp_path / "base"
    shutil.copytree(ROOT / "data" / "starter", base, ignore=shutil.ignore_patterns("*.safetensors"))
    template = GEMMA2.replace("<end_of_turn>", "<|im_end|>")
    (base / "chat_template.jinja").write_text(template)
    spec = small(NO_DATASET, formatter=Format())
    told = Manner.model_validate(manner(dataset, base, spec))
    assert told.about == "Marguerite keeps the locks."
    assert (told.builder, told.shown_tokens, told.formatter) == ("continuation", 96, Format())
    assert told.template is not None
    assert told.template.source == template
    assert told.template.marks["eos_token"] == "<|im_end|>"
    custom = CustomFormat(template="{{ messages[0].content }}")
    other = Manner.model_validate(manner(dataset, base, small(NO_DATASET, formatter=custom)))
    assert other.template is not None
    assert other.template.source == custom.template
    raw = recipe.model_copy(update={"builder": RawSpec()})
    (dataset / "recipe.json").write_text(json.dumps({"spec": raw.model_dump(mode="json")}))
    assert Manner.model_validate(manner(dataset, base, spec)).template is None
