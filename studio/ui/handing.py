"""Taking a dataset or a voice along: as a file, or to the Hub."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from studio.domain.exports import Form, Shape
from studio.domain.records import AdapterRecord, DatasetRecord
from studio.language import _
from studio.services import datasets, jobs, sharing
from studio.ui import live, problems

MIMES = {"jsonl": "application/jsonl", "csv": "text/csv", "parquet": "application/octet-stream"}


def hand_on(record: DatasetRecord) -> None:
    """A file to download, and a push to the Hub."""
    forms: dict[Form, str] = {"jsonl": "JSON Lines", "csv": "CSV", "parquet": "Parquet"}
    shapes: dict[Shape, str] = {
        "messages": _("Conversations (messages)"),
        "prompt-completion": _("A request and its answer"),
        "preference": _("A better and a worse answer"),
        "text": _("The author's words alone"),
    }
    splits = {None: _("All of it"), "train": _("To learn from"), "validation": _("Kept aside")}
    left, middle, right = st.columns(3)
    form = left.selectbox(_("File"), list(forms), format_func=forms.__getitem__)
    shape = middle.selectbox(_("Each row is"), list(shapes), format_func=shapes.__getitem__)
    split = right.selectbox(_("Part"), list(splits), format_func=splits.__getitem__)
    with problems.told(), tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"dataset.{form}"
        datasets.export_to(record.id, target, form, shape, split)
        st.download_button(
            _("Download"),
            target.read_bytes(),
            f"{record.id[:12]}-{split or 'all'}.{form}",
            MIMES[form],
            icon=":material/download:",
        )
    push(record)


def push(record: DatasetRecord) -> None:
    with st.expander(_("To the Hub"), icon=":material/cloud_upload:"):
        st.write(
            _(
                "This sends the dataset to another machine. The repository is private unless you "
                "say otherwise. It goes on when you close this page."
            )
        )
        with st.form(f"handing_push_{record.id}", border=False):
            name = st.text_input(_("Repository"), placeholder="writer/my-dataset")
            public = st.checkbox(_("Anyone may read it"))
            if st.form_submit_button(_("Send it")):
                with problems.told():
                    job = datasets.push(record.id, name, private=not public)
                    st.session_state[f"handing_sent_{record.id}"] = job.id
        sent(f"handing_sent_{record.id}")


def hand_on_voice(voice: AdapterRecord) -> None:
    """A zip to download, and a push to the Hub."""
    st.write(
        _(
            "What goes along: the voice itself, how it was taught in numbers, and a card that "
            "says how to use it. Your manuscripts, notes and folders stay here."
        )
    )
    if about := voice.about:
        st.write(_("So do the lines about the story that it was taught with:"))
        st.text(about)
    samples = st.checkbox(
        _("Also what it wrote in its training, with the beginnings it was given"),
        help=_("The beginnings are the ends of passages that were held back: your own sentences."),
        key=f"handing_samples_{voice.id}",
    )
    st.download_button(
        _("Download as a zip"),
        lambda: sharing.packed(voice.id, samples),
        f"{sharing.file_name(voice)}.zip",
        "application/zip",
        icon=":material/download:",
        key=f"handing_zip_{voice.id}",
        on_click="ignore",
    )
    key = f"handing_sent_{voice.id}"
    with st.form(f"handing_voice_{voice.id}", border=False):
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        name = left.text_input(_("Repository on the Hub"), placeholder="writer/my-voice")
        public = right.checkbox(_("Anyone may read it"))
        if st.form_submit_button(_("Send it to the Hub"), icon=":material/cloud_upload:"):
            with problems.told():
                job = sharing.push(voice.id, name, private=not public, samples=samples)
                st.session_state[key] = job.id
    sent(key)


def sent(key: str) -> None:
    """How the last sending that this page asked for stands; its job's id is under ``key``."""
    if not sharing.has_key():
        st.caption(
            _(
                "The studio has no access key yet: make one with write permission on the Hub, and "
                "set HF_TOKEN to it where the studio is started."
            )
        )
    if key not in st.session_state:
        return
    job = jobs.get(st.session_state[key])
    live.follow(job)
    if job.result:
        said = (
            _("It is there: {address}")
            if job.result["changed"]
            else _("Nothing had changed since: {address}")
        )
        st.success(said.format(address=job.result["address"]))
