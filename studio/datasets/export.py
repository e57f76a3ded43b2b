"""A stored dataset as a table for other programs, written line by line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from studio.datasets import stored
from studio.datasets.example import Example
from studio.domain.exports import Form, Shape
from studio.errors import StudioError
from studio.language import _

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would run as a formula."""
BATCH = 1000


def write(splits: Sequence[Path], target: Path, form: Form, shape: Shape) -> int:
    """Write the examples of ``splits`` (files of a dataset, one after another); how many.

    ``messages``: the turns. ``prompt-completion``: a question and its answer.
    ``preference``: a prompt, what was chosen and what was rejected. ``text``: the author's
    words alone. In CSV, turns are JSON, and a cell that a spreadsheet would take for a formula
    begins with an apostrophe.

    Raises:
        StudioError: an example does not have this shape; nothing is left behind.
    """
    draft = target.with_name(f".{target.name}.unfinished")
    rows = (_ROWS[shape](e) for split in splits for e in stored.read(split))
    try:
        count = _WRITERS[form](draft, rows, shape)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _messages(example: Example) -> dict[str, Any]:
    if example.rejected is not None or not example.wanted:
        raise _other(example, _("it was judged against another, which its turns do not tell"))
    return {"messages": example.turns}


def _answered(example: Example) -> dict[str, Any]:
    if example.rejected is not None or not example.wanted:
        raise _other(example, _("it was judged against another, which a pair does not tell"))
    system, asked = _asked(example)
    return {"system": system, "prompt": asked, "completion": example.completion}


def _preference(example: Example) -> dict[str, Any]:
    if example.rejected is None:
        raise _other(example, _("it has nothing that was rejected"))
    system, asked = _asked(example)
    told = {"chosen": example.completion, "rejected": example.rejected}
    return {"system": system, "prompt": asked, **told}


def _text(example: Example) -> dict[str, Any]:
    return {"text": example.completion}


def _asked(example: Example) -> tuple[str, str]:
    """The system's words and the user's."""
    roles = [turn.role for turn in example.messages[:-1]]
    texts = [turn.content for turn in example.messages[:-1]]
    if roles in ([], ["user"]):
        return "", "".join(texts)
    if roles == ["system", "user"]:
        return texts[0], texts[1]
    raise _other(example, _("it has several turns"))


def _other(example: Example, why: str) -> StudioError:
    return StudioError(
        _("The dataset does not have this shape."),
        _("The example {id} does not fit: {why}.").format(id=example.id, why=why),
        _("Choose another shape, such as messages, preference or text."),
    )


_ROWS: dict[Shape, Callable[[Example], dict[str, Any]]] = {
    "messages": _messages,
    "prompt-completion": _answered,
    "preference": _preference,
    "text": _text,
}
COLUMNS: dict[Shape, tuple[str, ...]] = {
    "messages": ("messages",),
    "prompt-completion": ("system", "prompt", "completion"),
    "preference": ("system", "prompt", "chosen", "rejected"),
    "text": ("text",),
}


def _json_lines(path: Path, rows: Iterable[dict[str, Any]], shape: Shape) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _csv(path: Path, rows: Iterable[dict[str, Any]], shape: Shape) -> int:
    count = 0
    # With its mark a spreadsheet knows the encoding, and shows Chinese as Chinese.
    with path.open("w", encoding="utf-8-sig", newline="") as lines:
        table = csv.DictWriter(lines, COLUMNS[shape])
        table.writeheader()
        for row in rows:
            table.writerow({column: cell(value) for column, value in row.items()})
            count += 1
    return count


def cell(value: Any) -> str:
    """A value as a cell that no spreadsheet runs."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULAS) else text


def _parquet(path: Path, rows: Iterable[dict[str, Any]], shape: Shape) -> int:
    import pyarrow
    from pyarrow import parquet

    turn = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
    kinds = {"messages": pyarrow.list_(turn)}
    schema = pyarrow.schema([(c, kinds.get(c, pyarrow.string())) for c in COLUMNS[shape]])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for batch in _batches(rows):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


_WRITERS: dict[Form, Callable[[Path, Iterable[dict[str, Any]], Shape], int]] = {
    "jsonl": _json_lines,
    "csv": _csv,
    "parquet": _parquet,
}
