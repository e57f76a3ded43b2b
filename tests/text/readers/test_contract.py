"""What every reader of the seam keeps to."""

from __future__ import annotations

from typing import Any

import pytest

from studio.errors import StudioError
from studio.plugins import discover
from studio.text.reading import Reading
from tests import manuscripts

READERS = discover("studio.text.readers")
TEXT_KINDS = ("txt", "markdown")
SAID = f"{manuscripts.ENGLISH} {manuscripts.CHINESE}"
FILES = manuscripts.of_every_kind(SAID)


@pytest.mark.parametrize("reader", READERS.values(), ids=list(READERS))
class TestContract:
    def test_it_says_what_it_is(self, reader: Any) -> None:
        assert READERS[reader.kind] is reader
        assert reader.label
        assert all(ending.startswith(".") for ending in reader.endings)

    def test_it_reads_both_languages(self, reader: Any) -> None:
        name, data = "a" + reader.endings[0], FILES[reader.kind]
        reader.check(name, data)
        reading = reader.run(name, data, reader.Spec())
        assert isinstance(reading, Reading)
        assert SAID in reading.text
        assert reading.encoding

    @pytest.mark.parametrize("data", [bytes(99), b"\x7fELF\x02\x01" + bytes(range(256)) * 9])
    def test_it_refuses_what_is_no_text(self, reader: Any, data: bytes) -> None:
        name = "a" + reader.endings[0]
        for refuse in (lambda: reader.check(name, data),
                       lambda: reader.run(name, data, reader.Spec())):  # fmt: skip
            with pytest.raises(StudioError, match=name) as caught:
                refuse()
            assert caught.value.remedy.endswith(".")

    def test_unknown_options_are_refused(self, reader: Any) -> None:
        with pytest.raises(ValueError, match="colour"):
            reader.Spec(colour="red")


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_damage_is_told(kind: str) -> None:
    reader = READERS[kind]
    data = ("水来了，船就高了。" * 30).encode() + "下".encode()[:1]
    (note,) = reader.run("a" + reader.endings[0], data, reader.Spec()).notes
    assert "1 damaged" in note


def test_no_two_readers_claim_an_ending() -> None:
    endings = [ending for reader in READERS.values() for ending in reader.endings]
    assert len(endings) == len(set(endings))


def test_every_reader_has_a_file_here() -> None:
    assert set(FILES) == set(READERS)
