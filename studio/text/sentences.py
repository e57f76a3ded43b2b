"""Where sentences end, in English, Chinese and mixtures of both."""

from __future__ import annotations

import re
from collections.abc import Iterator

# One expression for both languages. It begins with a set of characters, which the regex engine
# looks for fast; each run is only tried from its first character, so that time is linear.
_END = re.compile(
    r"[\n.!?…。！？｡—–-](?:"
    r"(?<=\n)\n\s*"
    r"|(?<=[。！？｡])[。！？!?…⋯—]*(?P<closers>[」』”’）》〉】\"'_*]*)\s*"
    r"|(?<=…)…{0,5}(?P<trailing>[」』”’）》〉】]+|(?=\n))[_*]*\s*"
    r"|(?<=[.!?…])(?<![.!?…][.!?…])(?P<more>[.!?…]*+)[\"'”’)\]»_*]*+(?P<gap>\s+|—|--|$)"
    r"|(?<=[—–-])[”\"]\s+(?=[“\"])"
    r")"
)
_TITLES = (
    "mr mrs ms dr st ste messrs mme mlle prof rev fr hon capt col gen lt sgt maj cpl pvt adm brig "
    "cmdr supt insp det gov sen rep pres mt ave blvd vs viz cf al ed eds"
)
_ABBREVIATED = frozenset(_TITLES.split())
"""Something always follows these."""
_ENDING_WORDS = (
    "co corp inc ltd bros univ inst dept esq jr sr jan feb mar apr jun jul aug sept "
    "sep oct nov dec mon tue tues wed thu thur thurs fri sat sun ft lb oz in approx"
)
_ENDING = frozenset(_ENDING_WORDS.split())
"""A sentence may end with these."""
_NUMBERED_WORDS = "no nos v p pp vol vols fig figs ch sec art bk b d c ca fl eq"
_NUMBERED = frozenset(_NUMBERED_WORDS.split())
"""Abbreviations where a number follows, words where none does."""
_OPENERS_WORDS = (
    "a after all an and any as at before both but by did do does each every few for "
    "from had has have he her here his how however i if in is it its many most my "
    "nearly never no nobody none not nothing now of on once one or our perhaps she "
    "since so some still that the their then there these they this those though thus "
    "to two was we were what when where which while who whose why with yes yet you "
    "your"
)
_OPENERS = frozenset(_OPENERS_WORDS.split())
"""Words that begin sentences and are seldom names."""
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]$|^[A-HJ-Z]$")
_WORD = re.compile(r"[^\W\d_]+")
_SPEECH_GOES_ON = re.compile(
    r"[^。！？!?\n“「『，；：没沒不]{0,16}?(?<!知)[说說道问問答喊叫嚷骂叹嘆]"
    r"(?:完|罢|過|过|了|着|著|道|起来|下去|一句|一声)?[他她它我你们們]{0,2}[，。、！；]"
    r"|[^。！？!?\n“「『：:]{1,24}，[“「『]"
)
_ATTACHED = re.compile("的(?![确確士])")
"""After a quotation, what no sentence begins with."""
_CLOSED_SPEECH = ("”", "」", "』", "’", '"')
_GOES_ON = frozenset("，、；：。！？…—,;:.!?）》〉】")
"""What stands after a stop and its closing marks where the sentence is not over."""
_IN_BRACKETS = re.compile(
    r"《[^《》\n]{1,80}》|〈[^〈〉\n]{1,80}〉|（[^（）《〈\n]{1,60}）|【[^【】《〈\n]{1,60}】"
)
"""Titles and asides. What is open for longer was never closed."""
_STOP = re.compile("[.!?…。！？｡]")
_TITLE_MARKS = "《〈"
_OPENING = "“‘\"'(_*—["
_LOOK_BACK = 24


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence with the white space after it; together they are the text.

    A quotation that closes after the stop belongs to its sentence, and so does the “said he”
    after it. A blank line ends a sentence in any case.
    """
    return list(sentences_of(text, 0, len(text)))


def sentences_of(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The same of ``text[start:stop]``, one after the other."""
    bracketed = _bracketed(text, start, stop)
    inside = next(bracketed, None)
    for match in _END.finditer(text, start, stop):
        end = match.end()
        if match.lastgroup:
            spoken = match["closers"] != "" or text[end : end + 1] in _GOES_ON
            if spoken and _goes_on(text, match):
                continue
            while inside and inside.end() <= match.start():
                inside = next(bracketed, None)
            if inside and _is_inside(match, inside, start):
                continue
        yield start, end
        start = end
    if start < stop:
        yield start, stop


def _bracketed(text: str, start: int, stop: int) -> Iterator[re.Match[str]]:
    """Titles and asides that have a stop in them, in order."""
    found = _IN_BRACKETS.finditer(text, start, stop)
    return (match for match in found if _STOP.search(match[0]))


def _is_inside(match: re.Match[str], brackets: re.Match[str], start: int) -> bool:
    """The stop belongs to a title, or to an aside in the midst of the sentence from ``start``."""
    opening = brackets.start()
    if opening > match.start() or (opening == start and brackets[0][0] not in _TITLE_MARKS):
        return False
    after = match[0][max(0, brackets.end() - match.start()) :]
    return "\n" not in after and not after.rstrip().endswith(_CLOSED_SPEECH)


def _goes_on(text: str, match: re.Match[str]) -> bool:
    end, gap = match.end(), match["gap"]
    if gap is None:
        closers = match["trailing"] if match["closers"] is None else match["closers"]
        if closers is None or "\n" in match[0]:
            return False
        if text[end : end + 1] in _GOES_ON:
            return True
        speech = closers.endswith(_CLOSED_SPEECH)
        return speech and bool(_SPEECH_GOES_ON.match(text, end) or _ATTACHED.match(text, end))
    if gap == "—" or gap == "--":
        return True
    following = text[end : end + 1]
    if following in _OPENING:
        following = text[end : end + 4].lstrip(_OPENING)[:1]
    if "\n\n" in gap or not following:
        return False
    if following.islower() or following in ".,;":
        return True
    start = match.start()
    return text[start] == "." and not match["more"] and _is_abbreviation(text, start, end)


def _is_abbreviation(text: str, stop: int, end: int) -> bool:
    """The stop marks a shortened word, and what follows does not begin a sentence."""
    words = text[max(0, stop - _LOOK_BACK) : stop].split()
    word = words[-1].lstrip(_OPENING) if words else ""
    short = word.lower()
    if short in _ABBREVIATED:
        return True
    if short in _NUMBERED and (len(word) > 1 or word == short):
        return text[end : end + 1].isdigit()
    if short in _ENDING or _DOTTED.search(word):
        return not _begins(text, end)
    return False


def _begins(text: str, end: int) -> bool:
    """What stands here can only begin a sentence: a quotation, or a word like He or The."""
    if text[end : end + 1] in '“"':
        return True
    word = _WORD.match(text, end, end + _LOOK_BACK)
    return word is not None and word[0].lower() in _OPENERS and len(word[0]) > 1
