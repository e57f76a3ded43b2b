"""What stands between a story and the page that follows it: nothing, a space, or a break.

The story is what a writer typed and is never changed. A page that begins with a space or a break
says itself what it wants, and so does one that was asked for by the text alone (``goes_on``).
All others answer a request, and begin with their first letter whatever came before them: there
the characters on both sides of the seam decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import category

from studio.domain.base import Language
from studio.writing import fragments, quotes

_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff"
    "\ufe30-\ufe4f\uff00-\uff9f\U00020000-\U0003ffff]"
)
"""Of scripts that put no space between words, with the punctuation that is theirs alone."""
_SCENE = re.compile(r"(?:\A|\n)[ \t]*[*#~_=·•–—-](?:[ \t]*[*#~_=·•–—-]){2,}[ \t]*\Z")
_ENDS = ".!?…。！？"
_FOLLOWING = ",.;:!?%‰°′″/،؛؟"
_LEADING = "/@#¿¡"
_MONEY = "$£€¥"
_DASHES = "-‐‑‒–—―−"
_LONG_DASHES = "—―"
_DASHES_LAST = re.compile(f"[{_DASHES}]+\\Z")
_DASHES_FIRST = re.compile(f"[{_DASHES}]+")
_DOTS_LAST = re.compile(r"(?:…|\.\.)[.…]*\Z")
_DOTS_FIRST = re.compile(r"(?:…|\.\.)[.…]*")
_NUMBER = re.compile(r"(\d+)([.,:]?)\Z")
_DIGITS = re.compile(r"\d+")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|s)\b(?!['’])")
LOOK = 2000
"""How many characters around the seam are looked at."""


def joined(
    text: str, page: str, language: Language | None = None, *, goes_on: bool | None = None
) -> str:
    """The story with a page added; it begins with ``text`` as it is.

    ``goes_on`` says whether the page's first letters belong to the text's last word; None where
    nobody knows.
    """
    page = page.rstrip()
    bare = page.lstrip()
    lead = page[: len(page) - len(bare)]
    breaks = lead.count("\n")
    indent = lead[len(lead.rstrip("\u3000")) :]
    if not bare:
        return text
    if not text.strip():
        return f"{text}{indent}{bare}"
    there = text[len(text.rstrip()) :].count("\n")
    if breaks or _SCENE.search(text[-LOOK:]):
        return text + "\n" * max(0, (breaks or 2) - there) + indent + bare
    if text[-1].isspace():
        return f"{text}{indent if there else ''}{bare}"
    gap = "" if _touch(text[-LOOK:], bare[:LOOK], language, False if lead else goes_on) else " "
    return f"{text}{gap}{bare}"


def _touch(text: str, page: str, language: Language | None, goes_on: bool | None) -> bool:
    """Whether nothing stands between them. Neither is empty or has a space at the seam."""
    if goes_on and not (_closed(text) and page[0].isupper()):
        return True
    before, after = _spaceless(reversed(text)), _spaceless(page)
    if before and after:
        return True
    if (before or after) and (language != "en" or _own_mark(text[-1]) or _own_mark(page[0])):
        return True
    if quotes.opens(text) or quotes.closes(text, page) or quotes.contracted(text, page):
        return True
    if any(rule(text, page) for rule in (_led, _followed, _dashed, _numbered)):
        return True
    return goes_on is None and fragments.one_word(text, page)


def _spaceless(characters: Iterable[str]) -> bool:
    """Whether the first of these that belongs to a script is of one without spaces."""
    for character in characters:
        if _SPACELESS.match(character):
            return True
        if character.isalpha() or character == "\n":
            return False
    return False


def _own_mark(character: str) -> bool:
    """Punctuation of a script without spaces, which brings its own room."""
    return bool(_SPACELESS.match(character)) and not character.isalnum()


def _closed(text: str) -> bool:
    """Whether a sentence has come to its end."""
    return text.rstrip("\"'”’»)]")[-1:] in tuple(_ENDS)


def _led(text: str, page: str) -> bool:
    """The text ends in what stands right before a word: a bracket, a sign of money."""
    last, before = text[-1], text[:-1].rstrip()[-1:]
    if last in _MONEY:
        return not before.isdigit()
    if dots := _DOTS_LAST.search(text):
        start = text[: dots.start()]
        return not start or start[-1] == "\n" or quotes.opens(start) or _led(start, page)
    return last in _LEADING or category(last) == "Ps"


def _followed(text: str, page: str) -> bool:
    """The page begins with what stands right after a word: a comma, a closing bracket."""
    first, then = page[0], page[1:2]
    if dots := _DOTS_FIRST.match(page):
        return not (_closed(text) and page[dots.end() : dots.end() + 1].isalnum())
    if first == "." and then.isdigit():
        return text[-1].isdigit()
    return first in _FOLLOWING or category(first) == "Pe"


def _dashed(text: str, page: str) -> bool:
    """A dash or hyphen at the seam keeps to the word beside it, unless it has a space there."""
    if run := _DASHES_LAST.search(text):
        before = text[: run.start()][-1:]
        if before in ("", "\n"):
            return run[0][0] in _LONG_DASHES
        return not before.isspace() or (run[0] in ("-", "−") and page[0].isdigit())
    if run := _DASHES_FIRST.match(page):
        after = page[run.end() : run.end() + 1]
        if run[0] in ("-", "−") and after.isdigit():
            return text[-1].isdigit()
        return not after.isspace() and not (_closed(text) and after.isupper())
    return False


def _numbered(text: str, page: str) -> bool:
    """A number that goes on: ``3.`` and ``14``, ``10:`` and ``30``, ``1,`` and ``000``."""
    number = _NUMBER.search(text)
    if number is None:
        return False
    digits = _DIGITS.match(page)
    if digits is None:
        return not number[2] and bool(_ORDINAL.match(page))
    most = {"": True, ".": len(number[1]) < 4, ":": len(digits[0]) == 2, ",": len(digits[0]) == 3}
    return most[number[2]]
