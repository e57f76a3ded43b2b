"""The lesson being planned, shared by the Preflight and Training pages."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.domain import naming
from studio.domain.fields import fields, flat
from studio.domain.records import DatasetRecord
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.services import datasets, jobs, models, objectives, plans, runs, training
from studio.training import reading, values
from studio.ui import again, navigation, problems, undo, words
from studio.ui import details as form
from studio.ui.choice import choice
from studio.ui.opened import opened, saved
from studio.ui.uploads import uploads

CHANGES = "teach_changes"
BEGUN = "teach_begun"
COPIED = "teach_copied"
SUGGESTED = "suggested"


def preset_words(preset: str) -> tuple[str, str]:
    """A preset's name and what it is for."""
    return {
        "taste": (
            _("A taste"),
            _("Minutes. Enough to see every step work and hear a first hint of the voice."),
        ),
        "evening": (
            _("An evening"),
            _("A few hours. The voice becomes clear in rhythm and choice of words."),
        ),
        "weekend": (
            _("A weekend"),
            _("As thorough as it gets: many readings, stopped before it only recites."),
        ),
    }.get(preset, (preset, ""))


def plan() -> TrainSpec | None:
    """Ask for dataset, base model and preset, or for a plan that was kept; None where there is
    no dataset yet."""
    found = {d.id: d for d in datasets.list_all()}
    if not found:
        st.info(_("There is no dataset yet to teach with."), icon=":material/view_agenda:")
        navigation.link("datasets", _("Prepare a dataset"))
        return None
    undo.offer("teach_plan", plans.restore)
    again.keep(CHANGES, COPIED, "teach_preset")
    begun = _beginning()
    spec = _suggested(found) if begun is None else _planned(begun, found)
    return _objective(_with_changes(spec))


def _with_changes(spec: TrainSpec) -> TrainSpec:
    """Changes that no longer fit, since the plan is another one now, are let go and named."""
    try:
        return reading.with_changes(spec, changes(spec))
    except StudioError as problem:
        problems.show(problem)
        clear(spec)
        return spec


def _beginning() -> str | None:
    """What the lesson begins with: the id of a plan or a run, or None for a suggestion."""
    copied = st.session_state.get(COPIED)
    names = {SUGGESTED: _("A suggestion of the studio")}
    if copied:
        names[copied] = _("As “{title}”").format(title=jobs.get(copied).title)
    names |= {kept.id: _("Plan: {name}").format(name=kept.name) for kept in plans.list_all()}
    if len(names) == 1:
        st.session_state.pop(BEGUN, None)
        return None
    chosen = choice(_("Begin with"), names, BEGUN)
    return None if chosen == SUGGESTED else chosen


def begin_with(begun: str, *, run: bool = False) -> None:
    """Let the next look at the form begin with this plan, or with the settings of this run."""
    st.session_state[BEGUN] = begun
    if run:
        st.session_state[COPIED] = begun


def _suggested(found: dict[str, DatasetRecord]) -> TrainSpec:
    dataset = _dataset(found, "teach_dataset")
    bases = {m.id: m for m in models.list_all()}
    base = choice(_("Base model"), {i: m.name for i, m in bases.items()}, "teach_model")
    presets = training.presets(dataset, bases[base].model)
    return presets[_preset(list(presets))]


def _planned(begun: str, found: dict[str, DatasetRecord]) -> TrainSpec:
    """A kept plan or an earlier run; its dataset and base model may be changed for others."""
    copied = begun == st.session_state.get(COPIED)
    spec = runs.spec_of(runs.get(begun)) if copied else plans.spec_of(begun)
    st.session_state.setdefault(f"teach_dataset_{begun}", spec.dataset)
    if spec.dataset not in found:
        st.caption(_("The dataset it was planned with is not here any more; this is another."))
    dataset = _dataset(found, f"teach_dataset_{begun}")
    bases = {m.id: m for m in models.list_all()}
    key = f"teach_model_{begun}"
    st.session_state.setdefault(key, next((i for i in bases if bases[i].model == spec.model), ""))
    base = choice(_("Base model"), {i: m.name for i, m in bases.items()}, key)
    other: dict[str, Any] = {"dataset": dataset, "model": bases[base].model}
    if dataset != spec.dataset:
        other["formatter"] = datasets.recipe_of(dataset).formatter
    run = {"extends": None, "parent": None, "sweep": None, "foreseen_memory": None}
    run = {field: value for field, value in run.items() if field in TrainSpec.model_fields}
    return spec.model_copy(update={**other, **run})


def _dataset(found: dict[str, DatasetRecord], key: str) -> str:
    names = {i: f"{d.name} · {words.language_name(d.language)}" for i, d in found.items()}
    return choice(_("Dataset"), names, key)


def _objective(spec: TrainSpec) -> TrainSpec:
    """Ask how it shall learn, where the dataset allows several ways."""
    offered = objectives.fitting(spec.dataset)
    if "objective" in changes(spec) and spec.objective.kind not in offered:
        offered.append(spec.objective.kind)  # a remedy has chosen it
    if not offered or offered == [spec.objective.kind]:
        return spec
    now = spec.objective.kind if spec.objective.kind in offered else offered[0]
    chosen = now if len(offered) == 1 else _way(offered, now, _lesson(spec))
    if chosen == spec.objective.kind:
        return spec
    change(spec, {"objective": chosen})
    return reading.with_changes(spec, {"objective": chosen})


