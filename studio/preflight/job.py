"""The job that trains: what only a rehearsal of the conversion can tell is asked once more.

When the training was asked for, llama.cpp may not have been ready, or the base model another one.
"""

from __future__ import annotations

from typing import Any

from studio.conversion import rehearsal
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Workroom
from studio.preflight.check import error
from studio.preflight.checks.conversion import never
from studio.training import engine


def run(spec: TrainSpec, room: Workroom) -> dict[str, Any]:
    """``studio.training.engine.run``, where an adapter could be taken along afterwards.

    Raises:
        StudioError: none on this base model could, or the training went wrong.
        Stopped: on request, after a checkpoint was stored.
    """
    found = rehearsal.obstacle_of(spec.model, room.fetch)
    if found and found.kind != "untried":
        raise error(never(found))
    return engine.run(spec, room)
