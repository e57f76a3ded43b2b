"""What one line says of itself: is it the heading of a part, a chapter, a section?"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal[
    "part",
    "chapter",
    "titled",
    "bare",
    "section",
    "special",
    "markdown",
    "centred",
    "capitals",
]
LONGEST = 90
LONGEST_CHAPTER = 240
"""Of a line that names itself a chapter; old novels tell what happens in it."""

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_WORDS = (
    {word: i for i, word in enumerate(_ONES.split())}
    | {word: 10 * i for i, word in enumerate(_TENS.split(), 2)}
    | {word: i for i, word in enumerate(_ORDINALS.split(), 1)}
)
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_FORM = re.compile(r"(?=[IVXLCD])C{0,4}(?:XC|XL|L?X{0,4})(?:IX|IV|V?I{0,4})")
_HAN = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_HAN_NUMBER = "[零〇○一二两三四五六七八九十百千廿卅0-9０-９]{1,9}"

_ENGLISH = re.compile(
    r"(?P<word>chapter|chap\.|letter|stave|canto|adventure|episode|book|part|volume)\s+"
    r"(?:the\s+)?(?P<number>[ivxlcd]{1,9}|\d{1,4}|[a-z]{3,9}(?:-[a-z]{3,6})?)"
    r"(?P<rest>$|\s*[.:：—–-].*|\s+.*)",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"第\s?(?P<number>{_HAN_NUMBER})\s?(?P<word>[章回节節卷部篇集幕折话話])(?P<rest>.*)"
)
_CHINESE_VOLUME = re.compile(
    r"(?:卷[一二三四五六七八九十上中下]{1,3}|[上中下][卷部篇册])(?P<rest>.*)"
)
_TITLED = re.compile(
    r"(?:(?P<roman>[IVXLC]{1,9})(?:[.:]\s*|\s{2,}|\s*[—–]\s*)|(?P<digits>\d{1,3})[.:)、]\s*"
    r"|(?P<han>[一二三四五六七八九十百]{1,5})(?:[、.．：]|[ \u3000])\s*)(?P<title>\S.*)"
)
_BARE = re.compile(
    r"[—–\-\[(（\s]{0,3}(?P<number>[IVXLC]{1,9}|\d{1,3}|[一二三四五六七八九十百]{1,5})"
    r"[.、—–\-\])）\s]{0,3}"
)
_MARKDOWN = re.compile(r"(?P<marks>#{1,6})\s+(?P<title>\S.*?)\s*#*")
_SPECIAL = re.compile(
    r"(?:(?:the|author['’]s)\s+)?(?:preface|prologue|introduction|foreword|interlude|epilogue|afterword|"
    r"conclusion|postscript|prelude|coda)(?:[.:]|[.:—–-]\s*.{1,60})?"
    r"|(?:自序|序章|序言|序幕|序曲|序|前言|楔子|引子|引言|尾声|尾聲|后记|後記|番外|跋|终章|終章|结语)"
    r"(?:[\s：:].{1,30})?",
    re.IGNORECASE,
)
_SCENE_BREAK = re.compile(r"(?:[*＊⁂#＃~～◇◆※☆★○●·•・=＝_—–\-…\s\u3000]|\. ){1,80}\.?")
_STOPS = "。！？，；、…”’」』"


class Heading(NamedTuple):
    kind: Kind
    number: int | None = None
    level: int = 1
    """Depth of a Markdown heading, 1 to 6."""
    titled: bool = False
    """A title stands on the line besides the number."""


def is_scene_break(line: str) -> bool:
    """``* * *``, ``———``, ``◇`` and the like: marks and nothing else."""
    return bool(line.strip()) and bool(_SCENE_BREAK.fullmatch(line.strip()))


def strong(line: str) -> Heading | None:
    """The heading a line is beyond doubt, wherever it stands: it names itself a chapter."""
    if not 0 < len(line) <= LONGEST_CHAPTER or "\n" in line:
        return None
    found = _markdown(line) or _english(line) or _chinese(line)
    return found if found and (len(line) <= LONGEST or found.kind == "chapter") else None


def read(line: str) -> Heading | None:
    """The heading a line may be when it stands alone as a paragraph."""
    if found := strong(line):
        return found
    if not 0 < len(line) <= LONGEST or "\n" in line:
        return None
    return _special(line) or _bare(line) or _titled(line) or _capitals(line)


def number(word: str) -> int | None:
    """The value of ``XIV``, ``14``, ``fourteen``, ``十四``; None for anything else."""
    if word.isdecimal():
        return int(word)
    if word.upper() == word and _ROMAN_FORM.fullmatch(word):
        return _roman(word)
    if word[0] in _HAN or word[0] in "十百千廿卅":
        return _han(word)
    tens, _dash, ones = word.lower().partition("-")
    if tens not in _WORDS or (ones and ones not in _WORDS):
        return _roman(word.upper()) if _ROMAN_FORM.fullmatch(word.upper()) else None
    return _WORDS[tens] + _WORDS.get(ones, 0)


def _roman(word: str) -> int:
    values = [_ROMAN[c] for c in word]
    following = [*values[1:], 0]
    return sum(-v if v < n else v for v, n in zip(values, following, strict=True))


def _han(word: str) -> int | None:
    word = word.replace("廿", "二十").replace("卅", "三十")
    if all(c in _HAN for c in word):
        return int("".join(str(_HAN[c]) for c in word))
    total = digit = 0
    for c in word:
        if c in _HAN_UNITS:
            total += (digit or 1) * _HAN_UNITS[c]
            digit = 0
        elif c in _HAN:
            digit = _HAN[c]
        else:
            return None
    return total + digit


def _markdown(line: str) -> Heading | None:
    match = _MARKDOWN.fullmatch(line)
    if not match or is_scene_break(line):
        return None
    inner = _english(match["title"]) or _chinese(match["title"])
    return Heading("markdown", inner.number if inner else None, len(match["marks"]), True)


def _english(line: str) -> Heading | None:
    match = _ENGLISH.fullmatch(line)
    if not match or not (value := number(match["number"])):
        return None
    rest = match["rest"].strip(" .:：—–-")
    if rest and not (match["word"][0].isupper() and _opens_a_title(match["rest"])):
        return None
    part = match["word"].lower() in ("book", "part", "volume")
    return Heading("part" if part else "chapter", value, titled=bool(rest))


def _opens_a_title(rest: str) -> bool:
    title = rest.strip(" .:：—–-")
    separated = rest.lstrip()[:1] in ".:：—–-"
    capital = title.lstrip("“”‘’\"'_*([")[:1]
    return not title.endswith((",", ";")) and (separated or not capital.islower())


def _chinese(line: str) -> Heading | None:
    if match := _CHINESE.fullmatch(line):
        rest, value = match["rest"], number(match["number"])
        if value is None or not _is_chinese_title(rest):
            return None
        kind: Kind = "chapter"
        if match["word"] in "卷部篇":
            kind = "part"
        elif match["word"] in "节節":
            kind = "section"
        return Heading(kind, value, titled=bool(rest.strip()))
    volume = _CHINESE_VOLUME.fullmatch(line)
    if volume and (not volume["rest"] or volume["rest"][0] in " \u3000：:·"):
        return Heading("part", titled=bool(volume["rest"].strip()))
    return None


def _is_chinese_title(rest: str) -> bool:
    """Set off by a space or colon it may hold points; run on, it must be bare of them."""
    if not rest:
        return True
    if rest[0] in " \u3000\t：:、.．·—-":
        return len(rest) <= 50 and not rest.endswith(("。", "，", "；", ",", "："))
    return len(rest) <= 34 and not any(c in rest for c in _STOPS + "“‘「『：")


def _special(line: str) -> Heading | None:
    return Heading("special", titled=True) if _SPECIAL.fullmatch(line) else None


def _bare(line: str) -> Heading | None:
    match = _BARE.fullmatch(line)
    value = number(match["number"]) if match else None
    return Heading("bare", value) if value else None


def _titled(line: str) -> Heading | None:
    match = _TITLED.fullmatch(line)
    if not match:
        return None
    value = number(match["roman"] or match["digits"] or match["han"])
    title = match["title"]
    first = title.lstrip("“‘\"'_*(")[:1]
    full_stop = title.endswith((".", "。", "，", ",", ";", "；", ":", "："))
    if not value or first.islower() or (full_stop and not title.isupper()):
        return None
    return Heading("titled", value, titled=True)


def _capitals(line: str) -> Heading | None:
    letters = sum(c.isalpha() for c in line)
    plain = line.isupper() and line.isascii() and not line.endswith(("!", "?", ",", '"'))
    return Heading("capitals", titled=True) if plain and letters >= 4 else None
