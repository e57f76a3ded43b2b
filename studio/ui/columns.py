"""Tables that are brought in, and what their columns mean: guessed, shown, corrected."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.domain.recipes import Columns, FileRows, Shape
from studio.language import _
from studio.services import datasets, previews
from studio.ui import problems
from studio.ui.prose import prose
from studio.ui.uploads import uploads

ENDINGS = ["json", "jsonl", "csv", "tsv", "parquet"]
SURE = 1.0
SHOWN = 600


def shapes() -> dict[Shape, str]:
    return {
        "text": _("Prose, to be cut into passages"),
        "input-output": _("What is given, and the answer"),
        "instruction": _("An instruction, its input, the answer"),
        "preference": _("A better and a worse answer"),
        "rated": _("An answer with yes or no"),
        "messages": _("Conversations (messages)"),
        "sharegpt": _("Conversations (ShareGPT)"),
    }


def fields() -> dict[str, str]:
    """What each field of a shape is to a reader."""
    return {
        "text": _("The prose"),
        "instruction": _("The instruction"),
        "prompt": _("What is asked"),
        "input": _("What is given"),
        "output": _("The answer"),
        "completion": _("The answer"),
        "chosen": _("The better answer"),
        "rejected": _("The worse answer"),
        "label": _("Whether it is good: yes or no"),
        "messages": _("The conversation"),
        "conversations": _("The conversation"),
        "system": _("What holds for the whole conversation"),
    }


def uploaded() -> FileRows | None:
    """The tables that were dropped here, once their columns are known."""
    files = uploads(
        _("Tables: {endings}").format(endings=", ".join(ENDINGS)),
        "datasets_tables",
        type=ENDINGS,
        accept_multiple_files=True,
    )
    if not files:
        return None
    kept = st.session_state.get("datasets_tables_kept")
    names = [file.file_id for file in files]
    if not kept or kept[0] != names:
        artifact = datasets.upload([(file.name, file.getvalue()) for file in files])
        st.session_state["datasets_tables_kept"] = kept = (names, artifact)
    return FileRows(artifact=kept[1], columns=_columns(kept[1]))


def _columns(artifact: str) -> Columns:
    """The guess where it is sure; else a form with the guess filled in."""
    guess = previews.guess(artifact)
    rows = datasets.first_rows(artifact)
    st.dataframe([_plain(row.fields) for row in rows[:5]], hide_index=True)
    known = shapes()
    if guess.confidence >= SURE:
        st.caption(_("Recognised: {shape}.").format(shape=known[guess.columns.shape]))
    with st.expander(_("What the columns mean"), expanded=guess.confidence < SURE):
        chosen = _form(artifact, guess.columns, sorted({c for row in rows for c in row.fields}))
    unused = sorted(set().union(*(row.fields for row in rows)) - set(chosen.fields.values()))
    if unused:
        st.caption(_("Not used: {columns}.").format(columns=", ".join(unused)))
    _example(artifact, chosen)
    return chosen


def _form(artifact: str, guess: Columns, names: list[str]) -> Columns:
    known = shapes()
    shape = st.selectbox(
        _("A row is"), list(known), format_func=known.__getitem__,
        index=list(known).index(guess.shape), key=f"columns_shape_{artifact}",
    )  # fmt: skip
    needed, allowed = previews.fields_of(Columns(shape=shape, fields={}))
    chosen: dict[str, str] = {}
    names_of = fields()
    for field in (*needed, *allowed):
        options: list[str | None] = [*names] if field in needed else [None, *names]
        own = guess.fields.get(field) if shape == guess.shape else None
        index = options.index(own) if own in options else 0
        column = st.selectbox(
            names_of.get(field, field), options, index=index, help=field,
            key=f"columns_{artifact}_{shape}_{field}",
            format_func=lambda c: _("(none)") if c is None else str(c),
        )  # fmt: skip
        if column is not None:
            chosen[field] = column
    return Columns(shape=shape, fields=chosen)


def _example(artifact: str, chosen: Columns) -> None:
    """The first row as it would be learned."""
    with problems.told():
        turns = previews.drafted(artifact, chosen)
        st.markdown(_("**The first row, as it would be learned**"))
        for number, (role, text) in enumerate(turns):
            mine = role == "assistant"
            st.caption(_("The model learns to write:") if mine else _("The model is shown:"))
            prose(text[:SHOWN], "en", key=f"columns_{artifact}_{number}", framed=mine)


def _plain(fields: dict[str, Any]) -> dict[str, str]:
    return {name: str(value)[:200] for name, value in fields.items()}
