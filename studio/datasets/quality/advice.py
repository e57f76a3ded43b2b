"""What the figures of a dataset mean, in sentences."""

from __future__ import annotations

from typing import Any

from studio.datasets.example import CUT_SENTENCE
from studio.language import _

FEW, GOOD = 20, 300
"""Passages that give a hint of a voice, and those from which it is heard."""
PHRASE, PAGE = 30, 200
"""Characters of English up to which a shared span is a common phrase, and from which it is a
page; Chinese says the same in a third of them."""


def sentences(figures: dict[str, Any]) -> list[str]:
    """How much there is and what to expect of it, and how far the held-out figure can be
    trusted. ``figures`` are those of ``statistics.describe``; of a dataset that was made before
    the studio knew them, nothing is said."""
    if "leakage" not in figures:
        return []
    return [amount(figures), leaked(figures), *_flagged(figures)]


def amount(figures: dict[str, Any]) -> str:
    """How long the text is to read, how many passages that makes, and what may come of them."""
    passages = figures["train"]["examples"]
    every = passages + figures["validation"]["examples"]
    minutes = figures["reading"]["minutes"]
    said = _("About {minutes} minutes of reading aloud make {passages} passages to learn from.")
    parts = [said.format(minutes=max(1, round(minutes)), passages=passages)]
    if passages >= GOOD:
        parts.append(_("That is enough for a voice to be heard."))
    else:
        needed = round(GOOD * minutes / every) if every else 0
        parts.append(
            _("That is too little: expect the studio to learn its commonest turns by heart.")
            if passages < FEW
            else _("That gives a hint of the voice, not its range.")
        )
        parts.append(
            _("{good} passages, about {needed} minutes of reading, make it yours.").format(
                good=GOOD, needed=needed
            )
        )
    return " ".join(parts)


def leaked(figures: dict[str, Any]) -> str:
    """What the longest span that both splits share says about the held-out figure."""
    characters, text = figures["leakage"]["characters"], figures["leakage"]["text"]
    weight = characters * (3 if figures["scripts"]["zh"] > 0.5 else 1)
    said = _(
        "The longest run of text that stands both in what is learned and in what is held back has"
        " {characters} characters: “{text}”."
    ).format(characters=characters, text=text.strip())
    if weight <= PHRASE:
        return said + " " + _("That is a common phrase; the held-out figure can be trusted.")
    if weight <= PAGE:
        return said + " " + _("That is a quotation or a refrain; the held-out figure holds.")
    return (
        said
        + " "
        + _(
            "That is much: the held-out figure will look better than it is. See whether a chapter"
            " or a poem is there twice."
        )
    )


def flag_names() -> dict[str, str]:
    """What each flag of an example says."""
    return {
        "email": _("an e-mail address"),
        "phone": _("a telephone number"),
        "address": _("a street address"),
        "id-number": _("an identity number"),
        "card-number": _("a payment card's number"),
        "link": _("a web address"),
        "contents": _("a table of contents"),
        "copyright": _("a copyright page"),
        "index": _("an index"),
        "list": _("a list"),
        CUT_SENTENCE: _("part of a sentence that is longer than two passages"),
    }


def _flagged(figures: dict[str, Any]) -> list[str]:
    names = flag_names()
    found = ", ".join(
        f"{names.get(flag, flag)} ({count})" for flag, count in figures["flags"].items()
    )
    if not found:
        return []
    return [
        _(
            "Worth a look, since it may be personal, no prose, or cut: {found}. All of it is still"
            " there."
        ).format(found=found)
    ]
