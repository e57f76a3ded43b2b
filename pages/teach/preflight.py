"""Preflight: what stands in the way of a lesson, before any time is spent on it."""

import streamlit as st

from studio.domain.findings import Finding, Report
from studio.domain.specs import TrainSpec
from studio.language import _, n_
from studio.services import devices, training
from studio.ui import foresight, live, navigation, problems, teaching
from studio.ui.guard import guard
from studio.ui.words import plain

ICONS = {"blocks": "block", "warns": "warning", "tells": "check_circle"}
COLOURS = {"blocks": "red", "warns": "orange", "tells": "green"}


def costs() -> tuple[str, ...]:
    """What a remedy takes from the result, by its cost."""
    return (
        _("Costs nothing: the voice will be the same."),
        _("Hardly heard in the voice."),
        _("Can be heard in the voice."),
        _("Costs much of the voice."),
    )


def show(finding: Finding, spec: TrainSpec, key: str) -> None:
    """One finding as a sentence with its reason, and a button for each remedy."""
    icon, colour = ICONS[finding.level], COLOURS[finding.level]
    with st.container(border=finding.level != "tells", key=key):
        st.markdown(
            f":{colour}[:material/{icon}:] **{plain(finding.sentence)}**  \n{plain(finding.reason)}"
        )
        for order, remedy in enumerate(finding.remedies):
            if not remedy.changes:
                st.caption(plain(remedy.label))
            elif st.button(
                plain(remedy.label),
                key=f"{key}_{order}",
                icon=":material/build:",
                help=costs()[remedy.cost],
            ):
                teaching.change(spec, remedy.changes)
                st.rerun()


def verdict(report: Report) -> None:
    """Whether the lesson can begin, and the way on where it can."""
    blocking, warning = len(report.at("blocks")), len(report.at("warns"))
    if blocking:
        st.subheader(
            n_("{n} thing stands in the way", "{n} things stand in the way", blocking).format(
                n=blocking
            )
        )
        st.caption(_("Each has a button below that puts it right, or says what to do."))
        return
    if warning:
        st.subheader(
            n_(
                "It can begin; {n} thing is worth knowing",
                "It can begin; {n} things are worth knowing",
                warning,
            ).format(n=warning)
        )
    else:
        st.subheader(_("All is well, the lesson can begin"))
    if st.button(_("Go on to training"), type="primary", icon=":material/arrow_forward:"):
        st.session_state["training_new"] = True
        st.switch_page(navigation.page("training"))


def look(spec: TrainSpec) -> None:
    """What was found, the gravest first; then what it takes, and what is fine."""
    with live.passing():
        weighed(spec)
    foresight.record()


def weighed(spec: TrainSpec) -> None:
    """All that the preflight finds, which is more or less with every remedy that is chosen."""
    report = training.preflight(spec)
    verdict(report)
    foresight.changed(spec)
    for number, finding in enumerate((*report.at("blocks"), *report.at("warns"))):
        show(finding, spec, f"preflight_{number}")
    st.subheader(_("What it takes"))
    fine = report.at("tells")
    for finding in (finding for finding in fine if finding.check == "effort"):
        st.markdown(f"**{plain(finding.sentence)}** {plain(finding.reason)}")
    foresight.memory(spec)
    if fine:
        st.subheader(_("What is fine"))
    for number, finding in enumerate(f for f in fine if f.check != "effort"):
        show(finding, spec, f"preflight_fine_{number}")


guard()
devices.expect("train")
st.title(_("Preflight"))
st.write(_("A look at the machine and the dataset before the lesson, so that no evening is lost."))
with live.passing():
    spec = teaching.plan()
if spec is not None:
    with live.passing(), problems.told():
        look(spec)
    teaching.details(spec)
