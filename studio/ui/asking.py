"""Who writes what a dataset needs: a model on this machine, or one behind an address."""

from __future__ import annotations

import streamlit as st

from studio.domain.writers import EndpointWriter, LocalWriter
from studio.language import _
from studio.services import generation, models
from studio.ui import words
from studio.ui.given import valid

OPTIONAL = ("instruction",)
NEVER = ("continuation", "chat", "raw")


def writer(kind: str) -> LocalWriter | EndpointWriter | None:
    """The writer that a way of making examples asks, or None: it asks nobody, or not yet."""
    if kind in NEVER:
        return None
    choices = {
        "none": _("Nobody: worded by templates"),
        "local": _("A model on this machine"),
        "endpoint": _("A model behind an address"),
    }
    offered = [c for c in choices if c != "none" or kind in OPTIONAL]
    chosen = st.radio(
        _("Who writes it"), offered, format_func=choices.__getitem__, horizontal=True,
        key=f"datasets_writer_{kind}",
    )  # fmt: skip
    if chosen == "none":
        return None
    return _local(kind) if chosen == "local" else _endpoint(kind)


def _local(kind: str) -> LocalWriter:
    by_id = {record.id: record for record in models.list_all()}
    names = words.distinct({i: record.name for i, record in by_id.items()})
    chosen = st.selectbox(
        _("Model"), list(by_id), format_func=names.__getitem__, key=f"datasets_local_{kind}"
    )
    return LocalWriter(model=by_id[chosen].model)


def _endpoint(kind: str) -> EndpointWriter | None:
    """The address of an OpenAI-compatible server; its key comes from the settings."""
    left, right = st.columns([2, 1])
    address = left.text_input(
        _("Address"), placeholder="http://localhost:11434/v1", key=f"datasets_address_{kind}"
    ).strip()
    model = right.text_input(_("Model's name there"), key=f"datasets_remote_{kind}").strip()
    left, right = st.columns(2)
    most = left.number_input(
        _("Never more requests than"), 1, 1_000_000, 500, key=f"datasets_cap_{kind}"
    )
    spend = right.number_input(
        _("Never spend more than"), 0.0, value=None, key=f"datasets_spend_{kind}",
        help=_("In the currency of the prices. Empty: only the number of requests is limited."),
    )  # fmt: skip
    read = left.number_input(
        _("Price of a million tokens read"), 0.0, value=0.0, key=f"datasets_price_in_{kind}"
    )
    written = right.number_input(
        _("… and written"), 0.0, value=0.0, key=f"datasets_price_out_{kind}"
    )
    leave = st.checkbox(
        _("My text may be sent there"),
        help=_("Needed for an address on another machine. Everything else stays here."),
        key=f"datasets_leave_{kind}",
    )
    if not address or not model:
        return None
    writer = valid(
        EndpointWriter,
        address=address,
        model=model,
        may_leave=leave,
        most_requests=int(most),
        price_in=read,
        price_out=written,
        most_cost=spend or None,
    )
    if not writer.on_this_machine and not generation.has_key(address):
        st.caption(
            _(
                "No key is set for this host. Where it wants one, put host=key into "
                "LOREWRIGHT_ENDPOINT_KEYS and start the studio again."
            )
        )
    return writer
