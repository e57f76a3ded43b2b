"""The job that takes in a voice from elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from studio.conversion.folding import CONFIG, WEIGHTS, read_config
from studio.domain.base import Model
from studio.domain.events import LogLine
from studio.domain.models import ModelFacts
from studio.domain.provenance import LINEAGE, Provenance, Source
from studio.domain.specs import AdoptSpec
from studio.domain.workroom import Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.download import gathered
from studio.models.fingerprints import fingerprint
from studio.models.source import folder_of, validate
from studio.sharing import checking, opening, portable
from studio.training.lineage import code, write


class Base(NamedTuple):
    model: Model
    folder: Path
    facts: ModelFacts


def run(spec: AdoptSpec, room: Workroom) -> dict[str, Any]:
    """Check the adapter, find its base model, and put it on the shelf; ``adapter`` is its id.

    Raises:
        StudioError: it is not safe, not whole, of a kind that is not known, or fits no base
            model that it may belong to.
        Stopped: on request, while it is downloaded.
    """
    folder = room.folder / "adapter"
    with _opened(spec, room, folder) as source:
        config = checking.checked(folder)
        known = opening.provenance(folder)
        base = _base(spec, room, read_config(folder).get("base_model_name_or_path"))
        config, notes = checking.mended(folder, config, base.folder, base.facts)
        checking.described(folder, config, base.folder, base.facts)
        for note in notes:
            room.emit(LogLine(level="warning", text=_("Mended: {note}").format(note=note)))
        same = _same_base(known, base)
        if same is False:
            room.emit(LogLine(level="warning", text=_other_base(base)))
        return _deliver(spec, room, folder, _lineage(known, base, source), base, same)


@contextmanager
def _opened(spec: AdoptSpec, room: Workroom, folder: Path) -> Iterator[Source | None]:
    """Puts the adapter's files into ``folder``; where on the Hub they were."""
    if spec.source is None:
        assert spec.files is not None
        opening.take(room.fetch(spec.files), folder)
        yield None
        return
    with gathered(spec.source, room, opening.wanted) as (arrived, found):
        opening.take(arrived, folder)
        yield Source(repository=spec.source.repository, revision=found.commit)
        shutil.rmtree(arrived, ignore_errors=True)


def _base(spec: AdoptSpec, room: Workroom, named: Any) -> Base:
    """The single base model that may be meant, or the one of that name."""
    known = [Base(m, folder, validate(folder)) for m, folder in _there(spec.bases, room)]
    if len(spec.bases) == 1 and known:
        return known[0]
    name = str(named or "").strip().rstrip("/\\")
    told, shorter = name.casefold(), portable.last_word(name).casefold()
    for meant in (
        [base for base in known if name and base.facts.name.casefold() == told],
        [base for base in known if name and base.facts.name.casefold() == shorter],
    ):
        if meant:
            return meant[0]
    raise unknown_base(name)


def _there(bases: tuple[Model, ...], room: Workroom) -> Iterator[tuple[Model, Path]]:
    for model in bases:
        try:
            yield model, folder_of(model, room.fetch)
        except StudioError:
            # Of several, one may have been moved away; a single one must be there.
            if len(bases) == 1:
                raise


def unknown_base(name: str) -> StudioError:
    """What is said where the base model must be chosen by a person."""
    name = portable.without_paths(name)
    return StudioError(
        _("Which base model does this voice belong to?"),
        _("It names {name}, and no base model here is called that.").format(name=name[:100])
        if name
        else _("It does not say on which model it was taught."),
        _("Choose the base model, or download it on the Settings page first; then try again."),
    )


def _same_base(known: Provenance | None, base: Base) -> bool | None:
    """Whether the base model is byte for byte the one of the lineage; None: nobody knows."""
    if known is None or not known.base.sha256:
        return None
    return known.base.sha256 == fingerprint(base.folder, base.facts)


def _other_base(base: Base) -> str:
    return _(
        "The voice was taught to another edition of {model}: the files differ. It fits, and may "
        "write a little differently here."
    ).format(model=base.facts.name)


def _lineage(known: Provenance | None, base: Base, source: Source | None) -> Provenance:
    """What it says of itself, without where on which disk it was said. The id of a dataset in
    another studio means nothing here, and of its parents neither."""
    told = known or Provenance()
    name = portable.public_name(told, "") or base.facts.name
    return portable.public(told, name).model_copy(update={"source": source})


def _deliver(
    spec: AdoptSpec,
    room: Workroom,
    folder: Path,
    lineage: Provenance,
    base: Base,
    same_base: bool | None,
) -> dict[str, Any]:
    told = (folder / LINEAGE).is_file()
    write(folder, lineage.model_dump(mode="json") | {"adopted_by": code()})
    config = read_config(folder)
    facts = {
        "model": base.model.model_dump(),
        "base": base.facts.name,
        "language": spec.language or lineage.language or "en",
        "adopted": True,
        "told": told,
        "same_base": same_base,
        "source": lineage.source.model_dump() if lineage.source else None,
        "manner": lineage.manner.model_dump() if lineage.manner else None,
        "rank": config["r"],
        "objective": lineage.objective,
        "steps": lineage.figure("steps"),
        "bytes": (folder / WEIGHTS).stat().st_size,
        "nll_before": lineage.figure("nll_before"),
        "nll_after": lineage.figure("nll_after"),
    }
    assert (folder / CONFIG).is_file()
    name = (spec.as_told and lineage.name) or spec.name
    return {"adapter": room.produce("adapter", folder, name, facts)}
