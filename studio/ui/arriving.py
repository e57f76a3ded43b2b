"""Bringing in a voice from elsewhere: from files, or from the Hub."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from studio.domain.base import Language, Model
from studio.domain.jobs import Job
from studio.language import _
from studio.services import jobs, models, sharing
from studio.ui import live, problems, words
from studio.ui.uploads import uploads

JOB = "adapters_adopting"
LARGEST = 2000
"""Megabytes of one file; the command line takes in larger ones."""


def arriving() -> None:
    """The two ways in, and how the last one went."""
    st.write(
        _(
            "An adapter that somebody else made, or that you took along from another studio: a "
            "zip, or its files adapter_model.safetensors and adapter_config.json."
        )
    )
    ways = {"files": _("Files I have"), "hub": _("From the Hub")}
    way = st.radio(
        _("Where is it?"), list(ways), horizontal=True, format_func=ways.__getitem__,
        key="adapters_way",
    )  # fmt: skip
    with st.form("adapters_bring", border=False, clear_on_submit=False):
        start = _files() if way == "files" else _hub()
        if st.form_submit_button(_("Bring it in"), icon=":material/input:"):
            with problems.told():
                started = start()
                if started:
                    st.session_state[JOB] = started.id
    arrived()


def _files() -> Callable[[], Job | None]:
    files = uploads(
        _("Its zip, or its files"),
        "adapters_files",
        type=["zip", "safetensors", "json", "bin"],
        accept_multiple_files=True,
        max_upload_size=LARGEST,
    )
    name, base, language = _about()

    def start() -> Job | None:
        if not files:
            st.warning(_("Choose the zip, or the files, first."))
            return None
        content = {file.name: file.getvalue() for file in files}
        return sharing.bring_in_upload(content, name, base, language)

    return start


def _hub() -> Callable[[], Job | None]:
    left, right = st.columns([3, 1])
    repository = left.text_input(_("Repository"), placeholder="owner/name", key="adapters_hub")
    revision = right.text_input(_("Version"), "main", help=_("A branch, a tag or a commit."))
    name, base, language = _about()
    return lambda: sharing.bring_in_from_hub(repository, revision, name, base, language)


def _about() -> tuple[str, Model | None, Language | None]:
    """Name, base model and language, each of which may be left to the adapter."""
    known = {record.id: record for record in models.list_all()}
    names = words.distinct({i: record.name for i, record in known.items()})
    languages: tuple[Language | None, ...] = (None, "en", "zh")
    left, middle, right = st.columns(3)
    name = left.text_input(_("Call it"), placeholder=_("as it is called there"))
    base = middle.selectbox(
        _("Base model"),
        [None, *known],
        format_func=lambda i: names[i] if i else _("the one it names"),
    )
    language = right.selectbox(
        _("It writes"),
        languages,
        format_func=lambda i: words.language_name(i) if i else _("as it says, else English"),
    )
    return name, known[base].model if base else None, language


def arrived() -> None:
    """How the last one went."""
    if JOB not in st.session_state:
        return
    job = jobs.get(st.session_state[JOB])
    live.follow(job)
    if job.result:
        st.success(_("It stands on the shelf now. Convert it next, to write with it."))
