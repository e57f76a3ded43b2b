"""Signs of personal data, and what only looks like some."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.quality.personal import is_card, is_chinese_id, kinds, signs

# Numbers from documentation and tests of card makers, reserved ranges, and made-up ones.
FOUND = [
    ("Write to anna.k@example.com today.", "email", "anna.k@example.com"),
    ("邮箱是 shui+2@mail.example.cn。", "email", "shui+2@mail.example.cn"),
    ("Call (212) 555-0142 after six.", "phone", "(212) 555-0142"),
    ("Call +44 20 7946 0958.", "phone", "+44 20 7946 0958"),
    ("电话：13800138000。", "phone", "13800138000"),
    ("手机１３８００１３８０００，随时打", "phone", "１３８００１３８０００"),
    ("座机 010-62345678 转 3", "phone", "010-62345678"),
    ("His card is 4111 1111 1111 1111, she said.", "card-number", "4111 1111 1111 1111"),
    ("身份证号11010519491231002X。", "id-number", "11010519491231002X"),
    ("Her number was 123-45-6789.", "id-number", "123-45-6789"),
    ("National Insurance AB 12 34 56 C.", "id-number", "AB 12 34 56 C"),
    ("See https://example.com/a?b=1 for it.", "link", "https://example.com/a?b=1"),
    ("写信给shui@example.cn吧", "email", "shui@example.cn"),
    ("见www.example.cn。", "link", "www.example.cn"),
    ("He lives at 14 Old Harbour Street now.", "address", "14 Old Harbour Street"),
    ("Springfield, IL 62704", "address", "IL 62704"),
    ("London SW1A 2AA", "address", "SW1A 2AA"),
    ("住在南京路128号三楼", "address", "住在南京路128号"),
]
NOT_FOUND = [
    "The war of 1914-1918 took 20 000 000 lives.",
    "It cost 1,250,000 francs in 1887, or 3.14159265 of something.",
    "Room 14, bed 3. The streets were wet, 40 of them.",
    "4111 1111 1111 1112 is no card, and 110105194912310020 is nobody.",
    "ISBN 978-3-16-148410-0",
    "他数到了一百二十八，路上没有人。",
    "第128号展品",
    "She said: mail me @ noon.",
]


@pytest.mark.parametrize(("text", "kind", "part"), FOUND)
def test_a_sign_is_found_where_it_is(text: str, kind: str, part: str) -> None:
    (sign,) = signs(text)
    assert (sign.kind, text[sign.start : sign.end].rstrip(".")) == (kind, part)
    assert kinds(text) == (kind,)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert signs(text) == []


def test_several_signs_come_in_order_and_once() -> None:
    text = "Mail a@example.com or b@example.com, call 212-555-0142, see http://x.example/4111"
    assert [s.kind for s in signs(text)] == ["email", "email", "phone", "link"]
    assert kinds(text) == ("email", "link", "phone")


@given(st.integers(10**14, 10**15 - 1))
def test_one_check_digit_in_ten_makes_a_card(body: int) -> None:
    assert sum(is_card(f"{body}{digit}") for digit in range(10)) == 1


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.integers(0, 999))
def test_one_check_sign_in_eleven_makes_an_identity_number(born: date, serial: int) -> None:
    body = f"110105{born:%Y%m%d}{serial:03}"
    assert sum(is_chinese_id(f"{body}{sign}") for sign in "0123456789X") == 1


def test_an_identity_number_has_a_day_of_birth() -> None:
    assert is_chinese_id("11010519491231002x")
    assert not any(is_chinese_id(f"11010519490231002{sign}") for sign in "0123456789X")


@given(st.text(max_size=300))
def test_any_text_is_looked_through(text: str) -> None:
    found = signs(text)
    assert all(0 <= s.start < s.end <= len(text) for s in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_the_novels_name_a_few_streets_and_nothing_else(corpus: Path) -> None:
    for path in sorted((corpus / "zh").glob("*.txt")):
        assert kinds(path.read_text("utf-8", errors="replace")) == ()
    text = (corpus / "en" / "sherlock-holmes.txt").read_text("utf-8")
    found = signs(text[2_000:-20_000])
    assert {s.kind for s in found} == {"address"}
    assert len(found) < 20
