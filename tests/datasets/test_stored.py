"""Reading a dataset back; what is not understood is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.datasets import stored
from studio.errors import StudioError

ROW: dict[str, Any] = {
    "id": "0.0t.0",
    "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "水"}],
    "rejected": None,
    "wanted": True,
    "chapter": "One",
    "tokens": 9,
    "characters": 1,
    "flags": [],
}


def write(folder: Path, *rows: object) -> Path:
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def test_rows_come_back_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, ROW, ROW | {"id": "2"})
    assert [e.model_dump(mode="json") for e in stored.read(path)] == [ROW, ROW | {"id": "2"}]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (ROW | {"mood": "sad"}, "mood"),
        ({k: v for k, v in ROW.items() if k != "chapter"}, "chapter"),
        (ROW | {"messages": [{"role": "user", "text": "a"}]}, "messages.0.content"),
        (ROW | {"messages": [{"role": "poet", "content": "a"}]}, "messages.0.role"),
        (ROW | {"messages": []}, "messages"),
        (ROW | {"tokens": -1}, "tokens"),
        ("text", "the line"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, row: object, named: str) -> None:
    path = write(tmp_path, ROW, row)
    with pytest.raises(StudioError) as caught:
        list(stored.read(path))
    assert caught.value.what == "Line 2 of “train.jsonl” is not an example."
    assert caught.value.why.startswith(f"{named}:")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"train\.jsonl"):
        list(stored.read(tmp_path / "train.jsonl"))
