"""The values of numbers as headings write them: digits, Roman, spelled out, Chinese."""

from __future__ import annotations

import re

_ONES = "one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_FIRST = "first second third fourth fifth sixth seventh eighth ninth"
_TENTH = (
    "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth "
    "nineteenth"
)
_TWENTIETH = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
_WORDS = {"zero": 0} | {
    word: value
    for words, values in (
        (_ONES, range(1, 10)),
        (_FIRST, range(1, 10)),
        (_TEENS, range(10, 20)),
        (_TENTH, range(10, 20)),
        (_TENS, range(20, 100, 10)),
        (_TWENTIETH, range(20, 100, 10)),
    )
    for word, value in zip(words.split(), values, strict=True)
}


def _any_of(*words: str) -> str:
    return "|".join(" ".join(words).split())


_DIGIT = _any_of(_ONES, _FIRST)
_UNDER_HUNDRED = (
    rf"(?:(?:{_any_of(_TENS)})(?:[\s-]+(?:{_DIGIT}))?"
    rf"|{_any_of(_TWENTIETH, _TENTH, _TEENS)}|{_DIGIT})(?![^\W\d_])"
)
SPELLED = (
    rf"(?:(?:{_any_of(_ONES, 'a')})[\s-]+hundred(?:th)?"
    rf"(?:[\s-]+(?:and[\s-]+)?{_UNDER_HUNDRED})?|{_UNDER_HUNDRED}|zero)(?![^\W\d_])"
)
"""A number up to 999 in English words; case is to be ignored."""
_SPELLED = re.compile(SPELLED, re.IGNORECASE)
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_FORM = re.compile(r"(?=[IVXLCD])C{0,4}(?:XC|XL|L?X{0,4})(?:IX|IV|V?I{0,4})")
_ROMAN_SIGNS = {chr(0x2160 + i): i + 1 for i in range(12)}
_HAN = (
    {c: i for i, c in enumerate("零一二三四五六七八九")}
    | {c: i for i, c in enumerate("壹贰叁肆伍陆柒捌玖", 1)}
    | {"〇": 0, "○": 0, "两": 2, "兩": 2, "貳": 2, "叄": 3, "陸": 6}
)
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100}
HAN = "零〇○一二两兩三四五六七八九十百千廿卅壹贰貳叁叄肆伍陆陸柒捌玖拾佰"
"""Characters of Chinese numbers."""
CHINESE = rf"(?:[{HAN}0-9０-９]|(?<=[{HAN}0-9０-９]) (?=[{HAN}0-9０-９])){{1,9}}"
"""A number as Chinese texts write it."""


def number(word: str) -> int | None:
    """The value of ``XIV``, ``14``, ``one hundred and four``, ``十四``; None for anything else."""
    if word.isdecimal():
        return int(word)
    if word in _ROMAN_SIGNS:
        return _ROMAN_SIGNS[word]
    if word.upper() == word and _ROMAN_FORM.fullmatch(word):
        return _roman(word)
    if word[0] in _HAN or word[0] in "十百千廿卅拾":
        return _han(word)
    if _SPELLED.fullmatch(word):
        return _spelled(word)
    return _roman(word.upper()) if _ROMAN_FORM.fullmatch(word.upper()) else None


def _spelled(words: str) -> int:
    total = 0
    for word in re.split(r"[\s-]+", words.lower()):
        if word.startswith("hundred"):
            total = 100 * max(total, 1)
        else:
            total += _WORDS.get(word, 0)
    return total


def _roman(word: str) -> int:
    values = [_ROMAN[c] for c in word]
    following = [*values[1:], 0]
    return sum(-v if v < n else v for v, n in zip(values, following, strict=True))


def _han(word: str) -> int | None:
    word = word.replace("廿", "二十").replace("卅", "三十").replace(" ", "")
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
