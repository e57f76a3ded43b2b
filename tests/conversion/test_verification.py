from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.conversion import verdict, verification
from studio.conversion.agreement import Agreement
from studio.conversion.sides import Converted, Reference
from studio.domain.base import Model
from studio.domain.merges import MergePart, MergeSpec
from studio.domain.prompts import continuation
from studio.domain.provenance import Manner
from studio.domain.recipes import Format, Template
from studio.domain.specs import RegisterSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.inference.runtime import Runtime
from studio.models.source import load_tokenizer
from studio.settings import settings
from studio.training import merging
from tests.conversion.tampering import altered, with_alpha
from tests.ggufs import PASSAGES, Shelf, answer, held_out


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


def stored(shelf: Shelf, gguf: Path) -> str:
    """The artifact of a file that was tampered with."""
    folder = gguf.parent / "folder"
    folder.mkdir()
    shutil.copyfile(gguf, folder / "adapter.gguf")
    return shelf.room.put(folder)


@pytest.mark.parametrize("factor", [1.25, 0.0, math.nan, math.inf])
def test_a_voice_of_another_strength_is_refused(
    shelf: Shelf, tmp_path: Path, factor: float
) -> None:
    wrong = with_alpha(shelf.gguf(shelf.voice()), tmp_path / "v.gguf", lambda a: a * factor)
    with pytest.raises(StudioError, match="does not write as it was taught") as refused:
        verification.run(spec(shelf, gguf_adapter=stored(shelf, wrong)), shelf.room)
    assert "42" in refused.value.why


def test_an_adapter_of_which_peft_loads_a_part_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shelf.room.fetch(shelf.adapter()), tmp_path / "part"))
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"target_modules": ["q_proj"]}))
    with pytest.raises(StudioError, match="does not write as it was taught") as refused:
        verification.run(spec(shelf, adapter=shelf.room.put(folder)), shelf.room)
    assert "changes 6 parts" in refused.value.why


