"""Rows with JSON columns become frozen records, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlite_utils import Database

R = TypeVar("R", bound=BaseModel)


def load(kind: type[R], row: Any) -> R:
    """A record of a row; columns of lists, dicts and models are stored as JSON text."""
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 (sqlite3.Row)
    for name, field in kind.model_fields.items():
        value = values.get(name)
        if (
            isinstance(value, str)
            and field.annotation not in (str, str | None)
            and value[:1] in "[{"
        ):
            values[name] = json.loads(value)
    return kind.model_validate(values)


def dump(record: BaseModel) -> dict[str, Any]:
    values = record.model_dump(mode="json")
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
        for name, value in values.items()
    }


def insert(db: Database, table: str, record: BaseModel, *, or_ignore: bool = False) -> None:
    values = dump(record)
    verb = "INSERT OR IGNORE" if or_ignore else "INSERT"
    marks = ", ".join(f":{name}" for name in values)
    db.conn.execute(f"{verb} INTO {table} ({', '.join(values)}) VALUES ({marks})", values)


def one(db: Database, kind: type[R], sql: str, values: Sequence[Any] = ()) -> R | None:
    row = db.conn.execute(sql, values).fetchone()
    return load(kind, row) if row else None


def many(db: Database, kind: type[R], sql: str, values: Sequence[Any] = ()) -> list[R]:
    return [load(kind, row) for row in db.conn.execute(sql, values)]


def set_columns(db: Database, table: str, row_id: str, changes: Iterable[tuple[str, Any]]) -> bool:
    """Change columns of the row with this id; False when there is none."""
    pairs = dict(changes)
    assignments = ", ".join(f"{name} = :{name}" for name in pairs)
    cursor = db.conn.execute(
        f"UPDATE {table} SET {assignments} WHERE id = :id", {**pairs, "id": row_id}
    )
    return bool(cursor.rowcount)
