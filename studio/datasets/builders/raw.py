"""The text as it is, in pieces of whole sentences, without any prompt."""

from __future__ import annotations

from collections.abc import Iterator

from studio.datasets import cuts
from studio.datasets.example import Draft
from studio.datasets.splits import Section
from studio.datasets.tools import Tools
from studio.domain.recipes import RawSpec


class Raw:
    kind = "raw"
    label = "Plain text"
    Spec = RawSpec

    def check(self, spec: RawSpec) -> None:
        """Any length will do."""

    def run(self, section: Section, tools: Tools, spec: RawSpec) -> Iterator[Draft]:
        """A single turn, the assistant's, for each piece of a section."""
        for cut in cuts.passages(section, tools, spec.passage_tokens, spec.overlap_tokens):
            yield Draft([{"role": "assistant", "content": cut.text}], flags=cut.flags)


plugin = Raw()
