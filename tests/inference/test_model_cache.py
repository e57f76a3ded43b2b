from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.inference.model_cache import ModelCache
from tests.ggufs import Shelf


@pytest.fixture
def cache() -> Iterator[ModelCache]:
    cache = ModelCache(models=2)
    yield cache
    cache.clear()


def test_a_model_is_loaded_once(cache: ModelCache, shelf: Shelf) -> None:
    path = shelf.gguf(shelf.base())
    with cache.borrow(path, 128) as first:
        pass
    with cache.borrow(path, 128) as again:
        assert again is first


def test_more_room_is_made_when_asked_for(cache: ModelCache, shelf: Shelf) -> None:
    path = shelf.gguf(shelf.base())
    with cache.borrow(path, 128) as runtime:
        assert runtime.context == 128
        runtime.use(shelf.gguf(shelf.voice()), 1.0)
        before = runtime.logits([5, 6, 7])
    with cache.borrow(path, 512) as again:
        assert again is runtime
        assert again.context == 512
        assert (abs(again.logits([5, 6, 7]) - before) < 1e-2).all()  # the voice came along
    with cache.borrow(path, 1_000_000) as again:
        assert again.context == again.trained_context == 2048


def test_the_one_not_used_for_longest_goes(cache: ModelCache, shelf: Shelf) -> None:
    paths = [shelf.gguf(shelf.base(kind)) for kind in ("F16", "F32", "Q8_0")]
    loaded = []
    for path in (paths[0], paths[1], paths[0], paths[2]):
        with cache.borrow(path, 128) as runtime:
            loaded.append(runtime)
    assert len(cache) == 2
    with cache.borrow(paths[0], 128) as kept:
        assert kept is loaded[0]
    with cache.borrow(paths[1], 128) as fresh:
        assert fresh is not loaded[1]


def test_memory_is_bounded_but_one_model_always_fits(shelf: Shelf) -> None:
    cache = ModelCache(models=5, limit=1)
    for kind in ("F16", "F32"):
        with cache.borrow(shelf.gguf(shelf.base(kind)), 128):
            assert len(cache) == 1
    cache.clear()


def test_a_file_written_anew_is_loaded_anew(
    cache: ModelCache, shelf: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / "m.gguf"
    shutil.copy(shelf.gguf(shelf.base("F16")), path)
    with cache.borrow(path, 128) as first:
        pass
    fresh = tmp_path / "fresh.gguf"
    shutil.copy(shelf.gguf(shelf.base("Q8_0")), fresh)
    fresh.replace(path)
    with cache.borrow(path, 128) as second:
        assert second is not first
        assert second.bytes < first.bytes


def test_a_failed_load_leaves_nothing(cache: ModelCache, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="is not there"), cache.borrow(tmp_path / "no.gguf", 128):
        pass
    assert len(cache) == 0
