"""A token without a row is left out where nothing needs it, and else the model is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.models.source import load_tokenizer, usable, validate
from tests.models.folders import MARK, STARTER, change_json, copied, cut_table, marked

ROWS = 8192
LONG = {"type": "longrope", "long_factor": [1.0], "short_factor": [1.0]}


def refused(folder: Path) -> StudioError:
    with pytest.raises(StudioError) as caught:
        validate(folder)
    with pytest.raises(StudioError):
        load_tokenizer(folder)
    return caught.value


def test_a_pad_token_without_a_row_is_not_used(tmp_path: Path) -> None:
    folder = marked(copied(tmp_path / "m"), pad_token=MARK)
    assert validate(folder).idle_tokens == (MARK,)
    tokenizer = load_tokenizer(folder)
    assert tokenizer.pad_token_id < ROWS
    assert len(tokenizer) == ROWS
    assert max(tokenizer(f"One {MARK} two.")["input_ids"]) < ROWS
    assert tokenizer.name_or_path == str(folder)


@pytest.mark.parametrize("role", ["bos_token", "eos_token", "unk_token"])
def test_a_token_that_texts_need_must_have_a_row(tmp_path: Path, role: str) -> None:
    found = refused(marked(copied(tmp_path / "m"), **{role: MARK}))
    assert "tokenizer" in found.what
    assert MARK in found.why


def test_a_token_of_the_template_must_have_a_row(tmp_path: Path) -> None:
    folder = marked(copied(tmp_path / "m"))
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text("utf-8") + MARK, "utf-8")
    assert MARK in refused(folder).why


def test_a_table_one_row_short_is_refused(tmp_path: Path) -> None:
    folder = cut_table(copied(tmp_path / "m"), ROWS - 1)
    assert "1" in refused(folder).why


def test_a_table_that_the_config_does_not_tell_of_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    change_json(folder / "config.json", vocab_size=ROWS + 8)
    with pytest.raises(StudioError, match="contradicts itself") as caught:
        validate(folder)
    assert "embed_tokens" in caught.value.why


def test_a_whole_model_is_used_as_it_is(tmp_path: Path) -> None:
    assert usable(STARTER, tmp_path / "never") == STARTER
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    ("family", "told", "context"),
    [
        ("mistral", {"sliding_window": 128}, 128),
        ("phi3", {"sliding_window": 4096}, 2048),
        ("qwen2", {"sliding_window": 128}, 2048),
        ("qwen2", {"sliding_window": 128, "use_sliding_window": True}, 128),
        ("gemma2", {"sliding_window": 128}, 2048),
        ("phi3", {"rope_scaling": LONG, "original_max_position_embeddings": 512}, 512),
    ],
)
def test_a_window_that_llama_cpp_does_not_know_is_all_that_is_read(
    tmp_path: Path, family: str, told: dict[str, object], context: int
) -> None:
    folder = copied(tmp_path / "m")
    plain = {"use_sliding_window": None, "sliding_window": None, "model_type": family}
    plain |= {"rope_parameters": None}
    change_json(folder / "config.json", **plain | told)
    assert validate(folder).context_length == context
