"""Whether a machine has the memory and the disk for a mix: asked before it is queued, and again
before anything is computed."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from studio.domain.facts import DeviceFacts
from studio.domain.merges import MergeSpec
from studio.domain.models import ModelFacts
from studio.errors import Cause, StudioError
from studio.language import _
from studio.models.loading import best_device

WHOLE, HALF = 4, 2
"""Bytes of a weight on a processor, and on a graphics card."""
SPARE = 500_000_000
"""Bytes of disk and of memory that are left to others."""


def here(folder: Path) -> DeviceFacts:
    """What this machine has free now, its disk where ``folder`` is."""
    free, device = psutil.virtual_memory().available, best_device()
    return DeviceFacts(
        kind="cpu" if device == "cpu" else "cuda",
        memory=free if device == "cpu" else _card(),
        host_memory=free,
        disk=shutil.disk_usage(folder).free,
    )


def _card() -> int:
    import torch

    return int(torch.cuda.mem_get_info()[0])


def check(spec: MergeSpec, facts: ModelFacts, place: DeviceFacts) -> None:
    """Hold a mix of voices of a base model against the machine that would make it.

    Raises:
        StudioError: the disk, the memory or the graphics card cannot hold the model.
    """
    where = _(" of {host}").format(host=place.host) if place.host else ""
    whole = facts.parameters * WHOLE
    if spec.into == "model":
        # The store takes a copy before the scratch folder lets go of its own.
        what = _("The disk{where} has no room for the new model.").format(where=where)
        _fits(spec, what, 2 * facts.bytes, place.disk, "disk")
    if spec.into == "model" or (spec.measures and place.kind == "cpu"):
        what = _("The memory{where} has no room for the model.").format(where=where)
        # A machine that does not say what it has finds out by itself.
        _fits(spec, what, whole, place.host_memory or whole + SPARE, "memory")
    if spec.measures and place.kind == "cuda":
        what = _("The graphics card{where} has no room for the model.").format(where=where)
        _fits(spec, what, facts.parameters * HALF, place.memory, "memory")


def _fits(spec: MergeSpec, what: str, taken: int, free: int, cause: Cause) -> None:
    if free >= (needed := taken + SPARE):
        return
    raise StudioError(
        what,
        _("It needs {needed:.1f} GB, and {free:.1f} GB are free.").format(
            needed=needed / 1e9, free=free / 1e9
        ),
        _remedy(spec, cause),
        cause,
    )


def _remedy(spec: MergeSpec, cause: Cause) -> str:
    if cause == "disk":
        return _("Free some space, or make a new voice instead, which takes little.")
    if spec.into == "model":
        return _(
            "Close other programs there, or make a new voice without measuring how much of each is "
            "left, which takes little."
        )
    return _(
        "Mix without measuring how much of each voice is left, which takes little; or close other "
        "programs there."
    )
