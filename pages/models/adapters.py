"""Voices: the shelf of trained adapters, with their figures and where they come from."""

import streamlit as st

from studio.domain.records import AdapterRecord
from studio.language import _
from studio.services import adapters, datasets, models, writing
from studio.ui import navigation, problems, undo, words
from studio.ui.guard import guard
from studio.ui.words import plain


def figures(voice: AdapterRecord) -> str:
    """What the held-out figures say."""
    before, after = voice.nll_before, voice.nll_after
    if not before or after is None:
        return _("It was not measured.")
    share = (before - after) / before
    return _(
        "Chapters it never read surprise it {share:.0%} less than before "
        "({before:.3f} → {after:.3f} nats a character)."
    ).format(share=share, before=before, after=after)


def lineage(voice: AdapterRecord) -> None:
    facts = voice.facts
    st.dataframe(
        {
            _("What"): [
                _("Base model"), _("Dataset"), _("Steps"), _("LoRA rank"), _("Objective"),
                _("Content hash"),
            ],
            _("Value"): [
                models.named(voice.model), datasets.named(voice.dataset) if voice.dataset else "",
                str(facts.get("steps", "")),
                str(facts.get("rank", "")), str(facts.get("objective", "")), voice.artifact[:12],
            ],
        },
        hide_index=True,
        key=f"adapters_lineage_{voice.id}",
    )  # fmt: skip


def tools(voice: AdapterRecord) -> None:
    """Rename and delete."""
    with st.popover(_("Rename"), icon=":material/edit:"), st.form(f"adapters_name_{voice.id}"):
        name = st.text_input(_("Name of the voice"), voice.name)
        if st.form_submit_button(_("Save the name")):
            with problems.told():
                adapters.rename(voice.id, name)
                st.rerun()
    if st.button(_("Delete"), key=f"adapters_delete_{voice.id}", icon=":material/delete:"):
        adapters.delete(voice.id)
        undo.remember("adapters", voice.id, voice.name)
        st.rerun()


def show(voice: AdapterRecord, *, ready: bool, first: bool) -> None:
    with st.container(border=True, key=f"adapters_{voice.id}"):
        st.subheader(plain(voice.name))
        st.markdown(
            f"{words.language_name(voice.language)} · {words.when(voice.created_at)}  \n"
            f"{figures(voice)}"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            kind = "primary" if first else "secondary"
            label = _("Write with it") if ready else _("Convert it for the desk")
            if st.button(label, type=kind, key=f"adapters_go_{voice.id}"):
                st.session_state["desk_voice" if ready else "convert_voice"] = voice.id
                st.switch_page(navigation.page("desk" if ready else "convert"))
            tools(voice)
        with st.expander(_("Where it comes from")):
            lineage(voice)


guard()
st.title(_("Voices"))
st.write(_("Each lesson leaves a voice here (an adapter). It changes how a base model writes."))
undo.offer("adapters", adapters.restore)
shelf = adapters.list_all()
if not shelf:
    st.info(_("The shelf is empty: no voice has been taught yet."), icon=":material/school:")
    navigation.link("preflight", _("Teach the first one"))
ready = {voice.id for voice in writing.voices()}
for order, voice in enumerate(shelf):
    show(voice, ready=voice.id in ready, first=order == 0)
