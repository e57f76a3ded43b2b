"""The journey: what is done, what comes next, what is at work right now."""

import streamlit as st

from studio.language import _
from studio.services import jobs
from studio.ui import engine, journey, live, navigation
from studio.ui.guard import guard
from studio.ui.words import plain


def at_work() -> None:
    """Jobs that run or wait."""
    if found := jobs.alive()[:8]:
        st.subheader(_("At work now"))
        for job in reversed(found):
            live.show(job, stop=True)
        st.caption(_("You may close this window: the work goes on, and is kept."))


guard()
st.title(_("Teach a model your voice, and write with it"))
st.write(
    _(
        "Five steps lead from your manuscript to a page in your own voice. "
        "Nothing leaves this machine."
    )
)
working = bool(jobs.alive())
steps = journey.steps()
coming = journey.following(steps)
if st.button(coming.action, type="primary", icon=":material/arrow_forward:"):
    st.switch_page(navigation.page(coming.address))
engine.notice()

for number, step in enumerate(steps, start=1):
    with st.container(border=True, key=f"journey_{step.address}"):
        mark, text, way = st.columns([1, 14, 3], vertical_alignment="center")
        icon = "check_circle" if step.done else "radio_button_unchecked"
        mark.markdown(f":{'green' if step.done else 'gray'}[:material/{icon}:]")
        state = _("done") if step.done else _("next") if step is coming else _("later")
        text.markdown(f"**{number}. {step.title}** · :gray[{state}]  \n{plain(step.said)}")
        with way:
            navigation.link(step.address, _("Open"))

live.live(at_work, every=1.5, over=lambda: not jobs.alive(), alive=working)
