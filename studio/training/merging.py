"""Mixes voices of one base model: into a new adapter, or into the model itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from studio.conversion.folding import peculiarities, read_config
from studio.domain.events import Progressed
from studio.domain.merges import MergeSpec
from studio.domain.models import ModelFacts
from studio.domain.provenance import LINEAGE
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.fingerprints import fingerprint, taught_on
from studio.models.source import folder_of, validate
from studio.training import capacity, factors, mixing, remains, standalone
from studio.training.checkpoints import copy_adapter
from studio.training.lineage import code, versions, write

TRUNCATED = ("svd", "ties", "dare_linear", "dare_ties")
"""The methods whose result has a rank that is chosen."""


def run(spec: MergeSpec, room: Workroom) -> dict[str, Any]:
    """Mix the adapters and store the result.

    Result: ``adapter`` or ``model`` (artifact id); ``rank``; ``lost``, the relative Frobenius norm
    of what the result leaves out of what the method asks for, over the whole adapter,
    ‖ΔW - BA‖ / ‖ΔW‖; ``kept`` (see ``studio.training.remains``), empty when it was not measured;
    for a model ``max_abs_logit_diff`` between the stored model and base + adapter.

    Raises:
        StudioError: the voices are of other base models, damaged or no sums of matrices; too
            little memory or disk.
        Stopped: on request; nothing is stored.
    """
    base = folder_of(spec.model, room.fetch)
    facts = validate(base)
    _check(spec, room, fingerprint(base, facts))
    if spec.loads_model:
        capacity.check(spec, facts, capacity.here(room.folder))
    adapter, figures = _mix(spec, room)
    kept = remains.measure(spec, base, adapter, room) if spec.measures else []
    figures |= {"kept": kept}
    if spec.into == "model":
        return _as_model(spec, base, adapter, figures, room)
    return _as_adapter(spec, base, facts, adapter, figures, room)


def _check(spec: MergeSpec, room: Workroom, base: dict[str, str]) -> None:
    if spec.into == "adapter" and len(spec.parts) < 2:
        raise StudioError(
            _("There is nothing to mix."),
            _("A mix needs at least two voices; there is one."),
            _("Choose another voice as well, or put this one into a model of its own."),
        )
    if len({part.adapter for part in spec.parts}) < len(spec.parts):
        raise StudioError(
            _("A voice is in the mix twice."),
            _("Each voice has one weight."),
            _("Name each voice once, and give it more weight instead."),
        )
    for part in spec.parts:
        own = base_of(room.fetch(part.adapter))
        if own is not None and own != base:
            raise another_base(part.name)


def base_of(adapter: Path) -> dict[str, str] | None:
    """sha256 of the files of the base model that an adapter was taught on, where it says so."""
    try:
        return taught_on(adapter)
    except ValueError as error:
        raise factors.damaged(adapter.name[:12]) from error


def another_base(name: str) -> StudioError:
    return StudioError(
        _("The voice {name} belongs to another base model.").format(name=name),
        _("A voice is a change to one model's weights and means nothing to another's."),
        _("Mix only voices that were taught on the same base model."),
    )


def _mix(spec: MergeSpec, room: Workroom) -> tuple[Path, dict[str, Any]]:
    """The folder of the mixed adapter, and its figures."""
    first = room.fetch(spec.parts[0].adapter)
    if _stands_alone(spec, read_config(first)):
        folder = room.folder / "adapter"
        copy_adapter(first, folder)
        return folder, {"rank": read_config(first)["r"], "lost": 0.0}
    voices = [mixing.read(room.fetch(part.adapter), part.name) for part in spec.parts]
    rank = spec.rank or max(pair.rank for voice in voices for pair in voice.values())
    modules, lost, whole = _modules(spec, voices, rank, room)
    if whole == 0.0:
        raise StudioError(
            _("The mix changes nothing."),
            _("The voices cancel each other out, or learned nothing."),
            _("Choose other voices or weights."),
        )
    folder = room.folder / "adapter"
    width = mixing.write(modules, folder, read_config(first))
    return folder, {"rank": width, "lost": round(sqrt(lost / whole), 6)}


def _stands_alone(spec: MergeSpec, config: dict[str, Any]) -> bool:
    """A single voice at full weight goes into its model whatever it is made of."""
    return len(spec.parts) == 1 and spec.parts[0].weight == 1.0 and bool(peculiarities(config))


def _modules(
    spec: MergeSpec, voices: Sequence[mixing.Voice], rank: int, room: Workroom
) -> tuple[dict[str, mixing.Pair], float, float]:
    """Every module that a voice changes, and the squared norms of what is lost and of the whole.

    Dare's dice are thrown in the order of the names: one seed, one result.
    """
    import torch

    names = sorted({name for voice in voices for name in voice})
    modules, lost, whole = {}, 0.0, 0.0
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(spec.seed)
        for number, name in enumerate(names):
            if room.stopped():
                raise Stopped({})
            room.emit(Progressed(step=number, steps=len(names), unit=_("parts of the model")))
            found = mixing.mixed(spec, _parts(spec, voices, name), rank)
            modules[name] = found.pair
            lost, whole = lost + found.lost, whole + found.whole
    return modules, lost, whole


def _parts(spec: MergeSpec, voices: Sequence[mixing.Voice], module: str) -> list[mixing.Weighted]:
    found = [
        (part, voice[module])
        for part, voice in zip(spec.parts, voices, strict=True)
        if module in voice
    ]
    shape = (found[0][1].a.shape[1], found[0][1].b.shape[0])
    for part, pair in found:
        if (pair.a.shape[1], pair.b.shape[0]) != shape:
            raise another_base(part.name)
    return [(part.weight, pair) for part, pair in found]


def _identity(spec: MergeSpec, figures: dict[str, Any]) -> dict[str, Any]:
    """What a record says of how the mix was made. ``parents`` are ids, ``mixture`` tells more."""
    heaviest = max((p for p in spec.parts if p.dataset), key=lambda p: p.weight, default=None)
    return {
        "method": spec.method,
        "parents": [part.adapter for part in spec.parts],
        "mixture": [part.model_dump(include={"adapter", "name", "weight"}) for part in spec.parts],
        "dataset": heaviest.dataset if heaviest else None,
        "language": spec.language,
        **figures,
    }


def _as_adapter(
    spec: MergeSpec,
    base: Path,
    facts: ModelFacts,
    folder: Path,
    figures: dict[str, Any],
    room: Workroom,
) -> dict[str, Any]:
    identity = _identity(spec, figures)
    manner = _manner(spec, room)
    lineage = {
        "studio": code(),
        "language": spec.language,
        "manner": manner,
        "spec": spec.model_dump(mode="json"),
        "dataset": identity["dataset"],
        "base": facts.model_dump(mode="json") | {"sha256": fingerprint(base, facts)},
        "libraries": versions(),
        "figures": {name: figures[name] for name in ("rank", "lost")},
        "parents": identity["parents"],
    }
    write(folder, lineage)
    record = {
        "model": spec.model.model_dump(),
        "base": facts.name,
        "objective": "merge",
        "quantisation": "none",
        "manner": manner,
        **_surprise(identity["dataset"], figures["kept"], spec),
        **identity,
    }
    return {"adapter": room.produce("adapter", folder, spec.name, record), **figures}


def _manner(spec: MergeSpec, room: Workroom) -> dict[str, Any] | None:
    """How the voice that has the most weight was asked, where it says so."""
    heaviest = max(spec.parts, key=lambda part: part.weight)
    path = room.fetch(heaviest.adapter) / LINEAGE
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found: dict[str, Any] | None = told.get("manner")
    return found


def _surprise(
    dataset: str | None, kept: Sequence[dict[str, Any]], spec: MergeSpec
) -> dict[str, float]:
    """``nll_before`` and ``nll_after`` (nats a character), as of a lesson, on the pages of the
    voice that has the most weight."""
    datasets = {part.adapter: part.dataset for part in spec.parts}
    for row in kept:
        if datasets[row["adapter"]] == dataset:
            return {"nll_before": row["base"], "nll_after": row["merged"]}
    return {}


def _as_model(
    spec: MergeSpec, base: Path, adapter: Path, figures: dict[str, Any], room: Workroom
) -> dict[str, Any]:
    made = standalone.build(spec.name, base, adapter, room)
    figures |= {"max_abs_logit_diff": made.difference}
    identity = _identity(spec, figures) | {
        "bytes": made.facts.bytes,
        "model_facts": made.facts.model_dump(mode="json"),
    }
    return {"model": room.produce("model", made.folder, spec.name, identity), **figures}
