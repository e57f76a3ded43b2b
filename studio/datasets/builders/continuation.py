"""What came before, and the author's next passage."""

from __future__ import annotations

from collections.abc import Iterator

from studio.datasets import cuts
from studio.datasets.example import Draft
from studio.datasets.splits import Section
from studio.datasets.tools import Tools
from studio.domain.prompts import continuation
from studio.domain.recipes import ContinuationSpec


class Continuation:
    kind = "continuation"
    label = "Continue the story"
    Spec = ContinuationSpec

    def check(self, spec: ContinuationSpec) -> None:
        """Raises StudioError when less is shown than a tenth of what is to be written."""
        cuts.check_room(spec.passage_tokens, spec.context_tokens)

    def run(self, section: Section, tools: Tools, spec: ContinuationSpec) -> Iterator[Draft]:
        """A draft for each passage of a section, in the order of the text."""
        found = cuts.following(section, tools, spec.passage_tokens, spec.context_tokens)
        for cut in found:
            prompt = continuation(section.language, cut.before, spec.about)
            yield Draft([*prompt, {"role": "assistant", "content": cut.text}], flags=cut.flags)


plugin = Continuation()
