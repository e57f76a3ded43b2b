"""The models that write for builders: on this machine, or behind an address."""

from __future__ import annotations

from typing import Any

from studio.datasets.tools import Writer
from studio.datasets.writers import endpoint, local
from studio.domain.workroom import Workroom
from studio.domain.writers import EndpointWriter, LocalWriter


def check(spec: LocalWriter | EndpointWriter | None) -> None:
    """Raises StudioError where the text of a manuscript may not go to the writer's address."""
    if isinstance(spec, EndpointWriter):
        endpoint.check(spec)


def opened(spec: LocalWriter | EndpointWriter, room: Workroom, formatter: Any) -> Writer:
    """The writer that a spec names. A model is loaded, an address reached with the first
    question only; ``formatter`` (of studio.datasets.formatters) words it for a local model."""
    if isinstance(spec, EndpointWriter):
        return endpoint.Endpoint(spec, room.stopped)
    return local.Local(spec, room, formatter)
