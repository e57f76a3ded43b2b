"""What a line looks like that may be a heading, if others of its form count with it.

Nobody could list what people write around a number: the name of the book, 正文, a star, VIP章节.
"""

from __future__ import annotations

import re

from studio.text import headings
from studio.text.headings import Heading, Kind
from studio.text.numerals import CHINESE, HAN, SPELLED, number

LONGEST = 90
LONGEST_STOPPED = 50
"""Of a line that ends in a full stop."""
LONGEST_BEFORE = 30
"""Characters before the word that counts."""

_ENGLISH_NUMBER = rf"(?:\d{{1,4}}|{SPELLED}|[ivxlc]{{1,9}}(?![^\W\d_]))"
_CHAPTER_INSIDE = re.compile(
    rf"第\s?{CHINESE}\s?[章回节節集幕折话話卷部篇]"
    rf"|(?<![^\W\d_])(?:chapter|part|book|volume|letter)\s+(?:the\s+)?{_ENGLISH_NUMBER}",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(
    rf"(?P<before>\W{{0,4}})(?P<number>{CHINESE})\s?(?P<word>[章回节節集幕折话話])(?P<rest>.*)"
)
_ABBREVIATED = re.compile(
    r"(?P<before>.{0,30}?)(?<![^\W\d_])(?P<word>chapter|chap|ch|episode|ep|part|book|vol|volume)"
    rf"(?P<gap>[\s._#:：(\[–—-]{{0,3}}(?:no\.?\s?|number\s|nr\.?\s?)?)(?P<number>{_ENGLISH_NUMBER})"
    r"(?P<rest>$|[^\w%].*|_.*|(?<=\d)[\u3400-\u9fff].*)",
    re.IGNORECASE,
)
_VOLUME_FIRST = re.compile(
    rf"(?P<volume>(?:part|book|vol|volume)[\s._-]{{0,3}}{_ENGLISH_NUMBER})[\s,.:_/|–—-]{{0,4}}"
    r"(?P<chapter>(?:chapter|chap|ch|episode|ep).+)",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    rf"第\s?(?P<number>{CHINESE})\s?(?P<word>[\u3400-\u9fff]{{1,2}})(?P<rest>$|[^\w，,].*)"
)
_OPENS_A_TITLE = r"(?:the|an?|in|on|at|to|of|my|his|her|our|their|when|how|what|why|where|who)\b"
"""Small words behind a number that begin a title and no measure."""
_NTH = re.compile(
    r"(?:the\s)?(?P<number>\d{1,3})(?:st|nd|rd|th)\s(?:(?P<word>chapter|part|book|volume|letter|"
    r"episode)|day|night|week|scene|act|story|tale)(?P<rest>$|\s?[.:–—-].*|\s(?-i:[A-ZÀ-Þ]).*)",
    re.IGNORECASE,
)
_DECIMAL = re.compile(
    r"\d{1,3}(?P<mark>[.-])(?P<number>\d{1,3})(?P<rest>$|[.:]?\s+(?:[–—-]\s)?[“‘\"'(]?"
    rf"(?:[A-ZÀ-Þ\u3400-\u9fff].*|{_OPENS_A_TITLE}.*))"
)
_ANY = re.compile(
    r"(?P<before>[^\w\s“‘\"'$€£]{0,4}\s?"
    r"|[A-Za-zÀ-ž][A-Za-zÀ-ž'’]{0,20}(?:\s[A-Za-zÀ-ž'’]{1,20}){0,3}?(?:[\s.#:_–—-]{1,3}(?:the\s)?|(?=\d))"
    r"|[\u3400-\u9fff]{1,8}?[\s之：:·（(_-]{0,2})"
    rf"(?P<number>\d{{1,4}}|[Ⅰ-Ⅻ]|(?i:{SPELLED})|(?:[IVXLC]{{1,9}}|[ivxlc]{{1,9}})(?![^\W\d_])|[{HAN}]{{1,6}})"
    r"(?P<rest>$|[^\w%°].*|_.*|(?<=\d)[\u3400-\u9fff].*)"
)
_NO_TITLE = re.compile(
    r"\s*(?:(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"[ap]\.?m|(?:second|minute|hour|day|night|week|month|year|mile|time|o.clock)s?\s(?:later|ago|after|before|earlier|passed|past))\b|[年月日号號时時点點分岁歲个個元块塊天周米里秒倍级級楼樓]|小[时時]|分[钟鐘])|[.:/,，-]\s?\d|\s*[+×=%°]",
    re.IGNORECASE,
)
"""What follows a number in a date, a time, a sum."""
_OTHER_NUMBERS = re.compile(
    r"(?:.*\s)?(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|monday|tuesday|wednesday|thursday|"
    r"friday|saturday|sunday|pages?|p|pp|figure|fig|table|step|note|verse|line|item|rule|end of .*|"
    r"ends? .*|version|v|room|lv|lvl|player|hp|mp|xp|exp|等[级級]|玩家|[选選]手|in|see|from|"
    r"after|before|until|since|with|and|or|but|only|over|about|at|on|of|to)?",
    re.IGNORECASE,
)
"""Words whose numbers are days, pages, lists; numbers of chapters never stand after them."""
_RUNS_IN = re.compile(r"(?<![^\W\d_])[a-z]+\s+$")
"""A small word right before the chapter: the line speaks of it."""
_GOES_ON = re.compile(r"，|,\s?[a-z]")
"""Behind a number, what makes a sentence of it: First, the rope."""
_STOPS = "。！？；，,“”‘"
_FIRST = frozenset('第卷☆★【「『“"')
_ENDS = tuple('。，；,;:：”」』’"')


