"""The artifact store, on a local folder and on a real S3 server."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.jobs.artifacts import ArtifactStore, _told
from studio.settings import ROOT


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "file":
        return ArtifactStore((tmp_path / "artifacts").as_uri(), tmp_path / "cache")
    url = f"{request.getfixturevalue('bucket')}/{tmp_path.name}"
    return ArtifactStore(url, tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "deep").mkdir(parents=True)
    (made / "weights.bin").write_bytes(os.urandom(300_000))
    (made / "deep" / "名字.json").write_text('{"a": 1}')
    return made


def test_what_was_put_comes_back(store: ArtifactStore, folder: Path) -> None:
    artifact = store.put(folder)
    found = store.fetch(artifact)
    assert (found / "weights.bin").read_bytes() == (folder / "weights.bin").read_bytes()
    assert (found / "deep" / "名字.json").read_text() == '{"a": 1}'
    assert sorted(p.name for p in found.rglob("*") if p.is_file()) == ["weights.bin", "名字.json"]
    assert artifact in store
    assert store.ids() == [artifact]
    assert store.manifest(artifact).bytes == 300_008


def test_the_content_decides_the_id(store: ArtifactStore, folder: Path) -> None:
    artifact = store.put(folder)
    assert store.put(folder) == artifact
    (folder / "deep" / "名字.json").write_text('{"a": 2}')
    assert store.put(folder) != artifact
    assert len(store.ids()) == 2


def test_a_deleted_artifact_is_gone_and_can_be_put_again(
    store: ArtifactStore, folder: Path
) -> None:
    artifact = store.put(folder)
    store.fetch(artifact)
    store.delete(artifact)
    store.delete(artifact)
    assert artifact not in store
    assert store.ids() == []
    with pytest.raises(StudioError, match="not in the store"):
        store.fetch(artifact)
    assert store.put(folder) == artifact
    assert store.fetch(artifact).is_dir()


def test_without_a_manifest_nothing_is_there(store: ArtifactStore, folder: Path) -> None:
    artifact = store.put(folder)
    store._fs.rm_file(f"{store._root}/{artifact}/manifest.json")
    assert artifact not in store
    assert store.put(folder) == artifact
    assert store.fetch(artifact).is_dir()


def test_an_empty_folder_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudioError, match="nothing to store"):
        store.put(tmp_path / "empty")


def test_damage_is_noticed(store: ArtifactStore, folder: Path) -> None:
    artifact = store.put(folder)
    victim = f"{store._root}/{artifact}/files/weights.bin"
    if store._local:
        Path(victim).chmod(0o644)
    store._fs.pipe_file(victim, b"x" * 300_000)
    with pytest.raises(StudioError, match="damaged") as caught:
        store.fetch(artifact)
    assert "weights.bin" in caught.value.what


def test_many_may_put_the_same_at_once(store: ArtifactStore, folder: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(store.put(folder))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert store.ids() == list(set(found))
    store.fetch(found[0])


HALF_WAY = """
import os, pathlib, signal, sys
from studio.jobs import artifacts, filing

def copy(source, target, folder, whole=filing.copy):
    if len(list(target.parent.glob("*"))) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(source, target, folder)

filing.copy = copy
url, cache, source = sys.argv[1:]
artifacts.ArtifactStore(url, pathlib.Path(cache)).put(pathlib.Path(source))
"""


def test_a_killed_process_leaves_no_half_artifact(tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.mkdir()
    for number in range(40):
        (source / f"{number}.bin").write_bytes(os.urandom(2_000))
    url = (tmp_path / "artifacts").as_uri()
    command = [sys.executable, "-c", HALF_WAY, url, str(tmp_path / "cache"), str(source)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    incoming = tmp_path / "artifacts" / ".incoming"
    assert len(list(incoming.glob("*/files/*"))) == 5
    store = ArtifactStore(url, tmp_path / "cache")
    assert store.ids() == []
    store.sweep()
    assert list(incoming.iterdir()) == []
    (incoming / "0123456789abcdef").mkdir()  # killed before it held the lock
    store.sweep()
    assert list(incoming.iterdir()) == []
    assert store.put(source) in store


def test_sweeping_takes_nothing_away_from_those_who_store(tmp_path: Path) -> None:
    store = ArtifactStore((tmp_path / "artifacts").as_uri(), tmp_path / "cache")
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            store.sweep()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for number in range(100):
            folder = tmp_path / f"made-{number}"
            folder.mkdir()
            (folder / "a.txt").write_text(str(number), encoding="utf-8")
            store.fetch(store.put(folder))
    finally:
        over.set()
        sweeper.join()
    assert len(store.ids()) == 100


def test_verified_once_a_file_is_not_hashed_again(tmp_path: Path, folder: Path) -> None:
    store = ArtifactStore((tmp_path / "artifacts").as_uri(), tmp_path / "cache")
    artifact = store.put(folder)
    assert store.fetch(artifact) == tmp_path / "artifacts" / artifact / "files"
    seal = tmp_path / "cache" / "verified" / artifact
    stamp = seal.stat().st_mtime_ns
    store.fetch(artifact)
    assert seal.stat().st_mtime_ns == stamp


def test_what_was_fetched_from_afar_is_kept(bucket: str, tmp_path: Path, folder: Path) -> None:
    far = ArtifactStore(f"{bucket}/{tmp_path.name}", tmp_path / "cache")
    artifact = far.put(folder)
    kept = far.fetch(artifact)
    assert kept == tmp_path / "cache" / artifact / "files"
    far._fs.rm(f"{far._root}/{artifact}", recursive=True)
    assert far.fetch(artifact) == kept


def test_a_full_disk_and_a_missing_store_are_told_plainly(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="is full"), _told("It failed.", "file:///a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    store = ArtifactStore((blocked / "artifacts").as_uri(), tmp_path / "cache")
    with pytest.raises(StudioError, match="could not be stored") as caught:
        store.put(folder)
    assert "a-file" in caught.value.why
