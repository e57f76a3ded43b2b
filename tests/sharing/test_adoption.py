"""Voices from elsewhere: taken in when they are whole, safe and fit; refused plainly otherwise."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.domain.base import Model
from studio.domain.specs import AdoptSpec, DownloadSpec
from studio.errors import StudioError
from studio.models.source import validate
from studio.settings import settings
from studio.sharing import adoption, opening, portable
from studio.training import lineage
from tests.models.folders import copied as copied_model
from tests.models.hub_server import COMMIT, serve
from tests.sharing import voices
from tests.workroom import LocalRoom

WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def room(tmp_path: Path) -> LocalRoom:
    return LocalRoom(tmp_path / "room")


def adopt(room: LocalRoom, folder: Path, *bases: Model, **fields: Any) -> dict[str, Any]:
    spec = AdoptSpec(name="From afar", files=room.put(folder), bases=bases or (Model(),), **fields)
    return adoption.run(spec, room)


@pytest.fixture
def mine(voice: Path, tmp_path: Path) -> Path:
    """A copy of the voice as another studio would have exported it."""
    portable.lay_out(voice, tmp_path / "mine", "Tide")
    return tmp_path / "mine"


def test_a_voice_is_taken_in_with_what_it_tells(room: LocalRoom, mine: Path) -> None:
    made = adopt(room, mine)
    (produced,) = room.of_type("artifact")
    assert (produced.kind, produced.artifact) == ("adapter", made["adapter"])
    facts = produced.facts
    assert facts["model"] == Model().model_dump()
    assert (facts["adopted"], facts["told"], facts["same_base"]) == (True, True, True)
    assert (facts["language"], facts["rank"], facts["steps"]) == ("en", 8, 8)
    assert (facts["nll_before"], facts["nll_after"]) == (1.2, 0.9)
    assert facts["manner"]["shown_tokens"] == 192
    assert facts.get("dataset") is None
    kept = room.fetch(made["adapter"])
    assert {p.name for p in kept.iterdir()} == {WEIGHTS, "adapter_config.json", "lineage.json"}
    assert (kept / WEIGHTS).read_bytes() == (mine / WEIGHTS).read_bytes()


def test_a_bare_adapter_tells_nothing_and_is_said_to(room: LocalRoom, mine: Path) -> None:
    (mine / "lineage.json").unlink()
    adopt(room, mine, language="zh")
    facts = room.of_type("artifact")[0].facts
    assert (facts["told"], facts["same_base"], facts["language"]) == (False, None, "zh")
    assert facts["nll_before"] is None


@pytest.mark.parametrize("text", ["{", "[]", '{"base": 3}', '{"figures": {"nll_after": "NaN"}}'])
def test_a_lineage_that_makes_no_sense_is_as_none(room: LocalRoom, mine: Path, text: str) -> None:
    (mine / "lineage.json").write_text(text)
    adopt(room, mine)
    assert room.of_type("artifact")[0].facts["nll_after"] is None


def test_another_edition_of_the_base_model_is_told(room: LocalRoom, mine: Path) -> None:
    told = json.loads((mine / "lineage.json").read_text())
    told["base"]["sha256"]["config.json"] = "0" * 64
    lineage.write(mine, told)
    adopt(room, mine)
    assert "another edition" in room.of_type("log")[0].text
    assert room.of_type("artifact")[0].facts["same_base"] is False


def test_the_base_model_it_names_is_found_among_several(
    room: LocalRoom, mine: Path, tmp_path: Path
) -> None:
    other = Model(source="local", name=str(copied_model(tmp_path / "Other")))
    gone = Model(source="local", name=str(tmp_path / "gone"))
    voices.change_config(mine, base_model_name_or_path="other")
    adopt(room, mine, Model(), gone, other)
    assert room.of_type("artifact")[0].facts["model"] == other.model_dump()
    kept = room.fetch(room.of_type("artifact")[0].artifact)
    assert voices.config(kept)["base_model_name_or_path"] == "Other"
    voices.change_config(mine, base_model_name_or_path="meta/somebody-else")
    with pytest.raises(StudioError, match="Which base model") as refused:
        adopt(room, mine, Model(), other)
    assert "meta/somebody-else" in refused.value.why


def test_a_pattern_is_replaced_by_the_names_it_meant(room: LocalRoom, mine: Path) -> None:
    voices.change_config(mine, target_modules="(a+)+$|.*_proj", exclude_modules="(b+)+$")
    made = adopt(room, mine)
    config = voices.config(room.fetch(made["adapter"]))
    assert "model.layers.0.self_attn.q_proj" in config["target_modules"]
    assert len(config["target_modules"]) == 6 * 7
    assert config["exclude_modules"] is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"peft_type": "IA3"}, "peft_type IA3"),
        ({"peft_type": None}, "peft_type None"),
        ({"megatron_config": {"a": 1}}, "megatron_config"),
        ({"use_qalora": True}, "use_qalora"),
        ({"layer_replication": [[0, 4]]}, "layer_replication"),
        ({"r": "8"}, "rank 8"),
        ({"lora_alpha": -1}, "alpha -1"),
    ],
)
def test_what_is_no_ordinary_lora_is_refused(
    room: LocalRoom, mine: Path, changes: dict[str, Any], said: str
) -> None:
    voices.change_config(mine, **changes)
    with pytest.raises(StudioError) as refused:
        adopt(room, mine)
    assert said in refused.value.why
    assert room.of_type("artifact") == []


def test_another_models_voice_does_not_fit(room: LocalRoom, mine: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(mine / WEIGHTS)
    name = next(n for n in weights if n.endswith("q_proj.lora_A.weight"))
    for broken in (
        {name: weights[name][:, :9].contiguous()},
        {"base_model.model.x": weights[name].clone()},
    ):
        save_file(weights | broken, mine / WEIGHTS)
        with pytest.raises(StudioError, match="does not fit the base model starter"):
            adopt(room, mine)


def test_numbers_that_are_none_are_refused(room: LocalRoom, mine: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(mine / WEIGHTS)
    next(iter(weights.values()))[0, 0] = float("nan")
    save_file(weights, mine / WEIGHTS)
    with pytest.raises(StudioError, match="spoilt"):
        adopt(room, mine)


def _cut(folder: Path) -> None:
    path = folder / WEIGHTS
    path.write_bytes(path.read_bytes()[:-100])


def _flipped(folder: Path) -> None:
    path = folder / WEIGHTS
    content = bytearray(path.read_bytes())
    content[2] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [_cut, _flipped])
def test_damaged_weights_are_refused(
    room: LocalRoom, mine: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(mine)
    with pytest.raises(StudioError, match="damaged") as refused:
        adopt(room, mine)
    assert str(room.folder) not in str(refused.value)


def test_weights_in_several_files_are_said_to_be(mine: Path, tmp_path: Path) -> None:
    (mine / WEIGHTS).rename(mine / "adapter_model-00001-of-00002.safetensors")
    with pytest.raises(StudioError, match="several files"):
        opening.take(mine, tmp_path / "taken")


def test_weights_that_could_run_code_are_refused(mine: Path, tmp_path: Path) -> None:
    (mine / WEIGHTS).rename(mine / "adapter_model.bin")
    with pytest.raises(StudioError, match="unsafe form") as refused:
        opening.take(mine, tmp_path / "taken")
    assert "safetensors" in refused.value.remedy
    assert not (tmp_path / "taken").exists()


def test_what_is_no_adapter_is_said(mine: Path, tmp_path: Path) -> None:
    (mine / WEIGHTS).unlink()
    with pytest.raises(StudioError, match="not whole"):
        opening.take(mine, tmp_path / "taken")
    (mine / "adapter_config.json").unlink()
    with pytest.raises(StudioError, match="no voice in"):
        opening.take(mine, tmp_path / "taken")
    with pytest.raises(StudioError, match="nothing at"):
        opening.take(tmp_path / "nowhere", tmp_path / "taken")


def zipped(folder: Path, target: Path, **others: bytes) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"voices/tide/{path.name}")
        for name, content in others.items():
            archive.writestr(name, content)
    return target


def test_a_zip_is_taken_in_whatever_else_is_in_it(mine: Path, tmp_path: Path) -> None:
    others = {"__MACOSX/voices/tide/adapter_config.json": b"x", "run.py": b"import os"}
    opening.take(zipped(mine, tmp_path / "v.zip", **others), tmp_path / "taken")
    taken = {p.name for p in (tmp_path / "taken").iterdir()}
    assert taken == {WEIGHTS, "adapter_config.json", "lineage.json"}


def test_a_zip_of_two_voices_is_refused(mine: Path, tmp_path: Path) -> None:
    given = zipped(mine, tmp_path / "v.zip", **{"b/adapter_config.json": b"{}"})
    with pytest.raises(StudioError, match="more than one voice"):
        opening.take(given, tmp_path / "taken")


@pytest.mark.parametrize("name", ["../adapter_config.json", "/adapter_config.json", "C:/x.json"])
def test_a_zip_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr(name, "{}")
    before = sorted(os.walk(tmp_path))
    with pytest.raises(StudioError, match="opened safely"):
        opening.take(tmp_path / "v.zip", tmp_path / "taken")
    assert sorted(os.walk(tmp_path)) == before


def test_a_zip_bomb_is_refused(mine: Path, tmp_path: Path) -> None:
    (mine / WEIGHTS).write_bytes(bytes(30 << 20))
    with zipfile.ZipFile(tmp_path / "v.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in mine.iterdir():
            archive.write(path, path.name)
    with pytest.raises(StudioError, match="opened safely"):
        opening.take(tmp_path / "v.zip", tmp_path / "taken")


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(100), b"\0" * 5000])
def test_what_is_no_zip_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.zip").write_bytes(content)
    with pytest.raises(StudioError):
        opening.take(tmp_path / "v.zip", tmp_path / "taken")


def test_a_huge_description_is_not_read(mine: Path, tmp_path: Path) -> None:
    (mine / "adapter_config.json").write_text("[" * (2 << 20))
    with pytest.raises(StudioError, match="larger than 1 MB"):
        opening.take(mine, tmp_path / "taken")


@pytest.mark.parametrize("text", ["[" * 100_000, "[1]", "null", '"x"', "{", "\ud800"])
def test_a_description_that_is_none_is_refused(room: LocalRoom, mine: Path, text: str) -> None:
    (mine / "adapter_config.json").write_text(text, errors="surrogatepass")
    with pytest.raises(StudioError):
        adopt(room, mine)


def test_a_voice_comes_from_the_hub_at_one_commit(
    room: LocalRoom, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine / "pytorch_model.bin").write_bytes(b"never fetched")
    with serve(mine) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("LOREWRIGHT_CACHE", str(tmp_path / "cache"))
        settings.cache_clear()
        source = DownloadSpec(repository="owner/tiny")
        made = adoption.run(AdoptSpec(name="Tide", source=source, bases=(Model(),)), room)
    settings.cache_clear()
    assert room.of_type("artifact")[0].facts["source"] == {
        "repository": "owner/tiny", "revision": COMMIT,
    }  # fmt: skip
    told = opening.provenance(room.fetch(made["adapter"]))
    assert told is not None
    assert told.source is not None
    assert told.source.revision == COMMIT
    assert validate(voices.STARTER).name == told.base.name
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_a_source_is_named_once() -> None:
    with pytest.raises(ValueError, match="either files or a source"):
        AdoptSpec(name="x", bases=(Model(),))
