"""The job that puts a dataset or a voice on the Hub."""

from __future__ import annotations

from typing import Any

from studio.datasets import publishing
from studio.domain.specs import PublishSpec
from studio.domain.workroom import Workroom
from studio.sharing import portable
from studio.sharing.upload import Kind, upload


def run(spec: PublishSpec, room: Workroom) -> dict[str, Any]:
    """Lay out what others get, and send it; the result has ``address``, ``commit``, ``changed``.

    Raises:
        StudioError: no access key, no connection, not allowed, an example without the wanted
            shape, or a repository that everybody can read where a private one was asked for.
        Stopped: on request.
    """
    folder, kept = room.folder / "repository", room.fetch(spec.artifact)
    kind: Kind = "model"
    if spec.what == "dataset":
        kind = "dataset"
        publishing.lay_out(kept, folder, spec.name, spec.shape)
    else:
        portable.lay_out(kept, folder, spec.name, spec.licence, spec.samples, spec.repository)
    return upload(folder, spec.repository, kind, spec.private, room)
