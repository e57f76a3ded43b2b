"""What the columns of somebody's table mean: recognised, or guessed for a person to look at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from studio.datasets.rows import Row, is_nothing
from studio.domain.recipes import Columns, Shape

NEEDED: dict[Shape, tuple[str, ...]] = {
    "preference": ("chosen", "rejected"),
    "rated": ("prompt", "completion", "label"),
    "messages": ("messages",),
    "sharegpt": ("conversations",),
    "instruction": ("instruction", "output"),
    "input-output": ("input", "output"),
    "text": ("text",),
}
"""The fields that each shape must have, in the order in which shapes are tried."""
ALLOWED: dict[Shape, tuple[str, ...]] = {
    "preference": ("prompt", "system"),
    "rated": ("system",),
    "messages": (),
    "sharegpt": ("system",),
    "instruction": ("input", "system"),
    "input-output": ("system",),
    "text": (),
}
"""And those that it may have."""
NAMES = {
    "chosen": ("accepted", "preferred", "better", "win"),
    "rejected": ("dispreferred", "worse", "lose"),
    "label": ("rating", "liked", "thumbs_up"),
    "messages": ("conversation", "dialog", "dialogue", "chat"),
    "conversations": ("conversation", "turns"),
    "prompt": ("question", "query", "input", "instruction"),
    "completion": ("response", "answer", "output"),
    "instruction": ("prompt", "question", "query", "task", "request", "提示", "指令", "问题"),
    "input": ("context", "prompt", "question", "source", "before", "user", "输入"),
    "output": ("response", "completion", "answer", "reply", "target", "after", "assistant", "story",
               "输出", "回答", "答案"),
    "system": ("system_prompt", "persona"),
    "text": ("content", "body", "passage", "chapter", "story", "document", "prose", "正文", "内容",
             "文本"),
}  # fmt: skip
"""Other names under which fields are met, likeliest first."""
SEEN = 50
"""Rows that a guess looks at."""
LONG = 200


class Guess(NamedTuple):
    """``confidence`` from 0 to 1: 1 for a shape known by its names, 0 for nothing but a try.
    ``unused`` counts, over the rows that were seen, the columns that would not be used."""

    columns: Columns
    confidence: float
    unused: dict[str, int]


def recognise(fields: Mapping[str, Any]) -> Columns | None:
    """The shape whose fields have exactly these names (or ``prompt`` and ``completion``, the
    other usual pair), or None."""
    for shape, needed in NEEDED.items():
        if all(_fits(shape, name, fields.get(name)) for name in needed):
            used = [*needed, *(n for n in ALLOWED[shape] if n in fields)]
            return Columns(shape=shape, fields={name: name for name in used})
    if all(isinstance(fields.get(name), str) for name in ("prompt", "completion")):
        named = {"input": "prompt", "output": "completion", "system": "system"}
        return Columns(shape="input-output", fields={f: c for f, c in named.items() if c in fields})
    return None


def guess(rows: Sequence[Row]) -> Guess:
    """What the columns probably mean. Never fails: a person looks at it and corrects it.

    Known shapes by name; else by other names and by what the values look like; else the
    column with the longest texts is prose.
    """
    seen = rows[:SEEN]
    merged = _merged(seen)
    known = recognise(merged)
    if known:
        return Guess(known, 1.0, dict(unused(seen, known)))
    for shape, needed in NEEDED.items():
        named = {field: _named(shape, field, merged) for field in (*needed, *ALLOWED[shape])}
        found = {field: column for field, column in named.items() if column}
        columns = list(found.values())
        if all(field in found for field in needed) and len(set(columns)) == len(columns):
            guessed = Columns(shape=shape, fields=found)
            return Guess(guessed, 0.7, dict(unused(seen, guessed)))
    return _by_look(seen, merged)


def _by_look(rows: Sequence[Row], merged: Mapping[str, Any]) -> Guess:
    lengths = {
        column: sum(len(r.fields[column]) for r in rows if isinstance(r.fields.get(column), str))
        for column, value in merged.items()
        if isinstance(value, str)
    }
    ranked = sorted(lengths, key=lambda column: lengths[column], reverse=True)
    prose = ranked[0] if ranked else next(iter(merged), "text")
    columns = Columns(shape="text", fields={"text": prose})
    long = bool(rows) and bool(ranked) and lengths[prose] / len(rows) >= LONG
    return Guess(columns, 0.4 if long else 0.1, dict(unused(rows, columns)))


def _merged(rows: Iterable[Row]) -> dict[str, Any]:
    """For each column a value as most rows have there: a few that are empty, or of another kind,
    say nothing of the column."""
    values: dict[str, list[Any]] = {}
    for row in rows:
        for column, value in row.fields.items():
            values.setdefault(column, []).append(value)
    return {column: _usual(found) for column, found in values.items()}


def _usual(values: list[Any]) -> Any:
    told = [value for value in values if not is_nothing(value)]
    kinds = [_kind(value) for value in told]
    if not kinds:
        return values[0]
    return told[kinds.index(Counter(kinds).most_common(1)[0][0])]


def _kind(value: Any) -> str:
    if _is_turns(value, "role", "content"):
        return "messages"
    return "sharegpt" if _is_turns(value, "from", "value") else type(value).__name__


def _named(shape: Shape, field: str, fields: Mapping[str, Any]) -> str | None:
    plain = {re.sub(r"[\s-]+", "_", column.strip().lower()): column for column in fields}
    for name in (field, *NAMES[field]):
        if name in plain and _fits(shape, field, fields[plain[name]]):
            return plain[name]
    return None


def _fits(shape: Shape, field: str, value: Any) -> bool:
    """Whether a value can be what the field of a shape holds."""
    if shape in ("messages", "sharegpt") and field != "system":
        keys = ("role", "content") if shape == "messages" else ("from", "value")
        return _is_turns(value, *keys)
    if field == "label":
        return value is not None and value != ""
    if shape == "preference" and field in ("prompt", "chosen", "rejected"):
        return isinstance(value, str) or _is_turns(value, "role", "content")
    return isinstance(value, str)


def _is_turns(value: Any, who: str, what: str) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(turn, dict) and who in turn and what in turn for turn in value)
    )


def unused(rows: Iterable[Row], columns: Columns) -> Counter[str]:
    """How many rows have something in a column, or in a field of a turn, that is not used."""
    found: Counter[str] = Counter()
    for row in rows:
        found.update(unused_of(row, columns))
    return found


def unused_of(row: Row, columns: Columns) -> set[str]:
    """The columns of one row, and the fields of its turns, that hold something and are not used."""
    used = set(columns.fields.values())
    found = {c for c, v in row.fields.items() if c not in used and v not in (None, "", [], {})}
    keys = ("from", "value") if columns.shape == "sharegpt" else ("role", "content")
    for column in used:
        turns = row.fields.get(column)
        for turn in turns if isinstance(turns, list) else ():
            if isinstance(turn, dict):
                extra = {k for k, v in turn.items() if k not in keys and v not in (None, "", [])}
                found |= {f"{column}.{key}" for key in extra}
    return found
