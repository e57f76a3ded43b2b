"""Pairs: the author's passage, and what a model wrote in its place."""

from __future__ import annotations

from collections.abc import Iterator

from studio.datasets import cuts
from studio.datasets.cuts import Cut
from studio.datasets.example import Draft, Skipped
from studio.datasets.likeness import NEARLY, likeness
from studio.datasets.splits import Section
from studio.datasets.tools import Question, Tools
from studio.datasets.writers import check
from studio.domain.prompts import continuation
from studio.domain.recipes import PreferenceSpec
from studio.text.sentences import sentences

AGAIN = 1
"""The seed of the second and last try."""
LONGER = 1.25
"""How much longer than the author's passage a model may write, to be cut at a sentence's end."""
SHORTEST = 0.4
"""Share of the author's length under which an answer is no counterpart."""
_ENDS = tuple("。！？…”’」』》）.!?\"')*_")


class Preference:
    kind = "preference"
    label = "Prefer the author to the model"
    Spec = PreferenceSpec

    def check(self, spec: PreferenceSpec) -> None:
        """Raises StudioError where too little is shown, or text may not leave the machine."""
        cuts.check_room(spec.passage_tokens, spec.context_tokens)
        check(spec.writer)

    def questions(self, section: Section, tools: Tools, spec: PreferenceSpec) -> list[Question]:
        """One for each passage."""
        found = cuts.following(section, tools, spec.passage_tokens, spec.context_tokens)
        return [_question(section, cut) for cut in found]

    def run(
        self, section: Section, tools: Tools, spec: PreferenceSpec
    ) -> Iterator[Draft | Skipped]:
        """A pair for each passage of a section. Where the model wrote the author's passage, or
        nothing of use, it is asked once more, and then the passage is left out."""
        found = list(cuts.following(section, tools, spec.passage_tokens, spec.context_tokens))
        for cut, text in zip(found, _rejected(section, found, tools), strict=True):
            if text:
                prompt = continuation(section.language, cut.before)
                author = {"role": "assistant", "content": cut.text}
                yield Draft([*prompt, author], rejected=text, flags=cut.flags)
            else:
                yield Skipped("no_pair")


def _rejected(section: Section, found: list[Cut], tools: Tools) -> list[str | None]:
    first = [_question(section, cut) for cut in found]
    texts = [_counterpart(a, c.text) for a, c in zip(tools.ask(first), found, strict=True)]
    missing = [i for i, text in enumerate(texts) if text is None]
    again = tools.ask([first[i]._replace(seed=AGAIN) for i in missing]) if missing else []
    for i, answer in zip(missing, again, strict=True):
        texts[i] = _counterpart(answer, found[i].text)
    return texts


def _question(section: Section, cut: Cut) -> Question:
    return Question(continuation(section.language, cut.before), round(cut.size * LONGER))


def _counterpart(answer: str | None, chosen: str) -> str | None:
    """The answer up to the sentence's end that is nearest to the author's length."""
    answer = (answer or "").strip()
    ends = [end for _start, end in sentences(answer) if answer[:end].rstrip().endswith(_ENDS)]
    if not ends:
        return None
    text = answer[: min(ends, key=lambda end: abs(end - len(chosen)))].rstrip()
    if len(text) < SHORTEST * len(chosen) or likeness(text, chosen) >= NEARLY:
        return None
    return text


plugin = Preference()
