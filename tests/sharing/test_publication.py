"""Datasets and voices are sent to a real HTTP server that takes large files as the Hub does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.datasets.loaders.hub import plugin
from studio.domain.recipes import HubRows
from studio.domain.specs import PublishSpec, TextSample
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.settings import settings
from studio.sharing import publication, upload
from studio.sharing.upload import repository_name
from tests.models.hub_server import Hub, serve
from tests.sharing.voices import SECRET
from tests.training.material import examples, write_dataset
from tests.workroom import LocalRoom

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


@pytest.fixture
def room(tmp_path: Path) -> LocalRoom:
    return LocalRoom(tmp_path / "room")


def a_dataset(room: LocalRoom, tmp_path: Path, **fields: Any) -> PublishSpec:
    artifact = room.put(write_dataset(tmp_path / "dataset"))
    given = {"what": "dataset", "artifact": artifact, "name": "The\nTide"} | fields
    return PublishSpec(repository="owner/tiny", **given)


def a_voice(room: LocalRoom, voice: Path, **fields: Any) -> PublishSpec:
    given = {"what": "adapter", "artifact": room.put(voice), "name": "Tide"} | fields
    return PublishSpec(repository="owner/tiny", **given)


def again(room: LocalRoom, tmp_path: Path) -> LocalRoom:
    """The workroom of another attempt."""
    other = LocalRoom(tmp_path / "again")
    other.artifacts = room.artifacts
    return other


@pytest.mark.parametrize("private", [True, False])
def test_a_dataset_can_be_read_again(
    hub: Hub, room: LocalRoom, tmp_path: Path, private: bool
) -> None:
    made = publication.run(a_dataset(room, tmp_path, private=private), room)
    assert made["address"] == f"{hub.url}/datasets/owner/tiny/commit/{hub.head}"
    assert (made["commit"], made["changed"]) == (hub.head, True)
    assert hub.private is private
    card = (hub.folder / "README.md").read_text(encoding="utf-8")
    assert "# The Tide" in card
    assert "12 examples to learn from and 4 held back" in card
    rows = list(plugin.run(HubRows(repository="owner/tiny", split="validation"), None))
    assert [r.fields["messages"] for r in rows] == [e["messages"] for e in examples(4, seed=2)]


def test_a_voice_goes_as_a_large_file(hub: Hub, room: LocalRoom, voice: Path) -> None:
    made = publication.run(a_voice(room, voice, licence="apache-2.0"), room)
    assert hub.private
    assert made["address"].startswith(f"{hub.url}/owner/tiny/commit/")
    weights = (voice / "adapter_model.safetensors").read_bytes()
    assert list(hub.large.values()) == [weights]
    assert hub.received == len(weights)
    assert {p.name for p in hub.folder.iterdir()} == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "lineage.json",
    }  # fmt: skip
    told = room.of_type("progressed")
    assert told[-1].steps >= told[-1].step >= len(weights)
    card = (hub.folder / "README.md").read_text(encoding="utf-8")
    assert "license: apache-2.0" in card
    assert 'PeftModel.from_pretrained(base, "owner/tiny")' in card


def test_a_broken_connection_is_taken_up_again(hub: Hub, room: LocalRoom, voice: Path) -> None:
    hub.cut_upload_after = 200_000
    assert publication.run(a_voice(room, voice), room)["changed"]
    assert (hub.folder / "adapter_model.safetensors").is_file()


def test_what_has_arrived_is_not_sent_again(
    hub: Hub, room: LocalRoom, voice: Path, tmp_path: Path
) -> None:
    hub.refuses = ("commit/main", 403)
    spec = a_voice(room, voice)
    with pytest.raises(StudioError, match="may not write there"):
        publication.run(spec, room)
    assert hub.commits == 0
    sent, hub.refuses = hub.received, None
    publication.run(spec, again(room, tmp_path))
    assert hub.received == sent > 0
    assert hub.commits == 1


def test_a_second_push_changes_nothing(
    hub: Hub, room: LocalRoom, voice: Path, tmp_path: Path
) -> None:
    spec = a_voice(room, voice)
    first = publication.run(spec, room)
    sent = hub.received
    second = publication.run(spec, again(room, tmp_path))
    assert (second["commit"], second["changed"]) == (first["commit"], False)
    assert (hub.commits, hub.received) == (1, sent)


def test_stopping_sends_no_more(hub: Hub, room: LocalRoom, voice: Path) -> None:
    room.stop_after(3)
    with pytest.raises(Stopped):
        publication.run(a_voice(room, voice), room)
    assert hub.commits == 0


def test_samples_go_along_only_where_they_were_given(
    hub: Hub, room: LocalRoom, voice: Path, tmp_path: Path
) -> None:
    publication.run(a_voice(room, voice), room)
    assert "What it writes" not in (hub.folder / "README.md").read_text(encoding="utf-8")
    samples = (TextSample(prompt="The lamp", text="went out."),)
    publication.run(a_voice(room, voice, samples=samples), again(room, tmp_path))
    assert "went out." in (hub.folder / "README.md").read_text(encoding="utf-8")


def test_the_key_is_in_nothing_that_is_kept(hub: Hub, room: LocalRoom, voice: Path) -> None:
    spec = a_voice(room, voice)
    hub.refuses = ("commit/main", 400)
    with pytest.raises(StudioError) as refused:
        publication.run(spec, room)
    kept = [spec.model_dump_json(), str(refused.value.as_dict())]
    kept += [event.model_dump_json() for event in room.events]
    assert KEY not in "".join(kept)


def test_nothing_private_leaves_with_a_voice(hub: Hub, room: LocalRoom, voice: Path) -> None:
    publication.run(a_voice(room, voice), room)
    everything = b"".join(p.read_bytes() for p in sorted(hub.folder.iterdir()))
    for private in (SECRET, "/home/quill", "d" * 64, str(voice)):
        assert private.encode() not in everything
    told = json.loads((hub.folder / "lineage.json").read_text(encoding="utf-8"))
    assert told["figures"]["best_step"] == 6
    assert told["spec"]["learning_rate"] == 3e-3


def test_nothing_goes_where_everybody_can_read_it(
    hub: Hub, room: LocalRoom, tmp_path: Path
) -> None:
    hub.there, hub.private = True, False
    spec = a_dataset(room, tmp_path)
    with pytest.raises(StudioError, match="everybody can read it"):
        publication.run(spec, room)
    assert list(hub.folder.iterdir()) == []
    publication.run(spec.model_copy(update={"private": False}), again(room, tmp_path))
    assert (hub.folder / "data" / "train.parquet").is_file()


def test_no_key_and_a_wrong_key_are_said(
    hub: Hub, room: LocalRoom, voice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 30)
    settings.cache_clear()
    with pytest.raises(StudioError, match="does not know the access key"):
        publication.run(a_voice(room, voice), room)
    monkeypatch.delenv("HF_TOKEN")
    settings.cache_clear()
    with pytest.raises(StudioError, match="no access key"):
        publication.run(a_voice(room, voice), again(room, room.folder))
    assert hub.received == 0


@pytest.mark.parametrize(
    ("status", "said"), [(403, "may not write there"), (418, "It answered"), (507, "Wait a while")]
)
def test_refusals_are_explained(
    hub: Hub, room: LocalRoom, voice: Path, status: int, said: str
) -> None:
    hub.refuses = ("repos/create", status)
    with pytest.raises(StudioError) as refused:
        publication.run(a_voice(room, voice), room)
    assert said in " ".join(refused.value.as_dict().values())


def test_no_network_and_a_silent_hub_are_said(
    hub: Hub, room: LocalRoom, voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.silent = 3.0
    monkeypatch.setattr(upload, "TIMEOUT", 0.3)
    with pytest.raises(StudioError, match="fell silent"):
        publication.run(a_voice(room, voice), room)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(StudioError, match="no connection"):
        publication.run(a_voice(room, voice), again(room, tmp_path))


@pytest.mark.parametrize("given", ["quill", "a/b/c", "quill/my voice", "", "../x/y", "羽/毛"])
def test_what_is_no_repository_is_refused(given: str) -> None:
    with pytest.raises(StudioError, match="owner/name"):
        repository_name(given)


def test_an_address_is_understood_as_its_repository() -> None:
    assert repository_name(" https://huggingface.co/quill/tide ") == "quill/tide"
    assert repository_name("https://huggingface.co/datasets/quill/tide/") == "quill/tide"
