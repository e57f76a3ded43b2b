"""The write job, from spec to page, with real models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.domain.prompts import continuation
from studio.domain.workroom import Stopped
from studio.domain.writing import Sampling, WriteSpec
from studio.errors import StudioError
from studio.inference import engine
from studio.inference.gguf import only_gguf
from studio.inference.model_cache import CACHE
from studio.inference.runtime import Runtime
from tests.ggufs import Shelf
from tests.workroom import LocalRoom

STORY = "The ferry had not come for three days, and nobody in the harbour spoke of it."
GREEDY = Sampling(temperature=0, repeat_penalty=1, seed=1)


@pytest.fixture
def room(shelf: Shelf) -> Iterator[LocalRoom]:
    shelf.room.events.clear()
    shelf.room.stop, shelf.room._questions_left = False, None
    yield shelf.room
    shelf.room.stop, shelf.room._questions_left = False, None


def ask(shelf: Shelf, **changes: Any) -> WriteSpec:
    known = {
        "gguf_base": shelf.base(),
        "messages": tuple(continuation("en", STORY)),
        "max_tokens": 24,
        "sampling": Sampling(seed=7),
    }
    return WriteSpec.model_validate(known | changes)


def streamed(room: LocalRoom) -> str:
    return "".join(event.text for event in room.of_type("token"))


def test_page_is_streamed_and_returned(shelf: Shelf, room: LocalRoom) -> None:
    result = engine.run(ask(shelf), room)
    assert result["text"] == streamed(room)
    assert 1 <= result["tokens"] <= 24
    assert result["finish"] in ("stop", "length")
    assert result["prompt_tokens"] > 20
    assert result["first_token_ms"] > 0
    assert result["tokens_per_second"] > 0
    assert not result["shortened"]


def test_a_page_that_was_asked_for_is_never_empty(
    shelf: Shelf, room: LocalRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the likeliest first token ends the text, the next likeliest is written."""
    usual = engine.run(ask(shelf, sampling=GREEDY), room)["text"]
    with CACHE.borrow(only_gguf(shelf.room.fetch(shelf.base())), 256) as runtime:
        first = runtime.tokenise(usual, special=False)[0]
    ends = Runtime.ends
    monkeypatch.setattr(Runtime, "ends", lambda self, token: token == first or ends(self, token))
    result = engine.run(ask(shelf, sampling=GREEDY), room)
    assert result["text"].strip()
    assert result["text"] != usual


def test_same_seed_same_page(shelf: Shelf, room: LocalRoom) -> None:
    first = engine.run(ask(shelf), room)
    engine.run(ask(shelf, raw="Something else in between.", sampling=Sampling()), room)
    again = engine.run(ask(shelf), room)
    assert again["text"] == first["text"]
    assert (first["seed"], again["seed"]) == (7, 7)


def test_other_seeds_other_pages(shelf: Shelf, room: LocalRoom) -> None:
    hot = {"temperature": 1.5, "min_p": 0, "top_p": 1}
    texts = {
        engine.run(ask(shelf, sampling=Sampling(seed=seed, **hot)), room)["text"]
        for seed in (1, 2, 3)
    }
    assert len(texts) == 3


def test_page_without_a_seed_says_which_it_drew(shelf: Shelf, room: LocalRoom) -> None:
    drawn = engine.run(ask(shelf, sampling=Sampling()), room)
    again = engine.run(ask(shelf, sampling=Sampling(seed=drawn["seed"])), room)
    assert isinstance(again["text"], str)
    assert again["seed"] == drawn["seed"]


def test_length_is_kept(shelf: Shelf, room: LocalRoom) -> None:
    result = engine.run(ask(shelf, max_tokens=1), room)
    assert result["tokens"] <= 1


def test_stop_string_ends_the_page_before_it(shelf: Shelf, room: LocalRoom) -> None:
    whole = engine.run(ask(shelf, sampling=GREEDY, max_tokens=40), room)["text"]
    stop = whole[3:5]
    room.events.clear()
    result = engine.run(ask(shelf, sampling=GREEDY, max_tokens=40, stop=(stop,)), room)
    assert result["text"] == streamed(room) == whole[: whole.index(stop)]
    assert result["finish"] == "stop"


def test_stopping_midway_keeps_the_text(shelf: Shelf, room: LocalRoom) -> None:
    room.stop_after(6)
    with pytest.raises(Stopped) as raised:
        engine.run(ask(shelf, max_tokens=200), room)
    result = raised.value.result
    assert result["text"] == streamed(room)
    assert 0 < result["tokens"] < 10
    assert result["finish"] == "stopped"
    room._questions_left, room.stop = None, False
    assert engine.run(ask(shelf), room)["tokens"]  # the model was given back


