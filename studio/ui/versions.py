"""The versions of a dataset, and two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from studio.domain.records import DatasetRecord
from studio.language import _, n_
from studio.services import revisions
from studio.services.revisions import Compared, Version
from studio.ui import words
from studio.ui.words import plain

SHOWN = 20


def versions(record: DatasetRecord) -> None:
    """The line that a dataset belongs to, and what differs between two of it."""
    found = revisions.versions(record.id)
    st.write(_("A dataset never changes. Each set of changes makes a new version beside it."))
    st.dataframe([_row(v) for v in found], hide_index=True, key=f"versions_{record.id}")
    others = [v for v in found if v.record.id != record.id]
    if not others:
        return
    by_id = {v.record.id: v.record for v in others}
    chosen = st.selectbox(
        _("Compare with"),
        list(by_id),
        format_func=lambda i: named(by_id[i]),
        key=f"versions_other_{record.id}",
    )
    compared(record, revisions.compare(chosen, record.id))


def named(record: DatasetRecord) -> str:
    return f"{record.name} · {words.when(record.created_at)} · {record.id[:8]}"


def _row(version: Version) -> dict[str, Any]:
    record = version.record
    return {
        _("Version"): f"{'  ' * version.depth}{record.id[:8]}",
        _("Made"): words.when(record.created_at),
        _("To learn from"): record.train,
        _("Kept aside"): record.validation,
        _("Left out"): version.excluded,
        _("Changed"): version.edited,
    }


def compared(record: DatasetRecord, found: Compared) -> None:
    examples = found.examples
    said = n_(
        "{n} example is in both as it is", "{n} examples are in both as they are", examples.same
    )
    st.markdown(f"{said.format(n=words.count(examples.same))}.")
    differing = [(name, a, b) for name, a, b in found.figures if a != b]
    if differing:
        rows = [
            {_("Figure"): name, _("The other"): _shown(a), _("This one"): _shown(b)}
            for name, a, b in differing
        ]
        st.dataframe(rows, hide_index=True, key=f"versions_figures_{record.id}")
    _listed(_("Only in the other"), [e.completion for e in examples.only_in_a])
    _listed(_("Only in this one"), [e.completion for e in examples.only_in_b])
    _listed(_("Before they were changed"), [c.before.completion for c in examples.changed])
    _listed(_("After they were changed"), [c.after.completion for c in examples.changed])


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _listed(name: str, texts: Sequence[str]) -> None:
    if not texts:
        return
    with st.expander(f"{name} ({words.count(len(texts))})"):
        for text in texts[:SHOWN]:
            st.markdown(f"- {plain(text[:300])}")
        if len(texts) > SHOWN:
            st.caption(_("and {n} more").format(n=words.count(len(texts) - SHOWN)))
