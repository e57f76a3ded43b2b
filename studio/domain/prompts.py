"""The words that training and the desk put before a passage, so that both build one prompt."""

from __future__ import annotations

from typing import NamedTuple

from studio.domain.base import Language

CONTINUE: dict[Language, str] = {
    "en": "Continue the story in the author's voice.",
    "zh": "请用作者的笔调续写下文。",
}


def standing(text: str) -> str:
    """A text as it is shown before what comes next: without spaces at its ends, and with the end
    of the line or paragraph that it stops at. By this a model knows a new paragraph from the
    same one, or from the middle of a sentence."""
    bare = text.strip()
    breaks = text[len(text.rstrip()) :].count("\n")
    return bare + "\n" * min(breaks, 2) if bare else ""


def continuation(language: Language, before: str, about: str = "") -> list[dict[str, str]]:
    """The user's turn that asks for what comes after ``before``; lines ``about`` the story, such
    as a summary or its people, stand in front of it."""
    shown = f"{about.strip()}\n\n{before}" if about.strip() else before
    return [{"role": "user", "content": f"{CONTINUE[language]}\n\n{shown}"}]


class Shown(NamedTuple):
    """What a user's turn consists of; together they are its content."""

    asked: str
    about: str
    before: str
    """The story, which is the first to be shortened."""


def parts(content: str, about: str = "") -> Shown:
    """What is asked, the lines about the story, and what came before."""
    asked, gap, rest = content.partition("\n\n")
    if not gap:
        return Shown("", "", content)
    told = f"{about.strip()}\n\n" if about.strip() else ""
    if told and rest.startswith(told):
        return Shown(asked + gap, told, rest[len(told) :])
    return Shown(asked + gap, "", rest)


BEGIN: dict[Language, str] = {
    "en": "Begin the story in the author's voice.",
    "zh": "请用作者的笔调写出开头。",
}
GO_ON: dict[Language, tuple[str, ...]] = {
    "en": ("Go on.", "What happens next?", "Continue.", "And then?"),
    "zh": ("接着写。", "后来呢？", "继续。", "请写下去。"),
}


def opening(language: Language, title: str) -> dict[str, str]:
    """The user's turn that asks for the first passage of a chapter."""
    return {"role": "user", "content": f"{BEGIN[language]}\n\n{title}"}


def going_on(language: Language, which: int) -> dict[str, str]:
    """The user's turn that asks for more of what was just written."""
    wordings = GO_ON[language]
    return {"role": "user", "content": wordings[which % len(wordings)]}
