"""Datasets: examples made of manuscripts, tables or topics, and a look at what is learned."""

import streamlit as st

from studio.domain.recipes import PrepareSpec
from studio.domain.records import DatasetRecord, ManuscriptRecord
from studio.errors import StudioError
from studio.language import _, n_
from studio.services import datasets, devices, generation, jobs, manuscripts, previews
from studio.services.previews import Preview
from studio.ui import live, navigation, problems, undo, words
from studio.ui.building import recipe
from studio.ui.choice import choice
from studio.ui.examples import browse
from studio.ui.figures import figures
from studio.ui.guard import guard
from studio.ui.handing import hand_on
from studio.ui.prose import masked, prose
from studio.ui.versions import versions
from studio.ui.words import plain


def build(records: list[ManuscriptRecord], *, first: bool) -> None:
    """The form, a look at what it would give, and the button that starts it."""
    with problems.told():
        with live.passing():
            spec = recipe(records)
            if spec is None:
                return
            cost(spec)
        with st.expander(_("Look at it first"), icon=":material/visibility:"):
            look(spec)
        kind = "primary" if first else "secondary"
        if st.button(_("Prepare the dataset"), type=kind, icon=":material/view_agenda:"):
            st.session_state["datasets_job"] = datasets.prepare(spec).id
            st.rerun()


def cost(spec: PrepareSpec) -> None:
    """What a model will be asked, before it is."""
    if spec.builder.asks is None:
        return
    chosen = [m.id for m in manuscripts.list_all() if m.artifact in spec.manuscripts]
    found = generation.estimate(spec.builder, chosen)
    said = _("About {n} requests and {time}. {price}").format(
        n=words.count(found.requests),
        time=words.duration(found.seconds),
        price=_("Price: about {price:.2f}.").format(price=found.price) if found.price else "",
    )
    st.info(said, icon=":material/hourglass_empty:")
    st.caption(plain(" ".join(found.assumptions)))


@st.cache_data(ttl=600, max_entries=8, show_spinner=False)
def previewed(spec: str) -> Preview:
    return previews.preview(PrepareSpec.model_validate_json(spec))


def look(spec: PrepareSpec) -> None:
    """Ten examples, five of them as the model will see them. Nothing runs until it is asked."""
    if not st.toggle(_("Show the first examples"), key="datasets_look"):
        return
    try:
        with st.spinner(_("Cutting the first passages…")):
            found = previewed(spec.model_dump_json())
    except StudioError as problem:
        problems.show(problem)
        return
    if not found.examples:
        st.caption(_("There is nothing to show before it is made."))
    for number, example in enumerate(found.examples):
        said = _("Example {n}, {tokens} tokens").format(
            n=number + 1, tokens=words.count(example.tokens)
        )
        st.caption(f"{said} · {plain(example.chapter)}" if example.chapter else said)
        if number < len(found.formatted):
            masked(found.formatted[number], "en", key=f"datasets_look_{number}", height=260)
        else:
            prose(example.completion, "en", key=f"datasets_look_{number}", height=200)


def at_work() -> None:
    """What runs, and what stopped the last one."""
    live.follow_all("prepare", "revise")
    started = st.session_state.get("datasets_job")
    last = jobs.get(started) if started else None
    if last and last.failure:
        problems.show(last.failure)
    made = (last.result or {}).get("dataset") if last else None
    if made and st.session_state.get("datasets_seen") != started:
        st.session_state["datasets_seen"] = started
        st.session_state["datasets_shown"] = made


def seen(record: DatasetRecord) -> None:
    """One example as the model sees it, with its loss mask."""
    splits = {"train": _("To learn from"), "validation": _("Kept aside")}
    split = st.radio(
        _("Passages"), list(splits), format_func=splits.__getitem__, horizontal=True,
        key="datasets_seen_split",
    )  # fmt: skip
    total = record.train if split == "train" else record.validation
    if not total:
        st.info(_("There is no passage in this part."))
        return
    number = int(st.number_input(_("Passage number"), 1, total, 1, key=f"datasets_number_{split}"))
    st.caption(
        _(
            "Underlined on a tinted ground is what the model learns (the loss mask). "
            "Grey is only shown to it. Framed pieces are markers of the chat template."
        )
    )
    with problems.told(), st.spinner(_("Cutting it into tokens…")):
        example = datasets.formatted(record.id, split, number - 1)
        masked(example, record.language, key=f"datasets_masked_{record.id}_{split}_{number}")


def show(record: DatasetRecord) -> None:
    st.subheader(plain(record.name))
    said = n_(
        "{train} passage to learn from and {validation} kept aside, {tokens} tokens in all.",
        "{train} passages to learn from and {validation} kept aside, {tokens} tokens in all.",
        record.train,
    )
    st.write(
        said.format(
            train=words.count(record.train),
            validation=words.count(record.validation),
            tokens=words.count(record.tokens),
        )
    )
    with st.container(horizontal=True):
        if st.button(_("Teach a voice with it"), type="primary", icon=":material/arrow_forward:"):
            st.session_state["teach_dataset"] = record.id
            st.switch_page(navigation.page("preflight"))
        if st.button(_("Delete"), key="datasets_delete", icon=":material/delete:"):
            datasets.delete(record.id)
            undo.remember("datasets", record.id, record.name)
            st.rerun()
    views = {
        "figures": (_("What it is like"), figures),
        "examples": (_("Examples"), browse),
        "seen": (_("As the model sees it"), seen),
        "versions": (_("Versions"), versions),
        "hand": (_("Take it along"), hand_on),
    }
    chosen = st.radio(
        _("Show"), list(views), horizontal=True, label_visibility="collapsed",
        format_func=lambda v: views[v][0], key="datasets_view",
    )  # fmt: skip
    views[chosen][1](record)


guard()
devices.expect("cpu")
st.title(_("Datasets"))
st.write(
    _(
        "A dataset is your manuscript cut into passages. The model sees what came before "
        "each passage and learns to write the passage itself."
    )
)
undo.offer("datasets", datasets.restore)
with live.passing():
    at_work()
available = manuscripts.list_all()
made = datasets.list_all()
if not available and not made:
    st.info(_("There is no manuscript yet to make a dataset of."), icon=":material/menu_book:")
    navigation.link("manuscripts", _("Bring in a manuscript or take a sample"))
with st.expander(_("Prepare another"), icon=":material/add:") if made else st.container():
    build(available, first=not made)
if made:
    by_id = {r.id: r for r in made}
    names = {i: f"{r.name} · {words.when(r.created_at)}" for i, r in by_id.items()}
    shown = choice(_("Dataset"), names, "datasets_shown")
    show(by_id[shown])
