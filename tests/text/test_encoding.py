"""Encodings are found, and what is no text is refused with its remedy."""

from __future__ import annotations

import random

import pytest

from studio.errors import StudioError
from studio.text.encoding import decode

ENGLISH = (
    "The café on the corner—“Chez Renée”—had closed. It’s a pity, she said; naïve, perhaps.\n" * 4
)
FRENCH = "L'été, à la fenêtre, elle écoutait déjà le garçon crier : « Où êtes-vous ? » Ça allait.\n"
SIMPLIFIED = (
    "那年春天，县里来了四个人，提着一桶红漆，在我们镇上画线。他们从码头画起，一直走到树底下。"
)
TRADITIONAL = (
    "那年春天，縣裡來了四個人，提著一桶紅漆，在我們鎮上畫線。他們從碼頭畫起，一直走到樹底下。"
)
JAPANESE = (
    "その年の春、県から四人の男がやって来て、町の壁に赤い線を引いた。水はそこまで来るのだと言う。"
)


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (ENGLISH, "utf-8", "utf-8"),
        (ENGLISH, "utf-8-sig", "utf-8"),
        (ENGLISH, "cp1252", "cp1252"),
        (ENGLISH, "utf-16", "utf-16"),
        (ENGLISH, "utf-16-le", "utf-16-le"),
        (ENGLISH, "utf-16-be", "utf-16-be"),
        (ENGLISH, "utf-32", "utf-32"),
        (FRENCH, "latin-1", "cp1252"),
        ("Plain words, nothing else.", "ascii", "utf-8"),
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED[:24], "gb2312", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "gb18030", "gb18030"),
        (TRADITIONAL, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
        (TRADITIONAL, "utf-16-le", "utf-16-le"),
        (JAPANESE, "shift_jis", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (JAPANESE, "utf-8", "utf-8"),
    ],
)
def test_text_comes_back_as_it_was_written(text: str, encoding: str, found: str) -> None:
    decoded = decode("story.txt", text.encode(encoding))
    assert decoded.text == text
    assert decoded.encoding == found
    assert decoded.damaged == 0


def test_latin_1_has_characters_that_windows_lacks() -> None:
    data = "caf\xe9 \x81 is closed for the season, it was said".encode("latin-1")
    assert decode("story.txt", data).text == data.decode("latin-1")


@pytest.mark.parametrize("codec", ["gb18030", "big5"])
def test_english_with_some_chinese_names(codec: str) -> None:
    text = (
        "He wrote two names on the wall, 小明 and 大山, and they had been there for a year.\n" * 3
    )
    assert decode("story.txt", text.encode("gb18030")).text == text


def test_long_chinese_book_in_its_own_encoding(corpus: object) -> None:
    from pathlib import Path

    text = (Path(str(corpus)) / "zh" / "hongloumeng.txt").read_text(encoding="utf-8")
    decoded = decode("hongloumeng.txt", text.encode("gb18030"))
    assert decoded.encoding == "gb18030"
    assert decoded.text == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_cut_off_last_character_is_forgiven(encoding: str) -> None:
    data = (SIMPLIFIED * 50).encode(encoding) + "下".encode(encoding)[:1]
    decoded = decode("story.txt", data)
    assert decoded.encoding == encoding
    assert decoded.damaged == 1


def test_much_damage_is_not_passed_over() -> None:
    data = bytearray((SIMPLIFIED * 20).encode())
    for place in range(0, len(data), 40):
        data[place] = 0xFF
    with pytest.raises(StudioError, match=r"story\.txt"):
        decode("story.txt", bytes(data))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"PK\x03\x04\x14\x00\x06\x00", "Word, EPUB or ZIP"),
        (b"{\\rtf1\\ansi hello}", "RTF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Word (.doc)"),
    ],
)
def test_other_formats_are_named(data: bytes, kind: str) -> None:
    with pytest.raises(StudioError) as caught:
        decode("novel.txt", data)
    assert "novel.txt" in caught.value.what
    assert kind in caught.value.why
    assert "plain text" in caught.value.remedy


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_no_text(seed: int) -> None:
    with pytest.raises(StudioError, match=r"novel\.txt"):
        decode("novel.txt", random.Random(seed).randbytes(20_000))


def test_a_program_is_no_text() -> None:
    with pytest.raises(StudioError, match="save it as plain text"):
        decode("novel.txt", b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40)
