from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import StudioError
from studio.inference.gguf import only_gguf, read_head
from studio.inference.runtime import physical_cores
from tests.ggufs import Shelf


@pytest.mark.parametrize("kind", ["F32", "F16", "Q8_0", "Q4_K_M"])
def test_head_accounts_for_every_byte(shelf: Shelf, kind: str) -> None:
    head = read_head(shelf.gguf(shelf.base(kind)))
    last = max(head.tensors, key=lambda tensor: tensor.offset)
    assert head.data + last.offset + last.bytes == pytest.approx(head.path.stat().st_size, abs=32)
    assert head.facts["qwen2.block_count"] == 6
    assert "generation" in head.facts["tokenizer.chat_template"]
    assert "tokenizer.ggml.tokens" not in head.facts


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="is not there"):
        read_head(tmp_path / "m.gguf")


@pytest.fixture(scope="module")
def damaged(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Path]:
    """How a real file begins, and where to put it damaged."""
    beginning = shelf.gguf(shelf.base()).read_bytes()[:4000]
    return beginning, tmp_path_factory.mktemp("damaged") / "m.gguf"


@settings(max_examples=100)
@given(data=st.data())
def test_a_damaged_head_is_an_error_a_writer_can_read(
    damaged: tuple[bytes, Path], data: st.DataObject
) -> None:
    beginning, path = damaged
    raw = bytearray(beginning)
    for _change in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, 3999))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    with pytest.raises(StudioError, match=r"m\.gguf"):
        read_head(path)


def test_two_models_in_a_folder_are_one_too_many(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.gguf").touch()
    with pytest.raises(StudioError, match="2 were found"):
        only_gguf(tmp_path)


def test_physical_cores_is_a_number_of_cores() -> None:
    assert 1 <= physical_cores() <= 1024
