"""Encodings are found, and what is no text is refused with its remedy."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


EN, SC, TC, JP = (text.strip() + "\n" for text in (ENGLISH, SIMPLIFIED, TRADITIONAL, JAPANESE))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([(SC * 5, "utf-8"), (SC * 5, "gbk")], "lines 1 to 5 are UTF-8; lines 6 to 10 are GB18030"),
        ([(SC * 5, "gbk"), (SC * 5, "utf-8-sig")], "lines 1 to 5 are GB18030"),
        ([(SC * 5, "utf-8-sig"), (SC * 5, "gbk")], "lines 6 to 10 are GB18030"),
        ([(SC, "utf-8"), (SC, "gbk")] * 5, "line 2 is GB18030"),
        ([(SC * 500, "utf-8"), (SC, "gbk")], "line 501 is GB18030"),
        ([(SC * 50, "gbk"), (SC, "utf-8")], "line 51 is UTF-8"),
        ([(SC * 5, "utf-8"), ("他走了。\n", "gbk")], "line 6 is GB18030"),
        ([(TC * 5, "utf-8"), (TC * 5, "big5")], "lines 6 to 10 are BIG5"),
        ([(JP * 5, "utf-8"), (JP * 5, "cp932")], "lines 6 to 10 are CP932"),
        ([(SC[:-1], "utf-8"), (SC, "gbk")], "line 1 is UTF-8; line 1 is GB18030"),
        ([(EN * 5, "utf-8"), (EN * 5, "cp1252")], "Windows-1252, the first in line 21"),
        ([(EN[:-1], "utf-8"), (EN, "cp1252")], "Windows-1252, the first in line 4"),
        (
            [(EN * 50, "cp1252"), ("It’s late.\n", "utf-8")],
            "1600 characters are written in Windows-1252",
        ),
        ([(EN * 5, "utf-8"), ("naïve\n", "cp1252")], "1 character is written in Windows-1252"),
        ([(EN, "utf-8"), (EN, "utf-16")], "From line 5 on"),
        ([(SC * 3, "gbk"), (SC, "utf-16")], "From line 4 on"),
    ],
)
def test_each_part_is_read_in_its_own_encoding(parts: list[tuple[str, str]], said: str) -> None:
    decoded = decode("story.txt", b"".join(text.encode(encoding) for text, encoding in parts))
    assert decoded.text == "".join(text for text, _encoding in parts)
    assert decoded.damaged == 0
    assert said in " ".join(decoded.notes)


LINES = {"gbk": SIMPLIFIED, "big5": TRADITIONAL, "cp932": JAPANESE, "cp1252": ENGLISH}


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(LINES)),
    st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=9),
)
def test_any_mixture_of_lines_is_read(older: str, lines: list[tuple[bool, int]]) -> None:
    """Whole paragraphs and single clauses, each in UTF-8 or in the older encoding."""
    clauses = [LINES[older], *re.findall(r"[^，、,。]{5,}[，、,。]", LINES[older])][:4]
    parts = [(clauses[0], False), *((clauses[n % len(clauses)], new) for new, n in lines)]
    data = b"".join(f"{text}\n".encode("utf-8" if new else older) for text, new in parts)
    assert decode("story.txt", data).text == "".join(f"{text}\n" for text, _new in parts)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marks_between_pasted_files_are_no_text(encoding: str) -> None:
    decoded = decode("story.txt", EN.encode(encoding) * 3)
    assert decoded.text == EN * 3


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "cp1252"])
def test_empty_bytes_are_left_out_and_counted(encoding: str) -> None:
    text = EN if encoding == "cp1252" else SC
    decoded = decode("story.txt", text.encode(encoding) + bytes(300) + text.encode(encoding))
    assert decoded.text == text * 2
    assert "300 empty bytes" in decoded.notes[0]


@pytest.mark.parametrize("text", ["It’s “naïve”… in the café—then\n", SC])
@pytest.mark.parametrize("taken_for", ["cp1252", "latin-1"])
def test_text_that_was_garbled_and_saved_is_put_right(text: str, taken_for: str) -> None:
    seen = (bytes([byte]).decode(taken_for, errors="ignore") or chr(byte) for byte in text.encode())
    decoded = decode("story.txt", "".join(seen).encode())
    assert decoded.text == text
    assert "garbled" in decoded.notes[0]


@pytest.mark.parametrize("text", [FRENCH * 3, "À côté, Â§ et ÂGE. ÃO, NÃO. São.", "café à"])
def test_other_peoples_letters_are_left_alone(text: str) -> None:
    assert decode("story.txt", text.encode())[::3] == (text, ())


def test_a_damaged_byte_is_no_other_encoding() -> None:
    data = (SC * 500).encode()
    decoded = decode("story.txt", data[:3001] + b"\xff" + data[3001:])
    assert (decoded.damaged, decoded.notes) == (1, ())
    assert decoded.text.replace("\ufffd", "") == SC * 500


def test_what_is_in_the_way_is_said_with_its_place() -> None:
    bad = bytes(range(128, 256)) * 3
    with pytest.raises(StudioError, match="Most of it is UTF-8, but line 21 is neither"):
        decode("novel.txt", (EN * 5).encode() + bad)
    with pytest.raises(StudioError, match="stand in no text, the first in line 5"):
        decode("novel.txt", EN.encode() + bytes(range(32)) * 9)


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


POLISH = "Wiosną przyjechało czterech ludzi z żółtą farbą. Część z nich stała przy ścianie."
SWEDISH = "Flickan gick över ån och såg att båten låg där på östra sidan. Hösten kom tidigt."
TURKISH = "Yağmur bütün gün yağdı; çocuklar pencerenin önünde oturmuş, dışarıyı seyrediyordu."
GREEK = "Την άνοιξη ήρθαν στην πόλη τέσσερις άνθρωποι. Το νερό θα φτάσει ως εδώ, είπε εκείνος."
UKRAINIAN = "Навесні до міста приїхали четверо. Її голос тремтів; вода дійде сюди, сказав він."
QUOTED = "“I know,” she said—quietly—“and it is the end…” He had seen it with his own eyes."
RUSSIAN = "Весной в город приехали четверо. Они несли ведро краски. Вода дойдёт сюда, сказал он."
ACCENTED = "She met her fiancé in the café and that was all the man with his hat said to you."
HEBREW = "האיש הלך ברחוב הישן עם שקיעת השמש, ולא ידע לאן הוא הולך. " * 20
ARABIC = "مشى ببطء. لم تقل شيئا. إلى أين تذهب سأل الرجل. " * 20
GERMAN = "Die Straße war naß; die Bäume überm Fluß rauschten. „Schöne Töne“, sagte Jürgen."


@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((ENGLISH, name) for name in ("cp1252", "mac_roman")),
        *((text, name) for text in (FRENCH, GERMAN) for name in ("mac_roman", "cp850", "cp1252")),
        *((SWEDISH, name) for name in ("mac_roman", "cp850")),
        *((POLISH, name) for name in ("cp1250", "cp852", "iso8859_2")),
        *((TURKISH, name) for name in ("cp1254", "iso8859_9")),
        *((GREEK, name) for name in ("cp1253", "cp737", "mac_greek")),
        *((RUSSIAN, name) for name in ("cp1251", "koi8_r", "cp866", "mac_cyrillic", "iso8859_5")),
        *((RUSSIAN.upper(), name) for name in ("cp1251", "koi8_r")),
        *((UKRAINIAN, name) for name in ("cp1251", "koi8_u")),
        *((QUOTED, name) for name in ("cp1252", "mac_roman", "gbk", "big5")),
        (QUOTED.replace("—", " "), "cp932"),
        *((ACCENTED, name) for name in ("cp1252", "cp437", "cp850")),
        (HEBREW, "cp1255"),
        (ARABIC, "cp1256"),
    ],
)
def test_an_alphabet_is_told_by_where_its_letters_stand(
    text: str, encoding: str, times: int
) -> None:
    data = (text + "\n").encode(encoding, errors="ignore") * times
    decoded = decode("story.txt", data)
    assert (decoded.text, decoded.notes) == (data.decode(encoding), ())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("De financiële crisis; België bleef.", "cp850"),
        ("La città era già là, e lui però no.", "cp850"),
        ("Весной в город пришли.", "mac_cyrillic"),
        ("pădure", "cp1250"),
        ("yağdı", "cp1254"),
    ],
)
def test_a_few_letters_that_fit_several_alphabets_are_said(text: str, encoding: str) -> None:
    decoded = decode("story.txt", text.encode(encoding))
    assert decoded.text == text or "not certain in which encoding" in decoded.notes[0]


def test_a_guess_among_alphabets_is_said() -> None:
    odd = "caf\x81 \x8d\x9d \xbb\xab \xa4".encode("latin-1") + b" and many plain words more"
    assert "not certain in which encoding" in decode("story.txt", odd).notes[0]


@pytest.mark.parametrize("text", [EN, SC, JP])
@pytest.mark.parametrize("tail", [EN, FRENCH, SC])
def test_utf_8_behind_utf_16_is_read_as_what_it_is(text: str, tail: str) -> None:
    for order in ("utf-16", "utf-16-le", "utf-16-be"):
        if order != "utf-16" and text is JP:
            continue
        decoded = decode("story.txt", text.encode(order) + tail.encode())
        assert decoded.text == text + tail
        line = 1 + text.count("\n")
        assert f"From line {line} on the file is written in UTF-8" in decoded.notes[0]


@pytest.mark.parametrize("order", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("text", "tail"), [(FRENCH, EN), (SC, SC * 9), (EN, SC * 9), (TC, EN)])
def test_utf_16_behind_utf_8_is_read_as_what_it_is(text: str, tail: str, order: str) -> None:
    decoded = decode("story.txt", text.encode() + b"\n" + tail.encode(order))
    assert decoded.text == f"{text}\n{tail}"
    assert "on the file is written in UTF-16" in decoded.notes[0]


@pytest.mark.parametrize("times", [1, 9])
def test_utf_8_gbk_and_big5_in_one_file(times: int) -> None:
    parts = [(SC, "utf-8"), (SC, "gbk"), (TC, "big5")]
    for order in (parts, parts[::-1], parts[1:], [parts[2], parts[0], parts[1]]):
        data = b"".join((text * times).encode(encoding) for text, encoding in order)
        decoded = decode("story.txt", data)
        assert decoded.text == "".join(text * times for text, _encoding in order)
        assert "more than one encoding" in decoded.notes[0]
