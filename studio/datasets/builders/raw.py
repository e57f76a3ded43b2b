"""The text as it is, in pieces of whole sentences, without any prompt."""

from __future__ import annotations

from collections.abc import Iterator

from studio.datasets import cuts
from studio.datasets.example import Draft, Skipped
from studio.datasets.splits import Section
from studio.datasets.tools import Tools
from studio.domain.recipes import RawSpec


class Raw:
    kind = "raw"
    label = "Plain text"
    Spec = RawSpec

    def check(self, spec: RawSpec) -> None:
        """Any length will do."""

    def run(self, section: Section, tools: Tools, spec: RawSpec) -> Iterator[Draft | Skipped]:
        """A single turn, the assistant's, for each piece of a section."""
        for cut in cuts.fitting(section, tools, spec.passage_tokens):
            if isinstance(cut, Skipped):
                yield cut
            else:
                yield Draft([{"role": "assistant", "content": cut.text}])


plugin = Raw()
