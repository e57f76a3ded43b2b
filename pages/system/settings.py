"""Settings: what is in force, base models, workers, health."""

from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import SecretStr

from studio.domain.records import ModelRecord
from studio.language import _
from studio.services import jobs, models
from studio.settings import Settings, settings
from studio.ui import live, problems, words
from studio.ui.guard import guard
from studio.ui.words import plain


def model_line(record: ModelRecord) -> None:
    facts = record.facts
    said = _("{parameters} million parameters, {size}, sees {context} tokens at once").format(
        parameters=f"{facts.get('parameters', 0) / 1e6:,.1f}",
        size=words.size(facts.get("bytes", 0)),
        context=words.count(facts.get("context_length", 0)),
    )
    st.markdown(f":material/deployed_code: **{plain(record.name)}**  \n:gray[{said}]")


def base_models() -> None:
    st.subheader(_("Base models"))
    st.write(
        _("A voice is taught to one of these. Bigger ones write better and need more machine.")
    )
    working = bool(jobs.alive("download"))
    with problems.told():
        for record in models.list_all():
            model_line(record)
    local, hub = st.columns(2, gap="large")
    with local, st.form("settings_local", border=False):
        path = st.text_input(
            _("A model folder on this machine"), placeholder="/home/me/models/Qwen3-0.6B"
        )
        if st.form_submit_button(_("Add the folder"), icon=":material/folder:") and path:
            with problems.told():
                st.session_state["settings_added"] = models.add_local(path).name
                st.rerun()
        if added := st.session_state.pop("settings_added", None):
            st.success(_("{name} can be chosen now.").format(name=plain(added)))
    with hub, st.form("settings_hub", border=False):
        repository = st.text_input(
            _("A model on the Hugging Face Hub"), placeholder="Qwen/Qwen3-0.6B"
        )
        if st.form_submit_button(_("Download it"), icon=":material/download:") and repository:
            with problems.told():
                models.download(repository.strip())
                working = True
    live.live(downloads, over=lambda: not jobs.alive("download"), alive=working)


def downloads() -> None:
    """Downloads that run, and what stopped the last one."""
    found = jobs.list_jobs(kinds=("download",), limit=5)
    for job in (each for each in found if not each.ended):
        live.show(job, stop=True)
    if found and found[0].failure:
        problems.show(found[0].failure)


def workshop() -> None:
    """Workers and health, as the studio knows them now."""
    st.subheader(_("Workshop"))
    found = jobs.workers()
    if found:
        st.dataframe([row(worker.model_dump()) for worker in found], hide_index=True)
    else:
        st.info(_("No worker has reported yet. They start with the studio; wait a few seconds."))
    st.write(health(jobs.health()))


def health(found: dict[str, Any]) -> str:
    """Broker and recorder in a sentence each."""
    if not found["broker"]:
        return _("The broker does not answer: jobs stay in line until it is back.")
    broker = _("The broker answers (version {version}).").format(version=found["broker_version"])
    if not found["recorder"]:
        recorder = _("The recorder is away: what workers report is kept until it is back.")
    elif found["lag"]:
        recorder = _("The recorder has {n} reports still to write down.").format(n=found["lag"])
    else:
        recorder = _("The recorder has written everything down.")
    return f"{broker} {recorder}"


def row(worker: dict[str, Any]) -> dict[str, Any]:
    memory = worker.get("memory")
    return {
        _("Worker"): worker.get("name"),
        _("Does"): worker.get("role"),
        _("On"): worker.get("device"),
        _("Machine"): worker.get("host"),
        _("Memory"): words.size(memory) if isinstance(memory, int | float) else "",
        _("State"): worker.get("state"),
    }


def in_force(values: Settings) -> None:
    st.subheader(_("In force"))
    st.write(_("These come from the environment of the studio and change when it starts again."))
    rows = [
        {
            _("Setting"): Settings.variable(name),
            _("Value"): shown_as(name, value),
            _("What it is"): Settings.model_fields[name].description,
        }
        for name, value in values
    ]
    st.dataframe(rows, hide_index=True, key="settings_values")


def shown_as(name: str, value: Any) -> str:
    """Of what is secret or may hold a password, only that it is set; of keys, the hosts that
    they are for."""
    if value in (None, {}):
        return _("(not set)")
    if isinstance(value, SecretStr) or name == "redis_url":
        return _("set")
    return ", ".join(value) if isinstance(value, dict) else str(value)


def places(values: Settings) -> None:
    st.subheader(_("Where things live"))
    for name, path in (
        (_("Everything you make"), values.data),
        (_("The database"), values.database),
        (_("What can be made again"), values.cache),
    ):
        st.markdown(f"{name}: `{Path(path)}`")
    st.caption(_("To move the studio to another machine, back it up: python -m studio backup FILE"))


guard()
st.title(_("Settings"))
base_models()
workshop()
places(settings())
in_force(settings())
