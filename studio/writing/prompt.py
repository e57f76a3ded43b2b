"""What the model is shown of a story: the passage before the cursor, within a budget."""

from __future__ import annotations

import re

from studio.domain.base import Language
from studio.domain.prompts import continuation

SENTENCE_START = re.compile(r"(?<=[.!?…][\"'”’) ])\s*(?=\S)|(?<=[。！？…”』」])(?=\S)|\n+")

CHARACTERS_PER_TOKEN: dict[Language, float] = {"en": 4.0, "zh": 1.4}
"""About; what matters is that a voice is shown as much as it saw when it was trained."""


def characters(tokens: int, language: Language) -> int:
    return int(tokens * CHARACTERS_PER_TOKEN[language])


def turns(
    text: str, title: str, language: Language, characters: int, about: str = ""
) -> list[dict[str, str]]:
    """The chat turns that ask for what comes next; a new story begins from its title."""
    before = tail(text, characters) or title
    return continuation(language, before, about)


def tail(text: str, characters: int) -> str:
    """The end of the text, at most ``characters`` long, from the start of a sentence on.

    A single sentence longer than the budget is cut where the budget ends.
    """
    text = text.rstrip()
    if len(text) <= characters:
        return text
    cut = len(text) - characters
    start = SENTENCE_START.search(text, cut)
    return text[start.end() if start and start.end() < len(text) else cut :]


def joined(text: str, page: str) -> str:
    """The story with a page added: prose that stops mid-sentence goes on in the same line."""
    page = page.strip("\n") if not text or text.endswith("\n") else page.rstrip("\n")
    if not text or text[-1].isspace() or page[:1].isspace() or _is_han(text[-1]):
        return text + page
    return f"{text} {page}"


def _is_han(character: str) -> bool:
    """Chinese letters and punctuation, after which no space is put."""
    return (
        "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef" or character in "…”’"
    )
