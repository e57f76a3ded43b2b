"""What a dataset is like: sentences first, then lengths, words and what was left out."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.domain.records import DatasetRecord
from studio.language import _
from studio.services import datasets
from studio.ui import charts, words
from studio.ui.words import plain


def figures(record: DatasetRecord) -> None:
    for sentence in datasets.advice(record.id):
        st.markdown(plain(sentence))
    told = record.statistics
    tiles(told)
    lengths(record.id, told)
    if "scripts" in told:
        language_mix(told["scripts"])
    if "vocabulary" in told:
        vocabulary(told["vocabulary"])
    left_out(record.id, told)


def tiles(told: dict[str, Any]) -> None:
    """A few numbers, each with what it means."""
    shown = [
        (_("Reading aloud"), _minutes(told), _("At the pace of an adult who reads a story.")),
        (_("Speech"), _percent(told.get("speech_share")), _("How much stands in quotation marks.")),
        (
            _("Different words"),
            _percent(told.get("vocabulary", {}).get("type_token_ratio")),
            _("Of every thousand words, the share that had not come before."),
        ),
    ]
    for column, (name, value, what) in zip(st.columns(len(shown)), shown, strict=True):
        if value:
            column.metric(name, value, help=what)


def _minutes(told: dict[str, Any]) -> str:
    minutes = told.get("reading", {}).get("minutes")
    return words.duration(60 * minutes) if minutes else ""


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def lengths(dataset_id: str, told: dict[str, Any]) -> None:
    """Histograms of tokens and of characters."""
    middle, most = told["train"]["median"], told["train"]["longest"]
    st.caption(
        _("Half of the examples have more than {middle} tokens, the longest has {most}.").format(
            middle=words.count(middle), most=words.count(most)
        )
    )
    left, right = st.columns(2)
    with left:
        key = f"figures_tokens_{dataset_id}"
        charts.histogram(told["histogram"], _("Tokens in an example"), _("Examples"), key=key)
    with right:
        key = f"figures_characters_{dataset_id}"
        bars = told.get("characters", [])
        charts.histogram(bars, _("Characters that are learned"), _("Examples"), key=key)


def language_mix(scripts: dict[str, float]) -> None:
    names = {"en": _("Latin letters"), "zh": _("Chinese characters"), "other": _("others")}
    parts = [f"{names[k]} {v:.1%}" for k, v in scripts.items() if v]
    if len(parts) > 1:
        st.caption(_("What it is written in"))
        st.markdown(" · ".join(parts))


def vocabulary(told: dict[str, Any]) -> None:
    if told.get("distinctive"):
        st.caption(_("Words that come often here, and are no grammar"))
        st.markdown(plain(" · ".join(told["distinctive"])))


def left_out(dataset_id: str, told: dict[str, Any]) -> None:
    """What did not become part of the dataset, counted and shown."""
    reasons = {
        "equal": _("pairs of twice the same text"),
        "repeated": _("passages that occur again in what is kept aside"),
        "duplicates": _("exact copies"),
        "near_duplicates": _("near copies"),
        "non_prose": _("pages that are no prose"),
    }
    counted = {k: v for k, v in told.get("left_out", {}).items() if v}
    if not counted:
        st.caption(_("Nothing was left out."))
        return
    listed = ", ".join(f"{reasons.get(k, k)} ({words.count(v)})" for k, v in counted.items())
    st.markdown(_("Left out: {what}.").format(what=listed))
    if removed := told.get("removed"):
        with st.expander(_("Look at them")):
            st.dataframe(removed, hide_index=True, key=f"figures_removed_{dataset_id}")