class Heard:
    """The proof without the comparison of tensors: what llama.cpp makes of a voice."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.references: dict[str, Reference] = {}

    def found(self, base: str, adapter: str, converted: Path) -> Agreement:
        if adapter not in self.references:
            folder = self.shelf.room.fetch(adapter)
            self.references[adapter] = Reference(settings().starter, folder)
        runtime = Runtime(self.shelf.gguf(self.shelf.base(base)), 512, exact=True)
        tokenizer = load_tokenizer(settings().starter)
        texts = [before + after for _language, before, after in PASSAGES]
        ids = tokenizer("\n".join(texts))["input_ids"][:80]
        example = verification.Example(ids, list(range(1, 80)))
        voiced = Converted(runtime, converted)
        found = verification._compare(self.references[adapter], voiced, [example], self.shelf.room)
        runtime.close()
        return found


@pytest.fixture(scope="module")
def heard(shelf: Shelf) -> Heard:
    return Heard(shelf)


@pytest.mark.parametrize("std", [0.05, 5e-4])
@pytest.mark.parametrize("base", ["F32", "F16", "Q8_0", "Q4_K_M"])
def test_a_strength_is_heard_in_every_precision(
    shelf: Shelf, heard: Heard, tmp_path: Path, base: str, std: float
) -> None:
    options = {} if std == 0.05 else {"std": std}
    adapter, right = shelf.adapter(**options), shelf.gguf(shelf.voice("F16", **options))
    found = heard.found(base, adapter, right)
    verdict.check(found, base, 3e-4, apart=True)
    assert found.applied == pytest.approx(1, abs=0.03)
    assert verdict.unheard(found, apart=True) == ""
    for factor, said in ((1.25, "times as strongly"), (4.0, "times as strongly")):
        wrong = with_alpha(right, tmp_path / f"{factor}.gguf", lambda a, by=factor: a * by)
        with pytest.raises(StudioError, match="does not write as it was taught") as refused:
            verdict.check(heard.found(base, adapter, wrong), base, 3e-4, apart=True)
        assert said in refused.value.why


def test_what_is_applied_in_another_place_is_heard(
    shelf: Shelf, heard: Heard, tmp_path: Path
) -> None:
    """Rows of q in an order of their own have the right numbers in the wrong heads."""
    wrong = altered(
        shelf.gguf(shelf.voice("F16")), tmp_path / "v.gguf", "attn_q.weight.lora_b",
        lambda b: b.reshape(4, 2, 32, 8).swapaxes(1, 2).reshape(256, 8),
    )  # fmt: skip
    with pytest.raises(StudioError, match="does not write as it was taught"):
        verdict.check(heard.found("F16", shelf.adapter(), wrong), "F16", 0.0, apart=True)


def test_a_voice_that_changes_nothing_is_proved_and_said_to(shelf: Shelf) -> None:
    mute = spec(shelf, adapter=shelf.adapter(std=0.0), gguf_adapter=shelf.voice("F16", std=0.0))
    result = verification.run(mute, shelf.room)
    assert result["change"] == 0
    assert result["top1_agreement"] == 1
    assert "next to nothing" in shelf.room.of_type("log")[-1].text
    louder = mute.model_copy(update={"gguf_adapter": shelf.voice()})
    with pytest.raises(StudioError, match="does not write as it was taught"):
        verification.run(louder, shelf.room)


def logits(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


@pytest.mark.parametrize("spoilt", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", ["ours", "theirs", "base"])
def test_what_is_no_number_never_passes(spoilt: float, side: str) -> None:
    right, other = logits([1, 2, 3], [3, 2, 1]), logits([1, 2, 3], [3, spoilt, 1])
    found = Agreement()
    found.add(other if side == "ours" else right, other if side == "theirs" else right)
    found.add_base(other if side == "base" else right, right)
    found.add_change(right * 0.1, right * 0.1)
    with np.errstate(all="ignore"), pytest.raises(StudioError, match="does not write") as refused:
        verdict.check(found, "Q4_K_M", 0.0, apart=True)
    assert "number" in refused.value.why


def test_a_base_model_that_computes_otherwise_is_named() -> None:
    right = logits([1, 2, 3], [3, 2, 1])
    found = Agreement()
    found.add(right, right)
    found.add_base(right * 1.03, right)
    found.add_change(right * 0.1, right * 0.1)
    verdict.check(found, "Q8_0", 0.0, apart=True)
    with pytest.raises(StudioError, match="does not write") as refused:
        verdict.check(found, "F16", 0.0, apart=True)
    assert "without the voice" in refused.value.why
    assert "3.00%" in refused.value.why


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_a_line_of_a_dataset_ends_at_a_line_feed_alone(
    shelf: Shelf, tmp_path: Path, mark: str
) -> None:
    turns = [*continuation("en", f"He wrote.{mark}Then"), answer(f"he{mark} slept, and woke.")]
    dataset = shelf.room.put(held_out(tmp_path, turns))
    result = verification.run(spec(shelf, dataset=dataset), shelf.room)
    assert result["positions"] > 3


@pytest.mark.parametrize(
    ("texts", "said"), [((), "holds out no passage"), (("", ""), "Nothing in its 2 held-out")]
)
def test_a_dataset_with_nothing_to_compare_on_is_refused(
    shelf: Shelf, tmp_path: Path, texts: tuple[str, ...], said: str
) -> None:
    dataset = shelf.room.put(held_out(tmp_path, *([answer(text)] for text in texts)))
    with pytest.raises(StudioError, match=said):
        verification.run(spec(shelf, dataset=dataset), shelf.room)


def test_passages_behind_more_than_is_compared_are_not_called_missing(
    shelf: Shelf, tmp_path: Path
) -> None:
    turns = [*continuation("en", "The tide came in. " * 2000), answer("So.")]
    dataset = shelf.room.put(held_out(tmp_path, turns))
    with pytest.raises(StudioError, match="could not be proved") as refused:
        verification.run(spec(shelf, dataset=dataset), shelf.room)
    assert "2048 tokens" in refused.value.why


def test_stops_when_asked(shelf: Shelf) -> None:
    shelf.room.stop = True
    try:
        with pytest.raises(Stopped):
            verification.run(spec(shelf), shelf.room)
    finally:
        shelf.room.stop = False
