"""The lesson being planned, shared by the Preflight and Training pages."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.domain.changes import changed
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.services import datasets, models, training
from studio.ui import navigation, words
from studio.ui.choice import choice

CHANGES = "teach_changes"


def preset_words(preset: str) -> tuple[str, str]:
    """A preset's name and what it is for."""
    return {
        "taste": (
            _("A taste"),
            _("Minutes. Enough to see every step work and hear a first hint of the voice."),
        ),
        "evening": (
            _("An evening"),
            _("A few hours. The voice becomes clear in rhythm and choice of words."),
        ),
        "weekend": (
            _("A weekend"),
            _("As thorough as it gets: many readings, stopped before it only recites."),
        ),
    }.get(preset, (preset, ""))


def plan() -> TrainSpec | None:
    """Ask for dataset, base model and preset; None where there is no dataset yet."""
    found = {d.id: d for d in datasets.list_all()}
    if not found:
        st.info(_("There is no dataset yet to teach with."), icon=":material/view_agenda:")
        navigation.link("datasets", _("Prepare a dataset"))
        return None
    dataset = choice(
        _("Dataset"),
        {i: f"{d.name} · {words.language_name(d.language)}" for i, d in found.items()},
        "teach_dataset",
    )
    bases = {m.id: m for m in models.list_all()}
    base = choice(_("Base model"), {i: m.name for i, m in bases.items()}, "teach_model")
    presets = training.presets(dataset, bases[base].model)
    preset = _preset(list(presets))
    changes = st.session_state.get(CHANGES, {}).get(f"{dataset}/{base}/{preset}", {})
    return changed(presets[preset], changes)


def _preset(options: list[str]) -> str:
    kept = st.session_state.get("teach_preset")
    chosen = st.radio(
        _("How long may it take?"),
        options,
        index=options.index(kept) if kept in options else 0,
        format_func=lambda name: preset_words(name)[0],
        captions=[preset_words(name)[1] for name in options],
        key="teach_preset_box",
    )
    st.session_state["teach_preset"] = chosen
    return chosen


def change(spec: TrainSpec, changes: dict[str, Any]) -> None:
    """Keep changes for this dataset, base model and preset."""
    lesson = f"{st.session_state['teach_dataset']}/{st.session_state['teach_model']}/{spec.preset}"
    kept = st.session_state.setdefault(CHANGES, {})
    kept[lesson] = {**kept.get(lesson, {}), **changes}


def changes(spec: TrainSpec) -> dict[str, Any]:
    """What was changed of the preset's own numbers for this dataset and base model."""
    lesson = f"{st.session_state['teach_dataset']}/{st.session_state['teach_model']}/{spec.preset}"
    found: dict[str, Any] = st.session_state.get(CHANGES, {}).get(lesson, {})
    return found


def clear(spec: TrainSpec) -> None:
    """Go back to the preset's own numbers."""
    lesson = f"{st.session_state['teach_dataset']}/{st.session_state['teach_model']}/{spec.preset}"
    st.session_state.get(CHANGES, {}).pop(lesson, None)


def details(spec: TrainSpec) -> None:
    """Every number of the lesson, to be changed by those who know it."""
    with st.expander(_("Details"), icon=":material/tune:"), st.form("teach_details", border=False):
        st.caption(_("The preset has set all of these. Change them only if you know them."))
        left, right = st.columns(2)
        given = {
            "learning_rate": left.number_input(
                _("Learning rate"), 1e-6, 1.0, spec.learning_rate, 1e-4, format="%.6f"
            ),
            "epochs": left.number_input(
                _("Readings of the text (epochs)"), 0.1, 1000.0, spec.epochs
            ),
            "batch_size": left.number_input(_("Passages at once (batch)"), 1, 512, spec.batch_size),
            "accumulation": left.number_input(
                _("Batches a step (accumulation)"), 1, 256, spec.accumulation
            ),
            "max_length": left.number_input(
                _("Longest example, tokens"), 16, 8192, spec.max_length
            ),
            "lora.rank": right.number_input(
                _("Size of the voice (LoRA rank)"), 1, 512, spec.lora.rank
            ),
            "lora.alpha": right.number_input(_("Strength (LoRA alpha)"), 1, 1024, spec.lora.alpha),
            "lora.dropout": right.number_input(_("Dropout"), 0.0, 0.9, spec.lora.dropout),
            "evaluate_every": right.number_input(
                _("Measure every … steps"), 1, 10_000, spec.evaluate_every
            ),
            "save_every": right.number_input(_("Save every … steps"), 1, 10_000, spec.save_every),
            "quantisation": right.selectbox(
                _("Weights of the base model in memory"),
                ["none", "nf4", "int8"],
                index=["none", "nf4", "int8"].index(spec.quantisation),
            ),
            "seed": left.number_input(_("Seed"), 0, 2**31 - 1, spec.seed),
        }
        with st.container(horizontal=True):
            keep = st.form_submit_button(_("Use these numbers"))
            back = st.form_submit_button(_("Back to the preset"))
    if keep:
        change(spec, given)
        st.rerun()
    if back:
        clear(spec)
        st.rerun()
