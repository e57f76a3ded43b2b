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
    r"(?:ings?|ed|ied|ies|ier|iest|est|ers|ly|nes(?:s|ses)|iness|ments?|(?:a?t|s)ions?|i?ous|"
    r"ful(?:ly)?|it(?:y|ies)|ive(?:ly)?|ibl[ey]|ish|is[mt]s?|i[sz](?:ed?|es|ing)|ely|ically|edly|"
    r"ingly|lessly|[ae]nc(?:e|es|y)|[iu]al|[aeo]ry|en(?:ed|ing)|er(?:ed|ing))\Z"
)
_WORDLIKE = frozenset(("est", "ish", "ism", "isms", "ist", "ists"))
"""Endings that are words as well, of this language or of another."""
_ENDLESS = re.compile(
    r"(?:a|an|the|and|or|but|nor|so|if|as|than|that|this|these|those|then|there|here|where|when|"
    r"which|who|whom|whose|what|why|how|i|you|he|she|it|we|they|me|him|her|us|them|my|your|"
    r"his|its|our|their|am|is|are|was|were|be|been|do|does|did|has|have|had|will|would|shall|"
    r"should|can|could|may|might|must|not|no|all|any|some|in|on|at|to|of|off|by|for|from|with|"
    r"into|out|up|down|over|about|after|before|very|too|just)\Z"
)
"""Words that no ending is put to, but for these:"""
_ENDED = re.compile(
    r"(?:being|beings|doing|doings|willing|willed|outing|outings|outed|downed|overly|used|using|"
    r"users|noted|noting|notion|notions|only|weary|theory|theism|theist|justly|allied|forest)\Z"
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
    if head.lower() in _PREFIXES and _PREFIX.match(head):
        return True
    others = set(re.findall(r"[^\W\d_]+", f"{text[: -len(head)]} {page[len(tail) :]}".lower()))
    if _ENDING.match(tail) and _takes(head.lower(), tail, others):
        return True
    return _piece(head) or _piece(tail) or _known(head.lower(), tail, others)


def _takes(head: str, ending: str, others: set[str]) -> bool:
    """Whether an ending belongs to these letters: not to a word that never has one, and what is
    a word as well not to one that the story has without it."""
    whole = f"{head}{ending}"
    if whole in others or _ENDED.match(whole):
        return True
    return not _ENDLESS.match(head) and not (ending in _WORDLIKE and head in others)


def _piece(letters: str) -> bool:
    """Letters in which there is no vowel, and which are no word, sound or unit for all that."""
    if not letters.islower() or not letters.isascii():
        return False
    if len(letters) == 1:
        return letters not in _ALONE
    return not _VOWEL.search(letters) and not _VOICELESS.match(letters)


def _known(head: str, tail: str, others: set[str]) -> bool:
    """Whether the story has the whole as a word, and a part too long to be a common one never."""
    unseen = (len(tail) > 3 and tail not in others) or (len(head) > 5 and head not in others)
    return unseen and f"{head}{tail}" in others
