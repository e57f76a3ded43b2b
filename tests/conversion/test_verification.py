from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from studio.conversion import verification
from studio.domain.base import Model
from studio.domain.merges import MergePart, MergeSpec
from studio.domain.provenance import Manner
from studio.domain.recipes import Format, Template
from studio.domain.specs import RegisterSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.models.source import load_tokenizer
from studio.settings import settings
from studio.training import merging
from tests.ggufs import Shelf, answer


def spec(shelf: Shelf, base: str = "F16", positions: int = 60, **changes: Any) -> RegisterSpec:
    return RegisterSpec(
        name="voice",
        dataset=shelf.dataset(),
        adapter=shelf.adapter(),
        gguf_base=shelf.base(base),
        gguf_adapter=shelf.voice(),
        positions=positions,
    ).model_copy(update=changes)


def test_a_right_voice_is_proved_and_reported(shelf: Shelf) -> None:
    result = verification.run(spec(shelf, positions=10_000), shelf.room)
    assert {"max_abs_logit_diff", "top1_agreement", "positions"} <= set(result)
    assert result["top1_agreement"] >= 0.99
    assert result["max_abs_logit_diff"] < 0.05
    assert result["positions"] > 60
    report = shelf.room.of_type("artifact")[-1]
    assert (report.kind, report.name) == ("report", "verification")
    assert report.facts["adapter"] == shelf.adapter()
    stored = shelf.room.fetch(report.artifact) / "verification.json"
    assert json.loads(stored.read_text()) == report.facts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_voice_from_elsewhere_is_proved_on_the_sample_story(shelf: Shelf, language: str) -> None:
    known = spec(shelf).model_copy(update={"dataset": None, "language": language})
    result = verification.run(known, shelf.room)
    assert result["positions"] >= 60
    assert result["top1_agreement"] >= 0.9


def test_a_voice_is_proved_in_the_form_that_it_was_taught_in(shelf: Shelf, tmp_path: Path) -> None:
    """What its dataset says is not asked, and neither is the base model's own template."""
    folder = tmp_path / "voice"
    shutil.copytree(shelf.room.fetch(shelf.adapter()), folder)
    source = "{% for m in messages %}{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}"
    manner = Manner(template=Template(source=source, marks={}), formatter=Format(kind="chatml"))
    told = {"manner": manner.model_dump(mode="json")}
    (folder / "lineage.json").write_text(json.dumps(told))
    adapter = shelf.room.put(folder)
    for dataset in (shelf.dataset(), None):
        known = spec(shelf, adapter=adapter, dataset=dataset)
        formatter = verification._formatter(known, folder, shelf.room)
        turns = [{"role": "user", "content": "Go <|im_end|> on."}, answer("It rained.")]
        shown = formatter.run(load_tokenizer(settings().starter), turns)
        assert "".join(shown.pieces) == (
            "user: Go <|im_end|> on.<|im_end|>assistant: It rained.<|im_end|>"
        )
        if dataset is None:
            assert verification.run(known, shelf.room)["top1_agreement"] >= 0.99


def test_in_32_bits_the_two_are_one(shelf: Shelf) -> None:
    result = verification.run(spec(shelf, "F32"), shelf.room)
    assert result["top1_agreement"] == 1
    assert result["max_abs_logit_diff"] < 1e-3
    assert 60 <= result["positions"] < 200


def test_a_voice_within_its_model_is_proved_against_what_was_taught(shelf: Shelf) -> None:
    dora = shelf.adapter(use_dora=True)
    part = MergePart(adapter=dora, name="voice")
    asked = MergeSpec(name="voice", parts=(part,), into="model", measure=False)
    model = Model(source="artifact", name=merging.run(asked, shelf.room)["model"])
    alone = spec(shelf, adapter=dora, gguf_base=shelf.base("F16", model), gguf_adapter=None)
    result = verification.run(alone, shelf.room)
    assert result["top1_agreement"] >= 0.99
    assert result["max_abs_logit_diff"] < 0.05
    assert shelf.room.of_type("artifact")[-1].facts["gguf_adapter"] is None
    with pytest.raises(StudioError, match="does not write as it was taught"):
        verification.run(alone.model_copy(update={"gguf_base": shelf.base("F16")}), shelf.room)


def test_a_base_model_that_was_replaced_is_noticed(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "voice"
    shutil.copytree(shelf.room.fetch(shelf.adapter()), folder)
    base = {"sha256": {"config.json": "0" * 64}}
    (folder / "lineage.json").write_text(json.dumps({"base": base}))
    with pytest.raises(StudioError, match="not the one that the voice was taught on"):
        verification.run(spec(shelf, adapter=shelf.room.put(folder)), shelf.room)


def test_another_voice_is_refused(shelf: Shelf) -> None:
    wrong = shelf.voice(r=4, std=1.0)
    with pytest.raises(StudioError, match="does not write as it was taught"):
        verification.run(spec(shelf, gguf_adapter=wrong), shelf.room)


def test_dataset_without_held_out_passages_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "validation.jsonl").write_text("", "utf-8")
    with pytest.raises(StudioError, match="holds out no passage"):
        verification.run(spec(shelf, dataset=shelf.room.put(tmp_path)), shelf.room)


def test_stops_when_asked(shelf: Shelf) -> None:
    shelf.room.stop = True
    try:
        with pytest.raises(Stopped):
            verification.run(spec(shelf), shelf.room)
    finally:
        shelf.room.stop = False
