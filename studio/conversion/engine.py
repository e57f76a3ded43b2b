"""The job that converts a base model or an adapter to GGUF."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

from studio.conversion import shims, toolkit
from studio.conversion.process import LaunchError
from studio.domain.findings import Finding
from studio.domain.specs import ConvertSpec
from studio.domain.workroom import Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.fingerprints import contents
from studio.models.source import folder_of, usable, validate
from studio.plugins import discover

log = logging.getLogger(__name__)

CONVERTERS = "studio.conversion.converters"
FACTS = "facts.json"


def run(spec: ConvertSpec, room: Workroom) -> dict[str, Any]:
    """Convert, prove and store. Result: ``gguf``, the artifact's id.

    Raises:
        StudioError: the model or the adapter cannot be converted as asked.
        Stopped: the writer asked to stop.
    """
    model = folder_of(spec.model, room.fetch)
    sources = {"llama.cpp": toolkit.VERSION, **contents(model, validate(model))}
    if strips := shims.strips(model / "tokenizer.json"):  # an earlier studio did not tell them
        sources |= {"strips": json.dumps(strips)}
    if spec.kept and _sources_of(spec.kept, room) == sources:
        return {"gguf": spec.kept}
    adapter = room.fetch(spec.adapter) if spec.adapter else None
    converter = discover(CONVERTERS)[spec.converter]
    if finding := converter.check(spec, model, adapter):
        raise _as_error(finding)
    try:
        made = converter.run(spec, usable(model, room.folder / "base"), adapter, room)
    except LaunchError as failure:
        raise _refused(model, failure) from failure
    facts = {"quantisation": converter.kept_as(spec), "sources": sources}
    return {"gguf": _store(spec, room, made, facts)}


def _sources_of(gguf: str, room: Workroom) -> dict[str, str] | None:
    """What an earlier conversion was made of; None where it is not whole any more."""
    try:
        facts = json.loads((room.fetch(gguf) / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError, StudioError) as problem:
        log.warning("The earlier conversion %s cannot be used: %s", gguf, problem)
        return None
    return dict(facts["sources"]) if "sources" in facts else None


def _store(spec: ConvertSpec, room: Workroom, made: Path, known: dict[str, Any]) -> str:
    facts = known | {
        "what": "adapter" if spec.adapter else "base",
        "model": spec.model.model_dump(),
        "adapter": spec.adapter,
        "bytes": made.stat().st_size,
    }
    folder = room.folder / "gguf"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    made.rename(folder / ("adapter.gguf" if spec.adapter else "model.gguf"))
    (folder / FACTS).write_text(json.dumps(facts, sort_keys=True, indent=1), "utf-8")
    return room.produce("gguf", folder, spec.name, facts)


def _as_error(finding: Finding) -> StudioError:
    remedy = " ".join(remedy.label for remedy in finding.remedies)
    return StudioError(finding.sentence, finding.reason, remedy)


def _refused(model: Path, failure: LaunchError) -> StudioError:
    said = failure.lines[-1] if failure.lines else str(failure)
    return StudioError(
        _("The model {model} could not be converted.").format(model=model.name),
        _("llama.cpp's converter said: {said}").format(said=said),
        _("Look at the job's log for more, or choose another model."),
    )
