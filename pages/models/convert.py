"""Convert: pack a voice and its base model for the desk, and prove that nothing got lost."""

import streamlit as st

from studio.domain.records import AdapterRecord, Verification
from studio.language import _
from studio.services import adapters, carrying, conversion, devices, jobs
from studio.ui import engine, live, navigation, problems, words
from studio.ui.choice import choice
from studio.ui.guard import guard
from studio.ui.words import plain

KINDS = ("merge", "convert", "register")
"""What is done on the way to the desk."""


def sizes() -> dict[str, tuple[str, str]]:
    """The quantisations as a writer would choose among them."""
    return {
        "F16": (_("Exact"), _("As the model was made (F16). The largest file.")),
        "Q8_0": (
            _("Nearly exact"),
            _("Half the size (Q8_0). Nobody has told them apart by reading."),
        ),
        "Q5_K_M": (_("Small"), _("A third of the size (Q5_K_M). A little less sure of itself.")),
        "Q4_K_M": (_("Smallest"), _("Two sevenths (Q4_K_M). For big models on small machines.")),
        "F32": (_("For measuring"), _("Twice the size of exact (F32). Only for comparisons.")),
    }


def choose(shelf: list[AdapterRecord]) -> None:
    by_id = {voice.id: voice for voice in shelf}
    names = {i: f"{v.name} · {words.when(v.created_at)}" for i, v in by_id.items()}
    voice = choice(_("Voice"), names, "convert_voice")
    options = sizes()
    size = st.radio(
        _("How small should the base model become?"),
        list(options),
        format_func=lambda name: options[name][0],
        captions=[said for _name, said in options.values()],
    )
    if st.button(_("Convert the voice"), type="primary", icon=":material/conversion_path:"):
        with problems.told():
            started = carrying.convert(voice, size)
            st.session_state["convert_jobs"] = [job.id for job in started]
            st.rerun()
    proofs(adapters.verifications(voice))


def proofs(found: list[Verification]) -> None:
    """How the converted voice agrees with the original."""
    st.subheader(_("Does it still say the same?"))
    if not found:
        st.caption(
            _("Not known yet: each conversion is compared with the original on held-out text.")
        )
    quantisations = {gguf.id: gguf.quantisation for gguf in conversion.list_ggufs()}
    for proof in found:
        st.markdown(
            _(
                "**{quantisation}**: it would choose the same next piece of text at "
                "**{share:.1%}** of the places compared; the largest difference in its scores "
                "is {difference:.4f}. :gray[{when}]"
            ).format(
                quantisation=quantisations.get(proof.gguf_base, "GGUF"),
                share=proof.top1_agreement,
                difference=proof.max_abs_logit_diff,
                when=words.when(proof.created_at),
            )
        )


def at_work() -> None:
    """Conversions that run, and what stopped the last ones."""
    for job in reversed(jobs.alive(*KINDS)):
        live.show(job, stop=True)
    for job_id in st.session_state.get("convert_jobs", []):
        job = jobs.get(job_id)
        if job.failure:
            problems.show(job.failure)


guard()
devices.expect("convert")
st.title(_("Convert"))
with live.passing():
    engine.notice()
st.write(
    _(
        "The desk writes with llama.cpp, which is quick on an ordinary machine and reads GGUF "
        "files. A lesson converts its voice by itself; come here for another size."
    )
)
working = bool(jobs.alive(*KINDS))
shelf = adapters.list_all()
if shelf:
    with live.passing():
        choose(shelf)
    live.live(at_work, over=lambda: not jobs.alive(*KINDS), alive=working)
else:
    st.info(_("There is no voice to convert yet."), icon=":material/school:")
    navigation.link("preflight", _("Teach the first one"))
files = conversion.list_ggufs()
if files:
    with st.expander(_("Converted files")):
        st.dataframe(
            {
                _("Name"): [plain(g.name) for g in files],
                _("What"): [_("voice") if g.adapter else _("base model") for g in files],
                _("Form"): [g.quantisation for g in files],
                _("Size"): [words.size(g.bytes) for g in files],
                _("Made"): [words.when(g.created_at) for g in files],
            },
            hide_index=True,
            key="convert_files",
        )
