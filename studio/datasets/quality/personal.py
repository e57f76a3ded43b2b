"""Signs of personal data, English and Chinese. They are pointed out, never taken away: a novel
may well name a street, and whose it is only its writer knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Literal, NamedTuple

Kind = Literal["email", "phone", "address", "id-number", "card-number", "link"]


class Sign(NamedTuple):
    """``text[start:end]`` may be personal data."""

    kind: Kind
    start: int
    end: int


_WIDTH = str.maketrans("０１２３４５６７８９＠．－＋（）：／　", "0123456789@.-+():/ ")
"""Full-width forms; each is one character, so that offsets stay."""
_WORTH_A_LOOK = re.compile(r"\d|@|://|www\.|[路街巷弄道]\S{1,6}[号號]", re.IGNORECASE)

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
)
_LINK = re.compile(r"(?:https?://|(?<![A-Za-z0-9.])www\.)[^\s<>\"“”」』，。）)]{3,}", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\d.,-])(?:"
    r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"  # a mobile phone in China
    r"|\(?0\d{2,3}\)?[- ]\d{7,8}"  # a landline in China
    r"|(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}"  # North America
    r"|\+\d{1,3}(?:[- ]?\(?\d{1,4}\)?){2,5}"  # with a country's code
    r"|\(?0\d{2,4}\)? \d{3,4} \d{3,4}"  # Britain
    r")(?![\d-])"
)
_ADDRESS = re.compile(
    r"(?<!\w)\d{1,5}[A-Za-z]?,? (?:[A-Z][\w.'’]+ ){1,4}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Square|Sq|Terrace"
    r"|Place|Pl|Crescent|Way|Close|Gardens)\b\.?"
    r"|\b[A-Z]{2} \d{5}(?:-\d{4})?(?!\d)"  # state and ZIP code
    r"|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b"  # a British postcode
    r"|[\u4e00-\u9fff]{1,8}[路街巷弄道]\s?[\d一二三四五六七八九十百零〇]{1,6}[号號弄]"
)
_CHINESE_ID = re.compile(r"(?<![\dA-Za-z])\d{17}[\dXx](?![\dA-Za-z])")
_OTHER_ID = re.compile(
    r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"  # US social security
    r"|\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"
)
_CARD = re.compile(r"(?<![\d-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\d-])")


def signs(text: str) -> list[Sign]:
    """What may be personal data, in the order of the text; nothing is reported twice."""
    if not _WORTH_A_LOOK.search(text):
        return []
    narrow = text.translate(_WIDTH)
    found: list[Sign] = []
    for kind, pattern, proof in _CHECKS:
        for match in pattern.finditer(narrow):
            sign = Sign(kind, match.start(), match.end())
            free = all(sign.end <= s.start or s.end <= sign.start for s in found)
            if free and proof(match[0]):
                found.append(sign)
    return sorted(found, key=lambda sign: sign.start)


def kinds(text: str) -> tuple[Kind, ...]:
    """Which kinds of personal data a text may hold."""
    return tuple(sorted({sign.kind for sign in signs(text)}))


def is_chinese_id(number: str) -> bool:
    """Whether the 18 signs are a resident identity number: a date of birth, and the check digit
    of GB 11643-1999 (ISO 7064, MOD 11-2)."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(number[:17]))
    return born.year >= 1850 and "10X98765432"[total % 11] == number[17].upper()


def is_card(number: str) -> bool:
    """Whether the digits, of which there are 13 to 19, end with Luhn's check digit
    (ISO/IEC 7812-1)."""
    digits = [int(sign) for sign in number if sign.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    total = sum(digits[-1::-2]) + sum(doubled)
    return 13 <= len(digits) <= 19 and total % 10 == 0 and len(set(digits)) > 1


def _always(_found: str) -> bool:
    return True


_CHECKS: tuple[tuple[Kind, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("link", _LINK, _always),
    ("email", _EMAIL, _always),
    ("id-number", _CHINESE_ID, is_chinese_id),
    ("id-number", _OTHER_ID, _always),
    ("card-number", _CARD, is_card),
    ("phone", _PHONE, _always),
    ("address", _ADDRESS, _always),
)
