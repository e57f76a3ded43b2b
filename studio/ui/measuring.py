"""Measuring a voice that was not taught here."""

from __future__ import annotations

import streamlit as st

from studio.domain.records import AdapterRecord
from studio.language import _
from studio.services import measuring
from studio.ui import live, problems
from studio.ui.choice import choice


def wanted(voice: AdapterRecord) -> bool:
    """Whether nobody here knows how good the voice is."""
    return bool(voice.facts.get("adopted")) or voice.nll_after is None


def measure(voice: AdapterRecord) -> None:
    """Choose pages and measure; how the last measurement stands."""
    known = {record.id: record.name for record in measuring.suited(voice)}
    if not known:
        st.caption(_("There is no dataset in its language yet to measure it on."))
        return
    st.caption(
        _(
            "It reads the held-back chapters of a dataset, beside the untaught base model. Choose "
            "pages that it was not taught with: those it knows would flatter it."
        )
    )
    dataset = choice(_("Dataset"), known, f"adapters_measure_on_{voice.id}")
    if st.button(_("Measure it"), icon=":material/straighten:", key=f"adapters_measure_{voice.id}"):
        with problems.told():
            measuring.measure(voice.id, dataset)
    if job := measuring.latest(voice.id):
        live.follow(job)
