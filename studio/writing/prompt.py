"""What the model is shown of a story: the passage before the cursor, within a budget."""

from __future__ import annotations

import re

from studio.domain.base import Language
from studio.domain.prompts import continuation, standing

SENTENCE_START = re.compile(r"(?<=[.!?…][\"'”’) ])\s*(?=\S)|(?<=[。！？…”』」])(?=\S)|\n+")

CHARACTERS_PER_TOKEN: dict[Language, float] = {"en": 4.0, "zh": 1.4}
"""About; what matters is that a voice is shown as much as it saw when it was trained."""

ENOUGH = 80
"""Characters by which a place in a story is known again."""


def characters(tokens: int, language: Language) -> int:
    return int(tokens * CHARACTERS_PER_TOKEN[language])


def turns(
    text: str, title: str, language: Language, characters: int, about: str = ""
) -> list[dict[str, str]]:
    """The chat turns that ask for what comes next; a new story begins from its title."""
    before = tail(text, characters) or title
    return continuation(language, before, about)


def tail(text: str, characters: int) -> str:
    """The end of the text as it stands, about ``characters`` long, from a sentence's start on.

    A single sentence longer than the budget is cut where the budget ends.
    """
    text = standing(text)
    if len(text) <= characters:
        return text
    cut = len(text) - characters
    start = SENTENCE_START.search(text, cut)
    return text[start.end() if start and start.end() < len(text) else cut :]


def goes_on(text: str, page: str, raw: str | None) -> bool | None:
    """Whether a page goes on within the last word of the text; None where it cannot say so.

    A page that was asked for by the text alone, as it still ends, begins as it wants to be read.
    """
    if not raw or not text.endswith(raw[-ENOUGH:]):
        return None
    return not page[:1].isspace()
