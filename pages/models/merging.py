"""Merge voices: several voices of one base model become one."""

from typing import Any, NamedTuple

import streamlit as st

from studio.domain.jobs import Job, JobState
from studio.domain.merges import MOST_PARTS
from studio.domain.records import AdapterRecord
from studio.language import _
from studio.services import devices, jobs, merging, writing
from studio.ui import again, live, navigation, problems, words
from studio.ui.choice import choice
from studio.ui.guard import guard
from studio.ui.words import plain

EVERY = 1.0
RANKS = (2, 4, 8, 16, 32, 64, 128, 256)
SHOWN = "merging_shown"
NEW = "merging_new"  # set while another mix is being composed
SIZED = ("svd", "ties", "dare_linear", "dare_ties")
THINNED = ("ties", "dare_linear", "dare_ties")
NOTHING = 1e-4
"""A share that is rounding alone."""


class Method(NamedTuple):
    label: str
    caption: str


def methods() -> dict[str, Method]:
    """The ways to mix as a writer would choose among them, the field's word second."""
    return {
        "cat": Method(
            _("Keep everything"),
            _("The exact sum of the voices. As large as all of them together (cat)."),
        ),
        "svd": Method(
            _("Keep what matters most"),
            _("As small as you like; what is left out is measured and told (SVD)."),
        ),
        "ties": Method(
            _("Let them agree first"),
            _("Small changes go; where voices pull apart, the stronger side wins (TIES)."),
        ),
        "dare_linear": Method(
            _("Thin them out"),
            _("Drops changes by chance and strengthens the rest, so they clash less (DARE)."),
        ),
        "dare_ties": Method(
            _("Thin them out, then let them agree"),
            _("Both of the above, one after the other (DARE-TIES)."),
        ),
        "linear": Method(
            _("Average the parts"),
            _(
                "Small, but not the sum: it crosses the voices in ways that none of them learned "
                "(linear). For comparing with results from elsewhere."
            ),
        ),
    }


def family() -> list[AdapterRecord]:
    """The voices that can be mixed: those of one base model."""
    families = merging.families()
    if len(families) == 1:
        return next(iter(families.values()))
    st.caption(_("Only voices of the same base model can be mixed."))
    bases = {base: f"{base} ({len(voices)})" for base, voices in families.items()}
    return families[choice(_("Base model"), bases, "merging_base")]


def weights(voices: list[AdapterRecord]) -> dict[str, float]:
    """The chosen voices, each with its weight."""
    names = words.distinct({voice.id: voice.name for voice in voices})
    given = st.session_state.get("merging_voices", list(names)[:2])
    chosen = st.multiselect(
        _("Voices"),
        list(names),
        default=[voice for voice in given if voice in names],
        format_func=names.__getitem__,
        max_selections=MOST_PARTS,
        placeholder=_("Choose two to six"),
    )
    st.session_state["merging_voices"] = chosen
    st.caption(_("How loud is each? 1 is as it was taught, 2 is twice as strong."))
    share = 1.0 if len(chosen) < 2 else 0.7
    return {
        voice: st.slider(
            plain(names[voice]), 0.0, 2.0, share, 0.05, key=f"merging_weight_{voice}",
        )
        for voice in chosen
    }  # fmt: skip


def options(chosen: dict[str, float]) -> dict[str, Any]:
    """How they are mixed, and into what. A voice alone can only go into its model."""
    kinds = {
        "adapter": Method(_("A new voice"), _("Small; it stands on the shelf beside the others.")),
        "model": Method(
            _("A model of its own"),
            _("The base model with the voices in it for good; as large as the base model."),
        ),
    }
    into = "model"
    if len(chosen) > 1:
        into = _radio(_("What is to come of it?"), kinds, "merging_into")
        method = _radio(_("How are they put together?"), methods(), "merging_method")
        return {"into": into, "method": method, **_figures(method, chosen)}
    st.caption(_("One voice alone goes into its base model for good. Choose another to mix them."))
    return {"into": into}


def _radio(label: str, known: dict[str, Method], key: str) -> str:
    chosen: str = st.radio(
        label,
        list(known),
        format_func=lambda name: known[name].label,
        captions=[option.caption for option in known.values()],
        key=key,
    )
    return chosen


def _figures(method: str, chosen: dict[str, float]) -> dict[str, Any]:
    """The numbers that a method has."""
    found: dict[str, Any] = {}
    if method in SIZED:
        found["rank"] = st.select_slider(
            _("Size of the new voice (LoRA rank)"), RANKS, 16, key="merging_rank",
            help=_("A larger one keeps more. What is not kept is the relative Frobenius error, "
                   "‖ΔW − BA‖ ÷ ‖ΔW‖ over all modules."),
        )  # fmt: skip
        with problems.told():
            st.caption(foresight(method, chosen, found["rank"]))
    if method in THINNED:
        found["density"] = st.slider(
            _("Share of each voice's changes that is kept"), 0.1, 1.0, 0.5, 0.05,
            key="merging_density",
        )  # fmt: skip
    return found


