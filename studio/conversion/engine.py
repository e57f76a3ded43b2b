"""The job that converts a base model or an adapter to GGUF."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from studio.conversion.process import LaunchError
from studio.domain.findings import Finding
from studio.domain.specs import ConvertSpec
from studio.domain.workroom import Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.source import folder_of, validate
from studio.plugins import discover

CONVERTERS = "studio.conversion.converters"


def run(spec: ConvertSpec, room: Workroom) -> dict[str, Any]:
    """Convert, prove and store. Result: ``gguf``, the artifact's id.

    Raises:
        StudioError: the model or the adapter cannot be converted as asked.
        Stopped: the writer asked to stop.
    """
    model = folder_of(spec.model, room.fetch)
    validate(model)
    adapter = room.fetch(spec.adapter) if spec.adapter else None
    converter = discover(CONVERTERS)[spec.converter]
    if finding := converter.check(spec, model, adapter):
        raise _as_error(finding)
    try:
        made = converter.run(spec, model, adapter, room)
    except LaunchError as failure:
        raise _refused(model, failure) from failure
    return {"gguf": _store(spec, room, made, converter.kept_as(spec))}


def _store(spec: ConvertSpec, room: Workroom, made: Path, kept_as: str) -> str:
    facts = {
        "what": "adapter" if spec.adapter else "base",
        "quantisation": kept_as,
        "model": spec.model.model_dump(),
        "adapter": spec.adapter,
        "bytes": made.stat().st_size,
    }
    folder = room.folder / "gguf"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    made.rename(folder / ("adapter.gguf" if spec.adapter else "model.gguf"))
    (folder / "facts.json").write_text(json.dumps(facts, sort_keys=True, indent=1), "utf-8")
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