def unsure(line: str) -> Heading | None:
    """The heading that a line may be if others of its form count with it."""
    if len(line) > LONGEST or "\n" in line:
        return None
    if line.endswith(_ENDS) and line[0] not in _FIRST and not headings.QUOTED.match(line):
        return None
    found = headings.named(line)
    if found and found.form:
        return found
    if line.endswith((*_ENDS, ".")) and (line[-1] != "." or len(line) > LONGEST_STOPPED):
        return None
    found = _inside(line) or _number_first(line) or _abbreviated(line) or _nth(line)
    return found or _decimal(line) or _any(line)


def _inside(line: str) -> Heading | None:
    """正文 第一章 归来, The Salt Road - Chapter 3, Arc 2, Chapter 3"""
    match = _CHAPTER_INSIDE.search(line)
    if not match or not 0 < match.start() <= LONGEST_BEFORE:
        return None
    before = line[: match.start()]
    if before.rstrip().endswith(","):
        before = f"{before.rstrip()[:-1]} "
    found = headings.named(line[match.start() :])
    if found is None or any(c in _STOPS for c in before) or _is_other(before):
        return None
    if found.word.isascii() and (_RUNS_IN.search(before) or line.endswith(".")):
        return None
    return found._replace(form=f"{_plain(before)}<{found.form}")


def _number_first(line: str) -> Heading | None:
    """30章 归来"""
    match = _NUMBER_FIRST.fullmatch(line)
    found = headings.named(f"第{line[match.start('number') :]}") if match else None
    if match is None or found is None:
        return None
    return found._replace(form=f"{_plain(match['before'])}#{found.form}")


