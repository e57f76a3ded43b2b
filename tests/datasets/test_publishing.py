"""Putting a dataset on the Hub, against a real HTTP server that speaks its interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.datasets.loaders.hub import plugin
from studio.datasets.publishing import push
from studio.domain.recipes import HubRows
from studio.errors import StudioError
from studio.settings import settings
from tests.models.hub_server import COMMIT, Hub, serve
from tests.training.material import examples, write_dataset

KEY = "hf_" + "k" * 30


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = tmp_path / "remote"
    folder.mkdir()
    with serve(folder) as found:
        found.there, found.key = False, KEY
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("HF_TOKEN", KEY)
        settings.cache_clear()
        yield found
    settings.cache_clear()


def publish(tmp_path: Path, private: bool = True) -> str:
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    dataset = write_dataset(tmp_path / "dataset")
    return push(dataset, scratch, "owner/tiny", "The\nTide", "messages", private)


@pytest.mark.parametrize("private", [True, False])
def test_what_was_published_can_be_read_again(hub: Hub, tmp_path: Path, private: bool) -> None:
    url = publish(tmp_path, private)
    assert url.endswith(f"/owner/tiny/commit/{COMMIT}")
    assert hub.private is private
    card = (hub.folder / "README.md").read_text(encoding="utf-8")
    assert "# The Tide" in card
    assert "12 examples to learn from and 4 held back" in card
    rows = list(plugin.run(HubRows(repository="owner/tiny", split="validation"), None))
    assert [r.fields["messages"] for r in rows] == [e["messages"] for e in examples(4, seed=2)]


def test_nothing_goes_where_everybody_can_read_it(hub: Hub, tmp_path: Path) -> None:
    hub.there, hub.private = True, False
    with pytest.raises(StudioError, match="everybody can read it"):
        publish(tmp_path)
    assert list(hub.folder.iterdir()) == []
    publish(tmp_path, private=False)
    assert (hub.folder / "data" / "train.parquet").is_file()


def test_a_wrong_key_is_said(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 30)
    with pytest.raises(StudioError, match="HF_TOKEN"):
        publish(tmp_path)
    assert list(hub.folder.iterdir()) == []


def test_no_network_is_said(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(StudioError, match="cannot be reached"):
        publish(tmp_path)
