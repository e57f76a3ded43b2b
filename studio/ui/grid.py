"""A table to filter, sort and choose from (AG Grid), in the theme's colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Filter = Literal["text", "number"]


class Column(NamedTuple):
    """``name`` is the rows' key, ``title`` what a reader sees."""

    name: str
    title: str
    kind: Filter = "text"
    wide: bool = False
    """It takes the room that the others leave."""


def grid(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, key: str, height: int = 380
) -> list[str]:
    """Show rows, each with an ``id``; the ids of those that are chosen. ``height`` in pixels."""
    import pandas as pd
    from st_aggrid import AgGrid

    names = ["id", *(column.name for column in columns)]
    found = AgGrid(
        pd.DataFrame(rows, columns=names),
        gridOptions=_options(columns),
        height=height,
        update_on=["selectionChanged"],
        show_search=False,
        show_download_button=False,
        key=key,
    )
    chosen = found.selected_rows
    return [] if chosen is None else [str(each) for each in chosen["id"]]


def _options(columns: Sequence[Column]) -> dict[str, Any]:
    return {
        "columnDefs": [{"field": "id", "hide": True}, *map(_definition, columns)],
        "rowSelection": {"mode": "multiRow", "enableClickSelection": True},
        "suppressCellFocus": False,
        "animateRows": False,
    }


def _definition(column: Column) -> dict[str, Any]:
    kind = "agNumberColumnFilter" if column.kind == "number" else "agTextColumnFilter"
    width = {"flex": 1, "minWidth": 260} if column.wide else {"width": 120}
    return {
        "field": column.name,
        "headerName": column.title,
        "filter": kind,
        "floatingFilter": True,
        "sortable": True,
        "resizable": True,
        **({"type": "rightAligned"} if column.kind == "number" else {}),
        **width,
    }
