"""What keeps a model from the desk is found without its weights, and once for a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from studio.conversion import rehearsal
from studio.domain.facts import Obstacle
from studio.errors import StudioError
from tests.ggufs import make_model
from tests.models.folders import STARTER, change_json, copied


def of(folder: Path, family: str, **config: Any) -> Obstacle | None:
    make_model(folder, family, 64)
    change_json(folder / "config.json", **config)
    return rehearsal.obstacle(folder)


def test_the_starter_can_be_taken_along() -> None:
    assert rehearsal.obstacle(STARTER) is None


def test_a_family_whose_vocabulary_lies_in_another_file(tmp_path: Path) -> None:
    found = of(tmp_path / "m", "gemma")
    assert found
    assert found.kind == "refused"
    assert "tokenizer.model" in found.said


@pytest.mark.parametrize(
    ("family", "config", "kind", "said"),
    [
        ("llama", {"hidden_act": "gelu"}, "activation", "gelu"),
        (
            "qwen2",
            {"rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0}},
            "rope",
            "llama3",
        ),
    ],
)
def test_what_llama_cpp_would_compute_otherwise(
    tmp_path: Path, family: str, config: dict[str, Any], kind: str, said: str
) -> None:
    assert of(tmp_path / "m", family, **config) == Obstacle(kind=kind, said=said)


def test_a_damaged_model_is_refused_before_anything_is_tried(tmp_path: Path) -> None:
    folder = copied(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    with pytest.raises(StudioError, match="no weights"):
        rehearsal.obstacle(folder)


def test_it_is_tried_once_for_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied(tmp_path / "m")
    path = folder / "tokenizer_config.json"
    path.write_text(path.read_text("utf-8") + " " * (os.getpid() % 1000 + 1), "utf-8")
    first = rehearsal.obstacle(folder)
    monkeypatch.setattr(rehearsal.process, "LAUNCH", tmp_path / "never.py")
    assert rehearsal.obstacle(folder) == first
    change_json(folder / "config.json", rope_theta=5e5)
    changed = rehearsal.obstacle(folder)
    assert changed
    assert changed.kind == "refused"
