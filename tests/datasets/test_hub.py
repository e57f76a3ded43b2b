"""Rows of a dataset on the Hub, from a real HTTP server that speaks its interface."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.datasets import hub as remote
from studio.datasets.loaders.hub import plugin
from studio.domain.recipes import HubRows
from studio.errors import StudioError
from studio.models.hub import RemoteFile
from studio.settings import settings
from tests.datasets.tables import as_parquet, questions, written
from tests.models.hub_server import COMMIT, Hub, serve
from tests.workroom import LocalRoom

KEY = "hf_" + "k" * 30


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = tmp_path / "remote"
    folder.mkdir()
    with serve(folder) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("HF_TOKEN", KEY)
        settings.cache_clear()
        yield found
    settings.cache_clear()


def put(hub: Hub, name: str, content: bytes) -> None:
    path = hub.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def rows(tmp_path: Path, **options: Any) -> list[dict[str, Any]]:
    spec = HubRows(repository="owner/tiny", **options)
    plugin.check(spec)
    return [row.fields for row in plugin.run(spec, LocalRoom(tmp_path / "room"))]


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".json", ".csv"])
def test_rows_come_from_one_commit(hub: Hub, tmp_path: Path, ending: str) -> None:
    put(hub, f"data/train-00000-of-00002{ending}", written(questions(20)[:12], ending))
    put(hub, f"data/train-00001-of-00002{ending}", written(questions(20)[12:], ending))
    put(hub, f"data/test-00000-of-00001{ending}", written(questions(3), ending))
    put(hub, "tiny.py", b"raise SystemExit('never run')")
    assert rows(tmp_path) == questions(20)
    found = plugin.run(HubRows(repository="owner/tiny"), LocalRoom(tmp_path / "room"))
    assert found.origin["revision"] == COMMIT
    assert found.origin["repository"] == "owner/tiny"
    ids = found.origin["files"]
    assert list(ids) == [f"data/train-0000{i}-of-00002{ending}" for i in range(2)]
    assert all(len(i) == (64 if ending == ".parquet" else 4) for i in ids.values())
    assert KEY not in str(found.origin)


def test_no_more_is_fetched_than_rows_are_wanted(hub: Hub, tmp_path: Path) -> None:
    many = [{"text": os.urandom(20_000).hex()} for _ in range(900)]
    put(hub, "train.parquet", as_parquet(many, group=20))
    put(hub, "other/train.jsonl", b"{}")
    assert rows(tmp_path, most_rows=3) == many[:3]
    size = (hub.folder / "train.parquet").stat().st_size
    assert hub.sent < size / 2
    assert rows(tmp_path) == many


def test_the_card_says_which_files_are_a_split(hub: Hub, tmp_path: Path) -> None:
    hub.card = {
        "configs": [
            {"config_name": "zh", "data_files": [{"split": "train", "path": "zh/*.jsonl"}]},
            {"config_name": "default", "data_files": "en/a.jsonl"},
        ]
    }
    put(hub, "zh/a.jsonl", written(questions(4), ".jsonl"))
    put(hub, "en/a.jsonl", written(questions(2), ".jsonl"))
    put(hub, "en/b.jsonl", written(questions(9), ".jsonl"))
    assert len(rows(tmp_path)) == 2
    assert len(rows(tmp_path, subset="zh")) == 4
    with pytest.raises(StudioError, match="subsets zh, default"):
        rows(tmp_path, subset="fr")
    with pytest.raises(StudioError, match="splits train"):
        rows(tmp_path, split="test")


def test_names_say_which_files_are_a_split(hub: Hub, tmp_path: Path) -> None:
    put(hub, "stories/train.csv", written(questions(4), ".csv"))
    put(hub, "stories/dev.csv", written(questions(2), ".csv"))
    put(hub, "poems/train.csv", written(questions(9), ".csv"))
    assert len(rows(tmp_path, subset="stories")) == 4
    assert len(rows(tmp_path, subset="stories", split="validation")) == 2
    with pytest.raises(StudioError, match="consists of poems, stories"):
        rows(tmp_path, subset="plays")
    with pytest.raises(StudioError, match="splits train, validation"):
        rows(tmp_path, split="test")


def test_a_file_of_any_name_is_the_training_split(hub: Hub, tmp_path: Path) -> None:
    put(hub, "everything.jsonl", written(questions(4), ".jsonl"))
    assert len(rows(tmp_path)) == 4


def test_a_dataset_made_by_a_program_is_not_run(hub: Hub, tmp_path: Path) -> None:
    put(hub, "tiny.py", b"raise SystemExit('never run')")
    with pytest.raises(StudioError, match="a program beside it is never run"):
        rows(tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repository": "owner/other"}, "no dataset owner/other.*HF_TOKEN"),
        ({"repository": "owner/tiny", "revision": "v9"}, "no revision v9"),
    ],
)
def test_what_the_hub_does_not_have(hub: Hub, options: dict[str, Any], said: str) -> None:
    with pytest.raises(StudioError, match=said):
        plugin.check(HubRows(**options))


def test_a_gated_dataset_says_how_to_get_in(hub: Hub, tmp_path: Path) -> None:
    put(hub, "train.jsonl", written(questions(4), ".jsonl"))
    hub.gated = True
    with pytest.raises(StudioError, match=r"accept conditions first.*HF_TOKEN"):
        rows(tmp_path)


def test_the_machines_own_key_opens_a_private_dataset(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(hub, "train.jsonl", written(questions(4), ".jsonl"))
    hub.key = KEY
    assert len(rows(tmp_path)) == 4
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 30)
    with pytest.raises(StudioError, match="private"):
        rows(tmp_path)


def test_no_network_is_one_clear_line(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(StudioError, match="cannot be reached"):
        rows(tmp_path)


def test_a_line_that_breaks_is_said(hub: Hub, tmp_path: Path) -> None:
    many = [{"text": os.urandom(20_000).hex()} for _ in range(30)]
    put(hub, "train.jsonl", written(many, ".jsonl"))
    hub.cut_after = 500_000
    with pytest.raises(StudioError, match=r"broke|ended early"):
        rows(tmp_path)


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_file_on_the_hub_is_read_like_one_on_the_disk(hub: Hub, knows_ranges: bool) -> None:
    content = os.urandom(3_000_000)
    put(hub, "a.bin", content)
    hub.knows_ranges = knows_ranges
    url = f"{hub.url}/datasets/owner/tiny/resolve/{COMMIT}/a.bin"
    with remote.Line(RemoteFile("a.bin", url, len(content), None)) as line:
        for start, count in ((2_900_000, 100_000), (0, 10), (500_000, 70_000), (100, 5)):
            line.seek(start)
            found = b""
            while len(found) < count:
                found += line.read(count - len(found)) or b""
            assert found == content[start : start + count]
        assert line.seek(0, 2) == len(content)
        assert line.read(1) == b""
