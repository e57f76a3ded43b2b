"""Zips are opened within limits, and refused in plain words."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from studio.errors import StudioError
from studio.text import archives
from studio.text.archives import Archive, pack
from tests.manuscripts import zipped


def refused(data: bytes, member: str = "") -> StudioError:
    with pytest.raises(StudioError, match=r"novel\.zip") as caught:
        opened(data, member)
    return caught.value


def opened(data: bytes, member: str) -> bytes:
    archive = Archive("novel.zip", data)
    return archive.read(member or archive.names[0])


def test_files_by_their_names() -> None:
    archive = Archive("a.zip", zipped({"one.txt": b"1", "part/two.txt": b"2", "part/": b""}))
    assert archive.names == ("one.txt", "part/two.txt")
    assert archive.read("part/two.txt") == b"2"


def test_what_was_packed_comes_back_and_is_the_same_each_time() -> None:
    files = [("a.txt", b"1"), ("章/b.txt", b"2")]
    archive = Archive("a.zip", pack(files))
    assert [(name, archive.read(name)) for name in archive.names] == files
    assert pack(files) == pack(files)


@pytest.mark.parametrize("name", ["../a.txt", "a/../../b.txt", "/etc/passwd", "C:\\a.txt", "..\\a"])
def test_names_that_lead_outside_are_refused(name: str) -> None:
    assert "leads out" in refused(zipped({"a.txt": b"", name: b"x"})).why


def test_links_are_refused() -> None:
    link = zipfile.ZipInfo("a.txt")
    link.external_attr = 0o120777 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link" in refused(packed.getvalue()).why


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused() -> None:
    assert "a.txt" in refused(zipped([("a.txt", b"1"), ("a.txt", b"2")])).why


def test_a_bomb_is_refused() -> None:
    assert "times its size" in refused(zipped({"a.txt": bytes(50 << 20)})).why
    assert "MB" in refused(zipped({"a.txt": bytes(archives.LARGEST_MEMBER + 1)})).why


def test_a_size_that_lies_is_found_out() -> None:
    data = bytearray(zipped({"a.txt": bytes(50 << 20)}))
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 1000)
    assert "damaged" in refused(bytes(data)).what


def test_many_bombs_together_are_refused() -> None:
    data = zipped({f"{n}.txt": bytes(60 << 20) for n in range(9)})
    assert "unpacks to" in refused(data).why


def test_too_many_files_are_refused_before_they_are_listed() -> None:
    data = zipped({"a.txt": b"x"}) + archives._ENTRY * (archives.MOST_MEMBERS + 1)
    assert "more than" in refused(data).why


def test_a_password_is_said() -> None:
    data = bytearray(zipped({"a.txt": b"x"}))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    assert "password" in refused(bytes(data)).why


def test_other_ways_to_pack_are_said() -> None:
    data = bytearray(zipped({"a.txt": b"x" * 99}))
    data[data.rindex(b"PK\x01\x02") + 10] = data[8] = 9
    assert "damaged" in refused(bytes(data)).what


def test_a_missing_file_is_named() -> None:
    assert "b.txt" in refused(zipped({"a.txt": b"x"}), "b.txt").why


def test_no_zip_at_all() -> None:
    assert "damaged" in refused(b"PK\x03\x04 and then nothing").what
