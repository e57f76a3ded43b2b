"""Preflight: what stands in the way of a lesson, before any time is spent on it."""

import streamlit as st

from studio.domain.findings import Finding
from studio.domain.specs import TrainSpec
from studio.language import _, n_
from studio.services import training
from studio.ui import charts, navigation, problems, teaching, words
from studio.ui.guard import guard
from studio.ui.words import plain

LEVELS = {"blocks": 0, "warns": 1, "tells": 2}
ICONS = {"blocks": "block", "warns": "warning", "tells": "check_circle"}
COLOURS = {"blocks": "red", "warns": "orange", "tells": "green"}


def names() -> dict[str, str]:
    return {"blocks": _("stops it"), "warns": _("worth knowing"), "tells": _("fine")}


def show(finding: Finding, spec: TrainSpec, number: int) -> None:
    """One finding as a sentence with its reason, and a button for each remedy."""
    icon, colour = ICONS[finding.level], COLOURS[finding.level]
    with st.container(border=finding.level != "tells", key=f"preflight_{number}"):
        st.markdown(
            f":{colour}[:material/{icon}:] **{plain(finding.sentence)}** "
            f":gray[· {names()[finding.level]}]  \n{plain(finding.reason)}"
        )
        for order, remedy in enumerate(finding.remedies):
            if not remedy.changes:
                st.caption(plain(remedy.label))
            elif st.button(plain(remedy.label), key=f"preflight_{number}_{order}"):
                teaching.change(spec, remedy.changes)
                st.rerun()


def memory(spec: TrainSpec) -> None:
    """The parts of the memory that the lesson should take, beside what there is."""
    need = training.memory(spec)
    if need is None:
        return
    with st.expander(_("Where the memory goes"), icon=":material/memory:"):
        most = next(iter(need.parts))
        st.caption(
            _("{total} of {there}. The most is for {most}.").format(
                total=words.size(sum(need.parts.values())), there=words.size(need.there), most=most
            )
        )
        charts.memory(need.parts, need.there, key="preflight_memory")


guard()
st.title(_("Preflight"))
st.write(_("A look at the machine and the dataset before the lesson, so that no evening is lost."))
spec = teaching.plan()
if spec is not None:
    with problems.told():
        report = training.preflight(spec)
        blocking, warning = len(report.at("blocks")), len(report.at("warns"))
        if blocking:
            st.subheader(
                n_("{n} thing stands in the way", "{n} things stand in the way", blocking).format(
                    n=blocking
                )
            )
        elif warning:
            st.subheader(
                n_(
                    "It can begin; {n} thing is worth knowing",
                    "It can begin; {n} things are worth knowing",
                    warning,
                ).format(n=warning)
            )
        else:
            st.subheader(_("All is well, the lesson can begin"))
        if not blocking and st.button(
            _("Go on to training"), type="primary", icon=":material/arrow_forward:"
        ):
            st.session_state["training_new"] = True
            st.switch_page(navigation.page("training"))
        ordered = sorted(report.findings, key=lambda f: LEVELS[f.level])
        for number, finding in enumerate(ordered):
            show(finding, spec, number)
        memory(spec)
    teaching.details(spec)