def test_adapter_and_its_strength_change_the_text(shelf: Shelf, room: LocalRoom) -> None:
    voice = shelf.voice(std=0.3)
    plain = ask(shelf, sampling=GREEDY)
    texts = [
        engine.run(plain.model_copy(update=update), room)["text"]
        for update in (
            {},
            {"gguf_adapter": voice},
            {"gguf_adapter": voice, "adapter_scale": 2.0},
            {"gguf_adapter": voice, "adapter_scale": 0.0},
            {},
        )
    ]
    assert texts[0] == texts[3] == texts[4]
    assert texts[1] != texts[0]
    assert texts[2] not in (texts[0], texts[1])


def test_a_beginning_said_before_is_not_read_again(shelf: Shelf, room: LocalRoom) -> None:
    free = Sampling(temperature=0, repeat_penalty=1)
    story = STORY * 12
    seeded = ask(shelf, messages=tuple(continuation("en", story)), sampling=GREEDY)
    cold = engine.run(seeded, room)
    engine.run(seeded.model_copy(update={"sampling": free}), room)
    with CACHE.borrow(shelf.gguf(shelf.base()), 256) as runtime:
        assert len(runtime.ids) >= cold["prompt_tokens"]
    warm = engine.run(seeded.model_copy(update={"sampling": free}), room)
    assert warm["text"] == cold["text"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_too_long_a_story_loses_its_beginning(shelf: Shelf, room: LocalRoom, language: str) -> None:
    story = {"en": STORY + " ", "zh": "渡口的灯一夜没有灭，老船工说潮水很高。"}[language] * 200
    spec = ask(
        shelf,
        messages=tuple(continuation(language, story)),  # type: ignore[arg-type]
        context_tokens=256,
        max_tokens=64,
    )
    result = engine.run(spec, room)
    assert result["shortened"]
    assert 100 < result["prompt_tokens"] <= 256 - 64
    assert any("left out" in event.text for event in room.of_type("log"))


def test_asking_for_more_than_the_context_is_capped(shelf: Shelf, room: LocalRoom) -> None:
    spec = ask(shelf, raw=STORY * 3, context_tokens=128, max_tokens=8192)
    result = engine.run(spec, room)
    assert result["prompt_tokens"] + result["tokens"] <= 128


def test_chinese_is_never_cut_within_a_character(shelf: Shelf, room: LocalRoom) -> None:
    """A hot babbler writes many characters byte by byte; what is shown is whole or not shown."""
    for seed in range(4):
        spec = ask(
            shelf,
            messages=tuple(continuation("zh", "渡口的灯一夜没有灭。")),
            sampling=Sampling(seed=seed, temperature=2.5, top_k=0, top_p=1, min_p=0),
            max_tokens=120,
        )
        text = engine.run(spec, room)["text"]
        assert "\ufffd" not in text
    assert "\ufffd" not in streamed(room)


def test_empty_prompt_is_refused(shelf: Shelf, room: LocalRoom) -> None:
    with pytest.raises(StudioError, match="nothing to write from"):
        engine.run(ask(shelf, raw=""), room)


def test_unknown_backend_is_refused_with_those_known(shelf: Shelf, room: LocalRoom) -> None:
    with pytest.raises(StudioError, match="llamacpp"):
        engine.run(ask(shelf, backend="typewriter"), room)


@pytest.mark.parametrize(("architecture", "hidden"), [("llama", 256), ("qwen2", 512)])
def test_voice_of_another_model_is_refused_by_name(
    shelf: Shelf, room: LocalRoom, architecture: str, hidden: int
) -> None:
    other = shelf.voice(model=shelf.other_model(architecture, hidden))
    with pytest.raises(StudioError) as raised:
        engine.run(ask(shelf, gguf_adapter=other), room)
    assert "qwen2 with 256" in raised.value.why
    assert architecture in raised.value.why
    assert engine.run(ask(shelf), room)["tokens"]  # the model is as it was


@pytest.mark.parametrize("kept", [0, 3, 200, 100_000, -64])
def test_damaged_file_is_refused_by_name(
    shelf: Shelf, room: LocalRoom, tmp_path: Path, kept: int
) -> None:
    raw = shelf.gguf(shelf.base()).read_bytes()
    (tmp_path / "model.gguf").write_bytes(raw[:kept])
    with pytest.raises(StudioError, match=r"model\.gguf is damaged"):
        engine.run(ask(shelf, gguf_base=room.put(tmp_path)), room)


def test_artifact_without_a_model_is_refused(shelf: Shelf, room: LocalRoom, tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text("{}")
    with pytest.raises(StudioError, match=r"One \.gguf file is expected"):
        engine.run(ask(shelf, gguf_base=room.put(tmp_path)), room)
