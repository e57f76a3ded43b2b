"""What a verb says: JSON or tables on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studio.errors import StudioError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def show_json(value: Any) -> None:
    """One JSON object (or list) on stdout; records become objects."""
    typer.echo(json.dumps(_plain(value), ensure_ascii=False, indent=1))


def show_problem(problem: StudioError, as_json: bool) -> None:
    """Three lines on stderr, or ``{"error": {what, why, remedy}}`` on stdout."""
    if as_json:
        show_json({"error": problem.as_dict()})
        return
    for line in (problem.what, problem.why, problem.remedy):
        err.print(Text(line))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    out.print(table)


def show_facts(facts: Mapping[str, object]) -> None:
    """Names and values, one pair a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(str(value)))
    out.print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