def foresight(method: str, chosen: dict[str, float], rank: int) -> str:
    """What a size keeps of the voices, where that is known before they are mixed."""
    with st.spinner(_("Reckoning what fits into it…")):
        lost = merging.foresee(chosen, RANKS) if method == "svd" else None
    if lost is None:
        return _("How much is left out is told when it is done.")
    if lost[rank] < NOTHING:
        return _("Keeps everything.")
    count = len(chosen)
    voices = _("both voices") if count == 2 else _("all {n} voices").format(n=count)
    said = _("Keeps {share:.1%} of {voices}.").format(
        share=min(1 - lost[rank], 0.999), voices=voices
    )
    whole = next((larger for larger in RANKS if lost[larger] < NOTHING), None)
    more = _("A size of {rank} keeps everything.").format(rank=whole) if whole else ""
    return f"{said} {more}".strip()


def compose(voices: list[AdapterRecord]) -> None:
    """Everything there is to choose, and the button."""
    chosen = weights(voices)
    if not chosen:
        return
    given = options(chosen)
    by_id = {voice.id: voice.name for voice in voices}
    name = st.text_input(_("Name"), " + ".join(by_id[voice] for voice in chosen))
    measure = st.checkbox(
        _("Measure how much of each voice is left"),
        value=True,
        help=_(
            "Reads held-out pages of each voice with the mix; takes a minute or more, and waits "
            "until no lesson runs."
        ),
    )
    if st.button(_("Merge the voices"), type="primary", icon=":material/merge:"):
        with problems.told():
            spec = merging.plan(chosen, name, measure=measure, **given)
            st.session_state[SHOWN] = merging.merge(spec)[0].id
            st.session_state.pop(NEW, None)
            st.rerun()


def follow(job_id: str) -> None:
    """A mix while it is made; when it is done the page shows what came of it."""
    live.show(jobs.get(job_id), stop=True)


def outcome(job: Job) -> None:
    """What came of a mix, in figures and sentences, and what to do with it."""
    result = job.result or {}
    if job.state is not JobState.FINISHED:
        return
    st.markdown(loss(result, job.spec["method"]))
    left(result.get("kept", []))
    voice = result.get("adapter")
    ready = {known.id: known for known in writing.voices()}
    if "model" in result:
        st.caption(
            _("The model is among the base models now; its file for the desk is made by itself.")
        )
        navigation.link("desk", _("Go to the desk"))
    elif voice in ready:
        if st.button(_("Write with it"), icon=":material/edit_note:", key="merging_write"):
            st.session_state["desk_voice"] = voice
            st.switch_page(navigation.page("desk"))
    else:
        st.caption(_("It is on the shelf, and is converted for the desk by itself."))
        navigation.link("adapters", _("See the voice"))


def loss(result: dict[str, Any], method: str) -> str:
    """What was left out, and how true the stored model is."""
    lost = result["lost"]
    if lost >= NOTHING:
        said = _(
            "**{share:.1%}** of the change that was asked for is left out or blurred "
            "(relative Frobenius norm, at rank {rank})."
        ).format(share=lost, rank=result["rank"])
    elif method in THINNED:
        said = _("**Nothing was left out** of what the voices were thinned to.")
    else:
        said = _("**Nothing was left out** of the voices: the mix is their exact sum.")
    if "max_abs_logit_diff" in result:
        said += " " + _(
            "The stored model's scores differ from the original's by {difference:.4f} at most."
        ).format(difference=result["max_abs_logit_diff"])
    return said


def left(kept: list[dict[str, Any]]) -> None:
    """How much of each voice is in the mix."""
    if not kept:
        return
    st.subheader(_("How much of each voice is left?"))
    st.caption(
        _(
            "Surprise at pages the voice never learned from, in nats a character: the lower, the "
            "better it knows the author."
        )
    )
    st.dataframe(
        {
            _("Voice"): [row["name"] for row in kept],
            _("Weight"): [row["weight"] for row in kept],
            _("Left"): [_share(row["share"]) for row in kept],
            _("Untaught"): [f"{row['base']:.3f}" for row in kept],
            _("The voice alone"): [f"{row['own']:.3f}" for row in kept],
            _("The mix"): [f"{row['merged']:.3f}" for row in kept],
        },
        hide_index=True,
        key="merging_kept",
    )


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def past(found: dict[str, Job]) -> None:
    """One of the mixes, the last one first, and the way to another."""
    names = {i: f"{job.title} · {words.when(job.created_at)}" for i, job in found.items()}
    job = found[choice(_("Mixes so far"), names, SHOWN)]
    live.watch(follow, job, every=EVERY)
    outcome(job)
    if st.button(_("Merge other voices"), icon=":material/add:"):
        st.session_state[NEW] = True
        st.rerun()


guard()
again.keep("merging_voices", NEW)
devices.expect("cpu", "train")
st.title(_("Merge voices"))
st.write(
    _(
        "Mix voices of one base model: the narrator of one book with the dialogue of another. "
        "Each has a weight, and you are told how much of each is left."
    )
)
made = {job.id: job for job in merging.mixes()}
if made and not st.session_state.get(NEW):
    past(made)
elif merging.families():
    compose(family())
    if made and st.button(_("Back to the mixes so far"), icon=":material/arrow_back:"):
        del st.session_state[NEW]
        st.rerun()
else:
    st.info(_("There is no voice to mix yet: teach two."), icon=":material/school:")
    navigation.link("preflight", _("Teach the first one"))
