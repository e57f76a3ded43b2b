"""Planned trainings: kept under a name, duplicated, carried in and out as YAML."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from studio.domain import naming
from studio.domain.fields import fields, flat
from studio.domain.records import PlanRecord
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.services import datasets, overtaking, runs
from studio.services.context import db
from studio.store import database, plans, rows
from studio.training import reading, sheets, wording

_ID = re.compile(r"[0-9a-f]{64}")
OF_ONE_RUN = ("foreseen_memory", "extends", "parent", "sweep")
"""Fields that are left out of a plan: what belongs to one run alone."""


def list_all() -> list[PlanRecord]:
    """The one that was changed last first."""
    return plans.select(db())


def get(plan_id: str) -> PlanRecord:
    """Also one that is deleted.

    Raises:
        StudioError: there is none with this id.
    """
    plan = plans.get(db(), plan_id)
    if plan is None:
        raise StudioError(
            _("This plan is not in the studio."),
            _("No plan has the id {id}.").format(id=plan_id),
            _("Choose one of the plans there are, or keep a new one."),
        )
    return plan


def spec_of(plan_id: str) -> TrainSpec:
    """The training that was planned.

    Raises:
        StudioError: there is no such plan.
    """
    return reading.spec_of(get(plan_id).spec)


def save(name: str, spec: TrainSpec) -> PlanRecord:
    """Keep a training under a name; where the name is taken, it gets a number.

    Raises:
        StudioError: the name is empty.
    """
    if not naming.tidy(name):
        raise StudioError(
            _("The plan was not kept."), _("It has no name."), _("Type a name for it.")
        )
    now = time.time()
    with database.write(db()) as connection:
        free = _free(naming.tidy(name))
        plan = PlanRecord(
            id=uuid.uuid4().hex, name=free, spec=_kept(spec), created_at=now, updated_at=now
        )
        plans.insert(connection, plan)
    return plan


def change(plan_id: str, spec: TrainSpec, base: float | None = None) -> PlanRecord:
    """Give a plan other numbers.

    Raises:
        Overtaken: ``base`` is given, and it was changed after that moment.
        StudioError: there is no such plan.
    """
    with database.write(db()) as connection:
        now = get(plan_id)
        changed = now.model_copy(update={"spec": _kept(spec), "updated_at": time.time()})
        if base not in (None, now.updated_at) and changed.spec != now.spec:
            raise overtaking.overtaken(_differing(now.spec, changed.spec))
        values = rows.dump(changed)
        rows.set_columns(
            connection, "plans", plan_id, [(c, values[c]) for c in ("spec", "updated_at")]
        )
    return changed


def _differing(there: dict[str, Any], here: dict[str, Any]) -> str:
    """What one plan says that another says otherwise."""
    known = fields(TrainSpec)
    theirs, mine = flat(there, known), flat(here, known)
    return "; ".join(
        f"{wording.label(name)}: {runs.said(name, theirs[name]) if name in theirs else '–'}"
        for name in {**theirs, **mine}
        if name not in runs.NO_DIFFERENCE and theirs.get(name) != mine.get(name)
    )


def duplicate(plan_id: str) -> PlanRecord:
    """The same numbers under the name with a number."""
    return save(get(plan_id).name, spec_of(plan_id))


def delete(plan_id: str) -> None:
    """Put a plan away; ``restore`` brings it back."""
    _mark(plan_id, time.time())


def restore(plan_id: str) -> None:
    _mark(plan_id, None)


def to_yaml(spec: TrainSpec) -> str:
    """A page of YAML with what every setting means."""
    return sheets.write(spec, datasets.named(spec.dataset))


def from_yaml(text: str) -> TrainSpec:
    """The training that a page of YAML (or JSON) describes. Its dataset may be named by id or,
    where only one has it, by name; where it has no name of its own, the voice is called so.

    Raises:
        StudioError: it cannot be read, names a setting that there is not (with what is near), or
            a value is of no use.
    """
    values = sheets.read(text)
    given = values.get("dataset")
    if isinstance(given, str) and not _ID.fullmatch(given):
        values["dataset"] = _dataset_named(given)
    if "name" not in values and isinstance(values.get("dataset"), str):
        values["name"] = datasets.named(values["dataset"])
    return reading.spec_of(values)


def _dataset_named(name: str) -> str:
    found = [dataset.id for dataset in datasets.list_all() if dataset.name == name]
    if len(found) == 1:
        return found[0]
    raise StudioError(
        _("The plan's dataset “{name}” is not clear.").format(name=name),
        _("{count} datasets have this name.").format(count=len(found)),
        _("Write the dataset's id instead; “python -m studio dataset list” shows it."),
    )


def _free(name: str) -> str:
    taken = {plan.name for plan in list_all()}
    if name not in taken:
        return name
    stem = re.sub(r" \(\d+\)$", "", name)
    numbers = (f"{stem} ({n})" for n in range(2, len(taken) + 3))
    return next(each for each in numbers if each not in taken)


def _kept(spec: TrainSpec) -> dict[str, Any]:
    return {k: v for k, v in spec.model_dump(mode="json").items() if k not in OF_ONE_RUN}


def _mark(plan_id: str, deleted_at: float | None) -> None:
    get(plan_id)
    with database.write(db()) as connection:
        rows.set_columns(connection, "plans", plan_id, [("deleted_at", deleted_at)])
