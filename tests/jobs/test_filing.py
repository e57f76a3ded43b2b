"""Files arrive whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from studio.jobs import filing
from studio.jobs.manifests import Manifest, described


def made(tmp_path: Path, content: str = "x") -> Path:
    folder = tmp_path / "made"
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_text(content)
    return folder


def test_sweeping_spares_what_is_being_filed(tmp_path: Path) -> None:
    with filing.incoming(tmp_path) as staging:
        filing.sweep(tmp_path)
        assert staging.exists()
    assert not staging.exists()


def test_sweeping_removes_what_a_dead_process_left(tmp_path: Path) -> None:
    left = tmp_path / filing.INCOMING / "left"
    left.mkdir(parents=True)
    (left / "lock").touch()
    (left / "half").write_text("x")
    filing.sweep(tmp_path)
    assert not left.exists()


def test_a_mistake_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), filing.incoming(tmp_path) as staging:
        filing.copy(tmp_path / "missing", staging / "half", tmp_path)
    assert list((tmp_path / filing.INCOMING).iterdir()) == []


def test_a_copy_is_described_by_what_was_copied(tmp_path: Path) -> None:
    folder = made(tmp_path)
    file = filing.copy(folder / "a.txt", tmp_path / "deep" / "a.txt", folder)
    assert file == described(folder / "a.txt", folder)
    assert (tmp_path / "deep" / "a.txt").read_text() == "x"


def settled(tmp_path: Path, place: Path) -> None:
    folder = made(tmp_path)
    with filing.incoming(tmp_path) as staging:
        file = filing.copy(folder / "a.txt", staging / "files" / "a.txt", folder)
        filing.settle(staging, place, Manifest.of([file]))


def test_the_second_to_settle_keeps_the_files_of_the_first(tmp_path: Path) -> None:
    place = tmp_path / "place"
    settled(tmp_path, place)
    first = (place / "files" / "a.txt").stat().st_ino
    settled(tmp_path, place)
    assert (place / "files" / "a.txt").stat().st_ino == first
    assert (place / "manifest.json").exists()


def test_files_without_a_manifest_get_theirs(tmp_path: Path) -> None:
    place = tmp_path / "place"
    settled(tmp_path, place)
    (place / "manifest.json").unlink()
    settled(tmp_path, place)
    assert (place / "manifest.json").exists()


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path, contents = tmp_path / "note", [b"a" * 100_000, b"b" * 100_000]
    filing.write(path, contents[0])
    over = threading.Event()

    def rewrite() -> None:
        for number in range(20):
            filing.write(path, contents[number % 2])
        over.set()

    thread = threading.Thread(target=rewrite)
    thread.start()
    while not over.is_set():
        assert path.read_bytes() in contents
    thread.join()
    assert list(tmp_path.iterdir()) == [path]
