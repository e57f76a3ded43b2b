"""Quotation marks and apostrophes at the end of a text or the beginning of a page."""

from __future__ import annotations

import re

_STRAIGHT = '"*_'
"""Marks that open and close alike."""
_CLOSED_BY = {"“": "”", "‘": "’", "„": "“”", "‚": "‘’", "«": "»", "»": "«", "‹": "›", "›": "‹"}
_MARKS = "“”‘’„‚«»‹›"
_AFTER_LETTERS = re.compile(r"(?:t|s|m|d|re|ve|ll)\b", re.IGNORECASE)
_CONTRACTION = re.compile(r"n?['’](?:t|s|m|d|re|ve|ll)\b", re.IGNORECASE)
_ALONE = re.compile(r"(?<![^\W_]['’])(?<![^\W_])(?<!['’])[^\W\d_]['’]\Z")
"""A single letter and its apostrophe: O’, d’, y’."""


def opens(text: str) -> bool:
    """Whether the text ends in a quotation mark that opens."""
    last, before = text[-1:], text[:-1]
    if not last or last not in _STRAIGHT + _MARKS + "'":
        return False
    if last in _STRAIGHT:
        before = before.rstrip(last)
    fresh = not before or before[-1].isspace() or before[-1] in "([{—―" or opens(before)
    if last in "'’”":
        return fresh and not _is_open(before, {"'": "'", "’": "‘", "”": "“"}[last])
    if last in _STRAIGHT:
        inch = last == '"' and before[-1:].isdigit()
        return not inch and not _is_open(before, last)
    return not any(_is_open(before, mark) for mark, by in _CLOSED_BY.items() if last in by)


def closes(text: str, page: str) -> bool:
    """Whether the page begins with a quotation mark that closes."""
    first, then = page[0], page[1:2]
    if first not in _STRAIGHT + _MARKS + "'":
        return False
    openers = first if first in _STRAIGHT + "'" else _openers_of(first)
    if any(_is_open(text, mark) for mark in openers):
        return first in "”»›" or not then.isalnum()
    return first in "”’'" and (not then or then.isspace() or then in ",.;:!?—")


def contracted(text: str, page: str) -> bool:
    """Whether an apostrophe at the seam stands within a word: ``don`` and ``'t``."""
    if text[-1] in "'’":
        inside = text[-2:-1].isalpha() and _AFTER_LETTERS.match(page)
        return bool(inside or (page[0].isalpha() and _ALONE.search(text)))
    return text[-1].isalnum() and bool(_CONTRACTION.match(page))


def _openers_of(mark: str) -> str:
    return "".join(opener for opener, by in _CLOSED_BY.items() if mark in by)


def _is_open(text: str, mark: str) -> bool:
    """Whether a quotation that began with this mark in the last paragraph has not ended."""
    paragraph = text[text.rfind("\n") + 1 :]
    if mark == "'":
        return len(re.findall(r"(?<!\w)'|'(?!\w)", paragraph)) % 2 == 1
    if mark in _STRAIGHT:
        return len(re.findall(re.escape(mark) + "+", paragraph)) % 2 == 1
    ends = sum(paragraph.count(each) for each in _CLOSED_BY[mark])
    return paragraph.count(mark) > ends
