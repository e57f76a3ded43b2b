"""Numbers, and what is no number, where text should stand."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from studio.datasets import engine
from studio.domain.recipes import Columns, FileRows, PrepareSpec
from studio.errors import StudioError
from tests.training.material import passage
from tests.workroom import LocalRoom

COLUMNS = Columns(shape="instruction", fields={"instruction": "asked", "output": "given"})


def prepared(room: LocalRoom, folder: Path) -> dict[str, object]:
    rows = FileRows(artifact=room.put(folder), columns=COLUMNS)
    return engine.run(PrepareSpec(name="x", rows=rows), room)


def test_a_column_of_numbers_is_no_text(tmp_path: Path) -> None:
    room, folder = LocalRoom(tmp_path), tmp_path / "tables"
    folder.mkdir()
    numbers = [math.nan if i % 2 else float(i) for i in range(40)]
    table = pa.table({"asked": [f"Go on, {i}." for i in range(40)], "given": numbers})
    pq.write_table(table, folder / "001-a.parquet")
    with pytest.raises(StudioError, match=r"“given” holds .* it is no text"):
        prepared(room, folder)


def test_rows_that_are_no_text_are_named_and_the_others_used(tmp_path: Path) -> None:
    room, folder = LocalRoom(tmp_path), tmp_path / "tables"
    folder.mkdir()
    dice = random.Random(3)
    written = [
        {"asked": f"Go on, number {i}.", "given": math.nan if i == 7 else passage("en", dice, 9)}
        for i in range(40)
    ]
    (folder / "001-a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written))
    result = prepared(room, folder)
    [told] = [e.text for e in room.of_type("log") if e.level == "warning"]
    assert "Row 8" in told
    folder = room.fetch(str(result["dataset"]))
    lines = [(folder / f"{s}.jsonl").read_text() for s in ("train", "validation")]
    assert 5 < len("".join(lines).splitlines()) <= 39
    assert "nan" not in "".join(lines).lower()
