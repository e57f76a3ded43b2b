"""Tables for tests, in every form that people keep them in."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from tests.workroom import LocalRoom

WHO = ("Old Marrin", "The ferrywoman", "Tam", "The lamplighter", "Sister Aud", "阿潭")


def questions(count: int = 24) -> list[dict[str, Any]]:
    """Rows of the shape input-output, each with a question of its own."""
    return [
        {
            "input": f"What did {WHO[i % len(WHO)]} do on day {i}?",
            "output": f"{WHO[i % len(WHO)]} counted {i * 7} nets, and said nothing of it.",
        }
        for i in range(count)
    ]


def written(rows: list[dict[str, Any]], ending: str) -> bytes:
    """The rows as a file of this kind."""
    if ending == ".json":
        return json.dumps(rows, ensure_ascii=False).encode()
    if ending == ".parquet":
        return as_parquet(rows)
    if ending in (".csv", ".tsv"):
        stream = io.StringIO(newline="")
        mark = "," if ending == ".csv" else "\t"
        table = csv.DictWriter(stream, list(rows[0]), delimiter=mark)
        table.writeheader()
        table.writerows(rows)
        return stream.getvalue().encode()
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def as_parquet(rows: list[dict[str, Any]], group: int = 8, packing: str = "snappy") -> bytes:
    import pyarrow
    from pyarrow import parquet

    target = io.BytesIO()
    table = pyarrow.Table.from_pylist(rows)
    parquet.write_table(table, target, row_group_size=group, compression=packing)
    return target.getvalue()


def put(room: LocalRoom, **files: bytes) -> str:
    """An artifact of files; their names with ``__`` for the dot."""
    folder = room.folder / f"files-{len(list(room.folder.iterdir()))}"
    folder.mkdir()
    for name, content in files.items():
        path = Path(folder / name.replace("__", "."))
        path.write_bytes(content)
    return room.put(folder)