def _way(offered: list[str], now: str, lesson: str) -> str:
    said = values.objectives()
    chosen: str = st.radio(
        _("How shall it learn?"),
        offered,
        offered.index(now),
        format_func=lambda kind: said[kind][0],
        captions=[said[kind][1] for kind in offered],
        key=f"teach_objective_{lesson}_{now}",  # another key where a remedy changes it
    )
    return chosen


def _lesson(spec: TrainSpec) -> str:
    """What changes belong to: the plan or run it begins with, or a suggestion for a dataset and
    a base model."""
    begun = st.session_state.get(BEGUN, SUGGESTED)
    if begun != SUGGESTED:
        return str(begun)
    return f"{spec.dataset}/{spec.model.source}:{spec.model.name}/{spec.preset}"


def _preset(options: list[str]) -> str:
    kept = st.session_state.get("teach_preset")
    chosen = st.radio(
        _("How long may it take?"),
        options,
        index=options.index(kept) if kept in options else 0,
        format_func=lambda name: preset_words(name)[0],
        captions=[preset_words(name)[1] for name in options],
        key="teach_preset_box",
    )
    st.session_state["teach_preset"] = chosen
    return chosen


def change(spec: TrainSpec, changes: dict[str, Any]) -> None:
    """Keep changes for the lesson that is being planned."""
    kept = st.session_state.setdefault(CHANGES, {})
    before = kept.get(_lesson(spec), {})
    if "objective" in changes:  # the options of another way of learning mean nothing to this one
        before = {name: v for name, v in before.items() if not name.startswith("objective")}
    kept[_lesson(spec)] = {**before, **changes}


def changes(spec: TrainSpec) -> dict[str, Any]:
    """What was changed of the numbers that the lesson began with."""
    found: dict[str, Any] = st.session_state.get(CHANGES, {}).get(_lesson(spec), {})
    return found


def clear(spec: TrainSpec) -> None:
    """Go back to the numbers that the lesson began with."""
    st.session_state.get(CHANGES, {}).pop(_lesson(spec), None)


def numbers(spec: TrainSpec) -> dict[str, str]:
    """The settings that are numbers, by name and by what they are called."""
    return {
        field: said.label
        for group in form.shown(spec).values()
        for field, said in group.items()
        if form.is_number(field)
    }


def value(spec: TrainSpec, field: str) -> Any:
    """What a setting is now, by its name as ``lora.rank``."""
    return flat(spec.model_dump(mode="json"), fields(TrainSpec))[field]


def named(spec: TrainSpec) -> TrainSpec:
    """Ask what the voice shall be called."""
    name = st.text_input(_("Name of the voice"), spec.name, max_chars=120)
    name = naming.tidy(name) or spec.name
    if name != spec.name:
        change(spec, {"name": name})
    return spec.model_copy(update={"name": name})


def details(spec: TrainSpec) -> None:
    """Every number of the lesson, to be changed by those who know it, and the plan to keep."""
    with st.expander(_("Details"), icon=":material/tune:"):
        st.caption(_("All of these are set already. Change them only if you know them."))
        with problems.told():
            given = form.form(spec)
            if given:
                change(spec, given)
                st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(_("Back to how it began"), disabled=not changes(spec)):
                clear(spec)
                st.rerun()
            _keeping(spec)
            _carrying_out(spec)
        _bringing_in()


def _keeping(spec: TrainSpec) -> None:
    """Keep the lesson as a plan, change, duplicate or delete the plan it began with."""
    begun = next((kept for kept in plans.list_all() if kept.id == _lesson(spec)), None)
    with st.popover(_("Keep as a plan"), icon=":material/bookmark_add:"):
        name = st.text_input(_("Name of the plan"), spec.name)
        if st.button(_("Keep it")):
            with problems.told():
                begin_with(plans.save(name, spec).id)
                st.rerun()
    if begun is None:
        return
    asked = opened(f"teach_plan_{begun.id}", begun.updated_at)
    if not changes(spec):
        asked.base = begun.updated_at
    elif st.button(_("Put the changes into the plan")) and saved(
        asked,
        lambda base: plans.change(begun.id, spec, base),
        lambda: plans.get(begun.id).updated_at,
    ):
        clear(spec)
        st.rerun()
    if st.button(_("Duplicate the plan"), icon=":material/content_copy:"):
        begin_with(plans.duplicate(begun.id).id)
        st.rerun()
    if st.button(_("Delete the plan"), icon=":material/delete:"):
        plans.delete(begun.id)
        undo.remember("teach_plan", begun.id, begun.name)
        st.rerun()


def _carrying_out(spec: TrainSpec) -> None:
    st.download_button(
        _("Take it along (YAML)"),
        plans.to_yaml(spec),
        file_name=f"{naming.file_name(spec.name, 'plan')}.yaml",
        mime="application/yaml",
        on_click="ignore",
        icon=":material/download:",
    )


def _bringing_in() -> None:
    """A plan as a file; in a fold of the page, where what is wrong with it has room."""
    with st.expander(_("Bring in a plan"), icon=":material/upload_file:"):
        files = uploads(
            _("A plan as YAML or JSON"), "teach_plan_file", type=["yaml", "yml", "json"]
        )
        if files and st.button(_("Read it")):
            with problems.told():
                spec = plans.from_yaml(files[0].getvalue().decode("utf-8", "replace"))
                begin_with(plans.save(files[0].name.rpartition(".")[0], spec).id)
                st.rerun()
