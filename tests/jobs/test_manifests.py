"""An artifact's id and what vouches for its files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.jobs.manifests import Manifest, described, files_of, fingerprint, verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "deep").mkdir(parents=True)
    (made / "b.bin").write_bytes(b"12345")
    (made / "deep" / "名字.json").write_text("{}")
    return made


def manifest_of(folder: Path) -> Manifest:
    return Manifest.of([described(path, folder) for path in files_of(folder)])


def test_a_manifest_lists_every_file_once(folder: Path) -> None:
    found = manifest_of(folder)
    assert [(file.path, file.size) for file in found.files] == [("b.bin", 5), ("deep/名字.json", 2)]
    assert found.files[0].sha256 == hashlib.sha256(b"12345").hexdigest()
    assert found.bytes == 7


def test_the_order_of_files_does_not_matter(folder: Path) -> None:
    found = manifest_of(folder)
    assert Manifest.of(list(reversed(found.files))) == found


def test_name_and_content_decide_the_id(folder: Path) -> None:
    before = manifest_of(folder).id
    (folder / "b.bin").write_bytes(b"12346")
    changed = manifest_of(folder).id
    (folder / "b.bin").rename(folder / "c.bin")
    assert len({before, changed, manifest_of(folder).id}) == 3


def test_a_change_shows_in_the_fingerprint(folder: Path) -> None:
    found = manifest_of(folder)
    before = fingerprint(folder, found)
    assert fingerprint(folder, found) == before
    os.utime(folder / "b.bin", (1, 1))
    assert fingerprint(folder, found) != before


def test_damage_is_named_and_what_is_missing_is_another_matter(folder: Path) -> None:
    found = manifest_of(folder)
    verify(folder, found)
    (folder / "b.bin").write_bytes(b"54321")
    with pytest.raises(StudioError, match=r"b\.bin is damaged"):
        verify(folder, found)
    (folder / "b.bin").unlink()
    with pytest.raises(FileNotFoundError):
        verify(folder, found)
