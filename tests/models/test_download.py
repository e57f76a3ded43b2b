"""Downloads from a real HTTP server: whole, cut off, killed, refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from studio.domain.specs import DownloadSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.models import download
from studio.models.hub import wanted
from studio.models.source import validate
from studio.settings import ROOT, settings
from tests.models.folders import STARTER, change_json, copied
from tests.models.hub_server import COMMIT, Hub, serve
from tests.waiting import PATIENCE, until
from tests.workroom import LocalRoom

SPEC = DownloadSpec(repository="owner/tiny")
WHOLE = sum(p.stat().st_size for p in STARTER.iterdir() if wanted(p.name))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve(copied(tmp_path / "remote")) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("LOREWRIGHT_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("studio.models.hub.TIMEOUT", PATIENCE)
        settings.cache_clear()
        yield found
    settings.cache_clear()


def test_a_model_arrives_whole(hub: Hub, tmp_path: Path) -> None:
    (hub.folder / "pytorch_model.bin").write_bytes(b"never fetched")
    room = LocalRoom(tmp_path / "room")
    result = download.run(SPEC, room)
    folder = room.fetch(result["model"])
    assert result["revision"] == COMMIT
    assert result["licence"] == "apache-2.0"
    assert validate(folder).name == "owner/tiny"
    assert not (folder / "pytorch_model.bin").exists()
    for name in ("model.safetensors", "tokenizer.json", "chat_template.jinja"):
        assert (folder / name).read_bytes() == (STARTER / name).read_bytes()
    last = room.of_type("progressed")[-1]
    assert (last.step, last.steps) == (WHOLE, WHOLE)
    assert not list(settings().cache.rglob("*.safetensors"))


def test_a_killed_download_goes_on(hub: Hub, tmp_path: Path) -> None:
    hub.hold_at = 1_000_000
    code = (
        "from pathlib import Path; from tests.workroom import LocalRoom\n"
        "from studio.domain.specs import DownloadSpec; from studio.models import download, hub\n"
        f"hub.TIMEOUT = {PATIENCE}\n"
        f"room = LocalRoom(Path({str(tmp_path / 'first')!r}))\n"
        "download.run(DownloadSpec(repository='owner/tiny'), room)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ))
    partial = settings().cache / "downloads" / "owner--tiny" / COMMIT
    unfinished = partial / "model.safetensors.unfinished"
    until(lambda: unfinished.exists() and unfinished.stat().st_size > 500_000)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = unfinished.stat().st_size
    hub.hold_at = None
    room = LocalRoom(tmp_path / "second")
    result = download.run(SPEC, room)
    validate(room.fetch(result["model"]))
    assert hub.ranges == [("model.safetensors", f"bytes={kept}-")]
    assert room.of_type("progressed")[0].step >= kept


def test_a_dropped_connection_is_taken_up_again(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = 3_000_000
    room = LocalRoom(tmp_path / "room")
    validate(room.fetch(download.run(SPEC, room)["model"]))
    assert [name for name, _range in hub.ranges] == ["model.safetensors"]


def test_a_server_without_ranges_sends_the_file_anew(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = 3_000_000
    hub.knows_ranges = False
    room = LocalRoom(tmp_path / "room")
    validate(room.fetch(download.run(SPEC, room)["model"]))
    assert room.of_type("progressed")[-1].step == WHOLE


def test_stopping_keeps_what_has_arrived(hub: Hub, tmp_path: Path) -> None:
    room = LocalRoom(tmp_path / "room")
    room.stop = True
    with pytest.raises(Stopped):
        download.run(SPEC, room)
    room.stop = False
    validate(room.fetch(download.run(SPEC, room)["model"]))


def test_two_downloads_of_one_commit_take_turns(hub: Hub, tmp_path: Path) -> None:
    hub.hold_at = 0
    rooms = [LocalRoom(tmp_path / "room") for _turn in range(2)]
    results: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda room=room: results.append(download.run(SPEC, room)))
        for room in rooms
    ]
    for thread in threads:
        thread.start()
    until(lambda: any(map(waits, rooms)), "one of them to wait for the other")
    hub.hold_at = None
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert results[0] == results[1]
    validate(rooms[0].fetch(results[0]["model"]))
    assert [waits(room) for room in rooms].count(True) == 1
    assert hub.ranges == []


def waits(room: LocalRoom) -> bool:
    return any("another download" in told.note for told in room.of_type("progressed"))


def test_who_waits_for_another_download_can_be_stopped(hub: Hub, tmp_path: Path) -> None:
    place = settings().cache / "downloads" / "owner--tiny" / f"{COMMIT}.lock"
    place.parent.mkdir(parents=True)
    room = LocalRoom(tmp_path / "room")
    room.stop_after(1)
    with FileLock(place), pytest.raises(Stopped):
        download.run(SPEC, room)
    room.stop = False
    room.stop_after(10**6)
    validate(room.fetch(download.run(SPEC, room)["model"]))


def test_a_damaged_file_is_not_taken(hub: Hub, tmp_path: Path) -> None:
    hub.spoil = True
    with pytest.raises(StudioError, match=r"model\.safetensors arrived damaged"):
        download.run(SPEC, LocalRoom(tmp_path / "room"))
    assert not list(settings().cache.rglob("model.safetensors*"))


def test_an_unusable_model_leaves_nothing_behind(hub: Hub, tmp_path: Path) -> None:
    change_json(hub.folder / "config.json", architectures=["BertForMaskedLM"])
    with pytest.raises(StudioError, match="BertForMaskedLM"):
        download.run(SPEC, LocalRoom(tmp_path / "room"))
    left = [p for p in settings().cache.rglob("*") if p.is_file()]
    assert [p.suffix for p in left if p.stat().st_size] == []


def test_a_model_without_safetensors_is_not_fetched(hub: Hub, tmp_path: Path) -> None:
    (hub.folder / "model.safetensors").rename(hub.folder / "pytorch_model.bin")
    with pytest.raises(StudioError, match="not published as safetensors"):
        download.run(SPEC, LocalRoom(tmp_path / "room"))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (DownloadSpec(repository="owner/other"), "no model owner/other"),
        (DownloadSpec(repository="owner/tiny", revision="v9"), "no revision v9"),
    ],
)
def test_what_the_hub_does_not_have(
    hub: Hub, tmp_path: Path, spec: DownloadSpec, said: str
) -> None:
    with pytest.raises(StudioError, match=said):
        download.run(spec, LocalRoom(tmp_path / "room"))


def test_a_gated_model_says_what_to_do(hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    with pytest.raises(StudioError, match="accept conditions"):
        download.run(SPEC, LocalRoom(tmp_path / "room"))


def test_no_network_is_one_clear_line(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(StudioError, match="no connection"):
        download.run(SPEC, LocalRoom(tmp_path / "room"))


def test_no_room_on_the_disk(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SPARE_BYTES", 10**18)
    with pytest.raises(StudioError, match="no room"):
        download.run(SPEC, LocalRoom(tmp_path / "room"))


def test_only_the_parts_of_a_model_are_wanted() -> None:
    for name in ("model.safetensors", "model-00001-of-00002.safetensors", "tokenizer.model"):
        assert wanted(name)
    for name in ("consolidated.safetensors", "onnx/model.safetensors", "../x.json", "run.py"):
        assert not wanted(name)
