from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.inference.prose import Prose


def told(pieces: list[bytes], stops: tuple[str, ...] = ()) -> list[str]:
    prose = Prose(stops)
    return [*(prose.feed(piece) for piece in pieces), prose.finish()]


def test_a_character_waits_for_its_last_byte() -> None:
    lamp = "灯".encode()
    assert told([lamp[:1], lamp[1:2], lamp[2:], b"!"]) == ["", "", "灯", "!", ""]


def test_a_character_that_never_gets_whole_is_left_out() -> None:
    assert told(["灯火".encode()[:4]]) == ["灯", ""]
    assert "".join(told([b"a\xe7", b"b\xffc"])) == "abc"


def test_a_stop_string_over_several_tokens_is_held_back() -> None:
    prose = Prose(("\n\n##",))
    assert prose.feed(b"The end.\n") == "The end."
    assert prose.feed(b"\n#") == ""
    assert prose.feed(b"# Chapter") == ""
    assert prose.stopped
    assert prose.finish() == ""


def test_what_only_looked_like_a_stop_is_given_back() -> None:
    assert "".join(told([b"a\n\n", b"b", b"\n"], ("\n\n##",))) == "a\n\nb\n"


def test_the_first_of_several_stops_counts() -> None:
    assert "".join(told([b"one two three"], ("three", "two"))) == "one "


def test_empty_stop_stops_nothing() -> None:
    assert "".join(told([b"one"], ("",))) == "one"


@given(st.text(), st.lists(st.integers(1, 5), min_size=1))
def test_any_cutting_gives_back_the_text(text: str, lengths: list[int]) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    pieces, at, turn = [], 0, 0
    while at < len(raw):
        length = lengths[turn % len(lengths)]
        pieces.append(raw[at : at + length])
        at, turn = at + length, turn + 1
    assert "".join(told(pieces)) == raw.decode("utf-8", "ignore")


@given(st.text(alphabet="ab\n", max_size=40), st.text(alphabet="ab\n", min_size=1, max_size=4))
def test_nothing_of_a_stop_string_is_ever_shown(text: str, stop: str) -> None:
    shown = "".join(told([bytes([byte]) for byte in text.encode()], (stop,)))
    assert shown == text.split(stop)[0]
