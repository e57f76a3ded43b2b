"""Passages of the sample stories, to compare two forms of a voice on where no dataset is known."""

from __future__ import annotations

from studio.datasets.example import Messages
from studio.domain.base import Language
from studio.settings import settings
from studio.text.importing import read_manuscript
from studio.text.passages import cut

LENGTH = {"en": 600, "zh": 250}
"""Characters of a passage: about a page's third."""


def passages(language: Language) -> list[Messages]:
    """Each passage as plain text, which no format changes and every model reads."""
    found: list[Messages] = []
    for path in sorted(settings().samples.glob("*.txt")):
        story = read_manuscript(path.name, path.read_bytes())
        if story.language == language:
            spans = cut(story.text, LENGTH[language], lambda _text, each: [e - b for b, e in each])
            texts = (story.text[span.start : span.end].strip() for span in spans)
            found += [[{"role": "assistant", "content": text}] for text in texts if text]
    return found
