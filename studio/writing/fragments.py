"""Whether the letters on both sides of a seam are one word that was cut.

No dictionary is asked, only what stands there: pieces that are no words by themselves, and the
words of the story itself.
"""

from __future__ import annotations

import re

_LAST = re.compile(r"(?<![\w.'’])[^\W\d_]+\Z")
_FIRST = re.compile(r"[^\W\d_]+(?![\w'’])")
_PREFIX = re.compile(r"[A-Z]?[a-z]+\Z")
_PREFIXES = frozenset(("un", "dis", "mis", "non", "im", "ir", "pre", "re", "inter"))
_ENDING = re.compile(
    r"(?:ings?|ed|ied|ies|ier|iest|est|ers|ly|nes(?:s|ses)|iness|ments?|(?:a?t|s)ions?|i?ous|fully|"
    r"it(?:y|ies)|ive(?:ly)?|ibl[ey]|ish|is[mt]s?|i[sz](?:ed?|es|ing)|ely|ically|edly|ingly|lessly|"
    r"[ae]nc(?:e|es|y)|[iu]al|[aeo]ry|en(?:ed|ing)|er(?:ed|ing))\Z"
)
_VOICELESS = re.compile(
    r"(?:(\w)\1+|[bgp]?r+|h+m+|m+h+m*|p*s+h*t?|t?s+k|pf+t|nth|mr|mrs|ms|dr|st|jr|sr|vs|tv|phd|"
    r"[ckm]?m|[km]?g|ml|pm|kph|mph|hrs?|lbs?|ft)\Z"
)
"""Words, sounds and units without a vowel."""
_VOWEL = re.compile(r"[aeiouyà-öø-ÿ]")
_ALONE = frozenset("aio")


def one_word(text: str, page: str) -> bool:
    """Whether the text's last letters and the page's first ones are a word that was cut."""
    found, following = _LAST.search(text), _FIRST.match(page)
    if not found or not following or not following[0].islower():
        return False
    head, tail = found[0], following[0]
    if not f"{head}{tail}".isascii() and not _VOWEL.search(head.lower()):
        return False  # another script: nothing is known of its pieces
    if (head.lower() in _PREFIXES and _PREFIX.match(head)) or _ENDING.match(tail):
        return True
    return _piece(head) or _piece(tail) or _known(f"{head}{tail}", head, tail, text, page)


def _piece(letters: str) -> bool:
    """Letters in which there is no vowel, and which are no word, sound or unit for all that."""
    if not letters.islower() or not letters.isascii():
        return False
    if len(letters) == 1:
        return letters not in _ALONE
    return not _VOWEL.search(letters) and not _VOICELESS.match(letters)


def _known(whole: str, head: str, tail: str, text: str, page: str) -> bool:
    """Whether the story has the whole as a word, and a part too long to be a common one never."""
    elsewhere = set(re.findall(r"[^\W\d_]+", f"{text[: -len(head)]} {page[len(tail) :]}".lower()))
    unseen = (len(tail) > 3 and tail not in elsewhere) or (
        len(head) > 5 and head.lower() not in elsewhere
    )
    return unseen and whole.lower() in elsewhere
