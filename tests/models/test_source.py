"""A model folder is understood or refused in plain words, without loading it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.domain.base import Model
from studio.errors import StudioError
from studio.models.source import folder_of, load_tokenizer, validate
from studio.settings import Settings
from tests.models.folders import STARTER, change_json, copied, sharded


def refused(folder: Path) -> StudioError:
    with pytest.raises(StudioError) as caught:
        validate(folder)
    assert all((caught.value.what, caught.value.why, caught.value.remedy))
    return caught.value


def test_the_starter_is_whole() -> None:
    facts = validate(STARTER)
    assert facts.architecture == "Qwen2ForCausalLM"
    assert 4_000_000 < facts.parameters < 9_000_000
    assert facts.bytes == (STARTER / "model.safetensors").stat().st_size
    assert (facts.vocabulary, facts.head_dim) == (8192, 64)
    assert facts.has_chat_template


def test_shards_count_like_one_file(tmp_path: Path) -> None:
    facts = validate(sharded(tmp_path / "m"))
    assert facts.parameters == validate(STARTER).parameters
    assert len(facts.weights) == 2


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "m")
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert "model-00002-of-00002.safetensors" in refused(folder).why


def test_a_tensor_in_no_shard_is_missed(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "m")
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"]["model.layers.9.extra"] = "model-00001-of-00002.safetensors"
    index.write_text(json.dumps(content))
    assert "model.layers.9.extra" in refused(folder).why


@pytest.mark.parametrize("keep", [0, 5, 600, 1_000_000, -1])
def test_a_truncated_file_is_named(tmp_path: Path, keep: int) -> None:
    folder = copied(tmp_path / "m")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert "model.safetensors" in refused(folder).what


def test_noise_is_no_weight_file(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(b"\xff" * 4096)
    assert "damaged" in refused(folder).what


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "unsafe" in refused(folder).what


def test_no_weights_at_all(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    assert "no weights" in refused(folder).what


def test_a_folder_without_config_is_no_model(tmp_path: Path) -> None:
    assert "config.json" in refused(tmp_path).why


@pytest.mark.parametrize("content", ["{", "[]", "\x00\x01"])
def test_a_broken_config_is_named(tmp_path: Path, content: str) -> None:
    folder = copied(tmp_path / "m")
    (folder / "config.json").write_text(content)
    assert "config.json" in refused(folder).what


def test_a_config_without_a_size_says_which(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    change_json(folder / "config.json", hidden_size=None)
    assert "hidden_size" in refused(folder).why


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    change_json(folder / "config.json", architectures=["BertForMaskedLM"])
    assert "BertForMaskedLM" in refused(folder).why


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_a_models_own_code_is_refused(tmp_path: Path, file: str) -> None:
    folder = copied(tmp_path / "m")
    change_json(folder / file, auto_map={"AutoModelForCausalLM": "modeling.Mine"})
    found = refused(folder)
    assert file in found.why
    assert "code" in found.what


def test_compressed_weights_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    change_json(folder / "config.json", quantization_config={"quant_method": "gptq"})
    assert "compressed" in refused(folder).what


def test_no_tokenizer(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    (folder / "tokenizer.json").unlink()
    assert "tokenizer.json" in refused(folder).why


def test_a_broken_tokenizer_is_named(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    (folder / "tokenizer.json").write_text('{"version": "1.0"}')
    with pytest.raises(StudioError, match="tokenizer"):
        load_tokenizer(folder)


def test_a_missing_chat_template_is_a_fact(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    (folder / "chat_template.jinja").unlink()
    assert not validate(folder).has_chat_template


def test_the_tokenizer_can_pad() -> None:
    assert load_tokenizer(STARTER).pad_token is not None


def test_where_a_model_lies(home: Settings, tmp_path: Path) -> None:
    def fetch(artifact: str) -> Path:
        return tmp_path / artifact

    assert folder_of(Model(), fetch) == home.starter
    assert folder_of(Model(source="local", name=str(tmp_path)), fetch) == tmp_path
    assert folder_of(Model(source="artifact", name="abc"), fetch) == tmp_path / "abc"
    with pytest.raises(StudioError, match="nowhere"):
        folder_of(Model(source="local", name=str(tmp_path / "nowhere")), fetch)
