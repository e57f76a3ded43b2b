from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from studio.conversion import engine, shims
from studio.conversion.quantisation import QUANTISATIONS, check_rows, tensor_shapes
from studio.conversion.tokens import PROBE, check_tokens
from studio.domain.base import Model
from studio.domain.specs import ConvertSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.inference.gguf import read_head
from studio.inference.runtime import Runtime
from studio.models.source import load_tokenizer
from studio.settings import settings
from tests.ggufs import Shelf, make_model
from tests.workroom import LocalRoom

KINDS = ("F32", "F16", "Q8_0", "Q4_K_M")


@pytest.mark.parametrize("quantisation", KINDS)
def test_result_opens_and_says_what_it_is(shelf: Shelf, quantisation: str) -> None:
    folder = shelf.room.fetch(shelf.base(quantisation))
    assert sorted(p.name for p in folder.iterdir()) == ["facts.json", "model.gguf"]
    facts = next(
        e.facts
        for e in shelf.room.of_type("artifact")
        if e.facts.get("quantisation") == quantisation and e.facts["what"] == "base"
    )
    assert facts["bytes"] == (folder / "model.gguf").stat().st_size
    assert facts["model"] == Model().model_dump()
    assert facts["adapter"] is None
    head = read_head(folder / "model.gguf")
    assert (head.architecture, head.hidden_size) == ("qwen2", 256)


def test_smaller_kinds_are_smaller(shelf: Shelf) -> None:
    sizes = [shelf.gguf(shelf.base(kind)).stat().st_size for kind in KINDS]
    assert sizes == sorted(sizes, reverse=True)


def test_same_model_makes_the_same_artifact(shelf: Shelf, tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    spec = ConvertSpec(name="again", converter="base-gguf", quantisation="Q4_K_M")
    assert engine.run(spec, room)["gguf"] == shelf.base("Q4_K_M")


def test_a_base_model_is_converted_once(shelf: Shelf, tmp_path: Path) -> None:
    """And again where the earlier file is not of this very model, or not there."""
    room = LocalRoom(tmp_path)
    model = shelf.other_model()
    spec = ConvertSpec(name="once", converter="base-gguf", model=model)
    made = engine.run(spec, room)["gguf"]
    again = spec.model_copy(update={"kept": made})
    room.events.clear()
    assert engine.run(again, room) == {"gguf": made}
    assert room.events == []
    copied = shutil.copytree(model.name, tmp_path / "copy")
    config = copied / "tokenizer_config.json"
    config.write_text(config.read_text().replace("{", '{"another": 1,', 1))
    other = again.model_copy(update={"model": Model(source="local", name=str(copied))})
    assert engine.run(other, room)["gguf"] != made
    gone = spec.model_copy(update={"kept": "0" * 64})
    assert engine.run(gone, room)["gguf"] == made


def test_marks_that_take_white_space_along_are_told(shelf: Shelf, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(shelf.other_model().name, tmp_path / "copy"))
    told = json.loads((copied / "tokenizer.json").read_text("utf-8"))
    mark = next(each for each in told["added_tokens"] if each["content"] == "<|im_end|>")
    mark["rstrip"] = True
    (copied / "tokenizer.json").write_text(json.dumps(told), "utf-8")
    room = LocalRoom(tmp_path)
    model = Model(source="local", name=str(copied))
    spec = ConvertSpec(name="told", converter="base-gguf", model=model)
    made = room.fetch(engine.run(spec, room)["gguf"])
    found = read_head(next(made.glob("*.gguf"))).facts[shims.STRIPS]
    assert json.loads(found) == {"<|im_end|>": ["right"]}
    assert json.loads((made / engine.FACTS).read_text())["sources"]["strips"] == found


def test_tokens_are_those_of_training(shelf: Shelf) -> None:
    tokenizer = load_tokenizer(settings().starter)
    runtime = Runtime(shelf.gguf(shelf.base()), 256)
    text = f"<|im_start|>user\n{PROBE}<|im_end|>\n"
    assert runtime.tokenise(text, special=True) == tokenizer(text)["input_ids"]
    assert runtime.tokenise(PROBE, special=False) == tokenizer(PROBE)["input_ids"]
    runtime.close()


def test_other_tokens_are_refused(shelf: Shelf, tmp_path: Path) -> None:
    """The file of one tokenizer against a tokenizer that numbers two words the other way."""
    make_model(tmp_path / "m", "qwen2", 64, layers=1)
    path = tmp_path / "m" / "tokenizer.json"
    content = json.loads(path.read_text("utf-8"))
    vocabulary = content["model"]["vocab"]
    one, other = load_tokenizer(tmp_path / "m").tokenize(PROBE)[5:7]
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(StudioError, match="misread"):
        check_tokens(shelf.gguf(shelf.base()), tmp_path / "m")


def test_progress_and_log_are_told(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    engine.run(ConvertSpec(name="x", converter="base-gguf", quantisation="Q8_0"), room)
    units = {event.unit for event in room.of_type("progressed")}
    assert units == {"%", "tensors"}
    assert any("token_embd" in event.text for event in room.of_type("log"))


def test_stop_ends_the_child_and_leaves_no_artifact(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    room.stop = True
    with pytest.raises(Stopped):
        engine.run(ConvertSpec(name="x", converter="base-gguf"), room)
    assert not list(room.artifacts.iterdir())


def test_rows_that_k_quants_cannot_cut_are_refused(shelf: Shelf, tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    spec = ConvertSpec(
        name="x",
        converter="base-gguf",
        model=shelf.other_model("qwen2", 64),
        quantisation="Q4_K_M",
    )
    with pytest.raises(StudioError) as raised:
        engine.run(spec, room)
    assert "multiple of 256" in raised.value.why
    assert "Q8_0" in raised.value.remedy
    assert not list(room.artifacts.iterdir())


def test_row_check_offers_what_fits() -> None:
    finding = check_rows(QUANTISATIONS["Q8_0"], {"a": (64, 30), "norm": (30,)})
    assert finding is not None
    assert finding.remedies[0].changes == {"quantisation": "F16"}
    assert check_rows(QUANTISATIONS["F16"], {"a": (64, 30)}) is None
    assert check_rows(QUANTISATIONS["Q4_K_M"], tensor_shapes(settings().starter)) is None


def test_another_architecture_converts(shelf: Shelf) -> None:
    artifact = shelf.base("F16", shelf.other_model("llama", 256))
    assert read_head(shelf.gguf(artifact)).architecture == "llama"


def test_broken_model_folder_is_refused(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path / "room")
    make_model(tmp_path / "m", "qwen2", 64, layers=1)
    path = tmp_path / "m" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    model = Model(source="local", name=str(tmp_path / "m"))
    with pytest.raises(StudioError, match=r"model\.safetensors"):
        engine.run(ConvertSpec(name="x", converter="base-gguf", model=model), room)
