"""Tables of a dataset on the Hub, read over the line as far as they are wanted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice

from studio.datasets import hub, tables
from studio.datasets.rows import Row, Rows
from studio.domain.recipes import HubRows
from studio.models.source import Fetcher

BUFFER = 1 << 18


class Hub:
    kind = "hub"
    label = "A dataset on the Hub"
    Spec = HubRows

    def check(self, spec: HubRows) -> None:
        """Raises StudioError when the Hub has no such rows, or does not hand them out."""
        with hub.explained(spec.repository, spec.revision):
            hub.find(spec)

    def run(self, spec: HubRows, room: Fetcher) -> Rows:
        """The first ``most_rows`` rows, of one commit.

        Raises:
            StudioError: as ``check``; and while reading, when the line breaks or a file is
                no table.
        """
        with hub.explained(spec.repository, spec.revision):
            found = hub.find(spec)
        origin = {"repository": spec.repository, "revision": found.commit, "files": found.ids}
        return Rows(origin, islice(_rows(spec, found), spec.most_rows))


def _rows(spec: HubRows, found: hub.Found) -> Iterator[Row]:
    with hub.explained(spec.repository, spec.revision):
        for file in found.files:
            with io.BufferedReader(hub.Line(file), BUFFER) as stream:
                yield from tables.read(file.name, stream)


plugin = Hub()