def _abbreviated(line: str) -> Heading | None:
    """chapter.001, Ch. 3, Vol.1 Chapter_2"""
    if (both := _VOLUME_FIRST.fullmatch(line)) and (found := _abbreviated(both["chapter"])):
        return found._replace(volume=both["volume"])
    match = _ABBREVIATED.fullmatch(line)
    value = number(match["number"]) if match else None
    if not match or not value or _NO_TITLE.match(match["rest"]):
        return None
    before = match["before"]
    if any(c in _STOPS for c in before) or _is_other(before) or _RUNS_IN.search(before):
        return None
    word = match["word"].lower()
    kind: Kind = "part" if word in ("part", "book", "vol", "volume") else "chapter"
    form = f"{_plain(match['before'])}<{word}{match['gap'].strip()}"
    counts = headings.ENGLISH_WORDS.get(word, word)
    titled = bool(match["rest"].strip(" .:：)）]-–—"))
    return Heading(kind, value, titled=titled, form=form, word=counts)


def _nth(line: str) -> Heading | None:
    """1st Chapter, 2nd Day"""
    match = _NTH.fullmatch(line)
    if match is None or not (value := number(match["number"])):
        return None
    word = (match["word"] or "counted").lower()
    word = headings.ENGLISH_WORDS.get(word, word)
    kind: Kind = "counted" if not match["word"] else "part" if word == "part" else "chapter"
    return Heading(kind, value, titled=bool(match["rest"]), form="nth", word=word)


def _decimal(line: str) -> Heading | None:
    """1.1 Dawn"""
    match = _DECIMAL.fullmatch(line)
    value = number(match["number"]) if match else None
    if match is None or not value or _NO_TITLE.match(match["rest"]):
        return None
    form = f"1{match['mark']}1"
    return Heading("counted", value, titled=bool(match["rest"]), form=form, word="counted")


def _any(line: str) -> Heading | None:
    """01 归来, #1, Day 3, The Second Night"""
    if ordinal := _ORDINAL.fullmatch(line):
        value, word = number(ordinal["number"]), ordinal["word"]
        return Heading("counted", value, titled=True, form=f"第{word}", word="counted")
    match = None if _CHAPTER_INSIDE.search(line) else _ANY.fullmatch(line)
    value = number(match["number"]) if match else None
    if not match or not value or _NO_TITLE.match(match["rest"]):
        return None
    before, rest = match["before"], match["rest"].strip()
    if _is_a_value(before, rest) or _GOES_ON.match(rest):
        return None
    if before[:1].isalpha() and _is_other(before):
        return None
    if before[:1].isalpha() and before[:1] < "\u0180":
        others = before.removesuffix("the ").split()[1:]
        if not all(word[0].isupper() for word in others):
            return None
    elif not before and (_is_a_year(line) or _is_a_measure(match["number"], rest)):
        return None
    if line.endswith(".") and rest != ".":
        return None
    return Heading(
        "counted",
        value,
        titled=bool(rest.strip(" .:：)）]、-–—")),
        form=_plain(before) + system(match["number"]),
        word="counted",
    )


def _is_a_value(before: str, rest: str) -> bool:
    """Strength: 2, 等级：2"""
    return before.rstrip().endswith((":", "：")) and not rest


def _is_a_measure(value: str, rest: str) -> bool:
    """1 egg, two cups; not 1 the return, and not 01 return, which is the name of a file."""
    return (
        rest[:1].islower()
        and value[0] != "0"
        and not (value[0].isdecimal() and re.match(_OPENS_A_TITLE, rest))
    )


def _is_a_year(line: str) -> bool:
    return len(line) == 4 and line.isdecimal() and line[0] in "12"


def system(numeral: str) -> str:
    """Whether a number, or what begins with it, is written with digits, Roman, Chinese or in
    words."""
    first = numeral.lstrip("（(")[:1]
    if first.isdecimal():
        return "1"
    if first in HAN:
        return "一"
    return "one" if len(numeral) > 2 and numeral.lower().strip("ivxlc") else "I"


def _plain(before: str) -> str:
    """What stands before a number, whatever numbers are in it itself."""
    return re.sub(rf"\d+|第\s?{CHINESE}", "#", before).strip().lower()


def _is_other(before: str) -> bool:
    return bool(_OTHER_NUMBERS.fullmatch(before.strip(" .#:_–—-"))) and bool(before.strip())
