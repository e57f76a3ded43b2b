"""``adapters``: a voice goes out, comes in again and is sent, by real jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from studio.domain.base import Model
from studio.domain.records import AdapterRecord
from studio.services import context
from studio.settings import Settings
from studio.store import adapters, database
from tests.cli.test_verbs import Terminal
from tests.models.hub_server import Hub, serve
from tests.running import with_engine
from tests.services import shelf
from tests.sharing.conftest import voice
from tests.sharing.voices import SECRET

pytestmark = pytest.mark.slow
__all__ = ["voice"]
KEY = "hf_" + "k" * 30


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    (tmp_path / "remote").mkdir()
    with serve(tmp_path / "remote") as found:
        found.there, found.key = False, KEY
        yield found


@pytest.fixture
def terminal(home: Settings, hub: Hub, tmp_path: Path) -> Terminal:
    found = Terminal(home)
    found.environment |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": KEY, "OMP_NUM_THREADS": "1",
                          "LOREWRIGHT_CACHE": str(with_engine(tmp_path / "cache"))}  # fmt: skip
    return found


@pytest.fixture
def shelved(home: Settings, voice: Path) -> AdapterRecord:
    artifact = context.store().put(voice)
    record = AdapterRecord(
        id=artifact, name="Tide", artifact=artifact, job_id="j", model=Model(), dataset=None,
        language="en", nll_before=1.2, nll_after=0.9, facts={}, created_at=1.0,
        tags=("sea",),
    )  # fmt: skip
    with database.write(context.db()) as connection:
        adapters.insert(connection, record)
    return record


def test_a_voice_goes_out_and_comes_in_and_is_sent(
    terminal: Terminal, hub: Hub, shelved: AdapterRecord, tmp_path: Path
) -> None:
    out = terminal.json("adapters", "export", "Tide", tmp_path / "tide")
    assert out == {"adapter": shelved.id, "path": str(tmp_path / "tide")}
    again = terminal.json("adapters", "export", "Tide", tmp_path / "tide", status=1)
    assert again["error"]["what"] == "Nothing was written."
    taken = terminal.json("adapters", "import", tmp_path / "tide", "--name", "Back")
    shown = terminal.json("adapters", "show", "Back")
    assert shown["voice"]["id"] == taken["adapter"]
    assert shown["voice"]["facts"]["same_base"] is True
    assert shown["told"]["figures"]["best_step"] == 6
    assert shown["voice"]["nll_after"] == 0.9
    on = shelf.put().id
    measured = terminal.json("adapters", "measure", "Back")
    assert (measured["dataset"], measured["passages"]) == (on, 1)
    again = terminal.json("adapters", "show", "Back")["voice"]
    assert again["nll_before"] == measured["nll_before"] != 1.2
    assert (again["nll_after"], again["facts"]["measured_on"]) == (measured["nll_after"], on)
    assert again["facts"]["adopted"] is True
    sent = terminal.json("adapters", "push", "Tide", "owner/tiny")
    assert sent["changed"] is True
    assert hub.private
    fetched = terminal.json("adapters", "import", "owner/tiny", "--hub", "--name", "Far")
    assert terminal.json("adapters", "show", "Far")["told"]["source"]["revision"] == hub.head
    listed = terminal.json("adapters", "list")["adapters"]
    assert [v["name"] for v in listed] == ["Far", "Back", "Tide"]
    assert listed[0]["id"] == fetched["adapter"]
    jobs = terminal.json("jobs", "list")["jobs"]
    assert [job["kind"] for job in jobs] == ["adopt", "publish", "measure", "adopt"]
    assert KEY not in json.dumps(jobs)
    assert KEY.encode() not in _everything(Path(terminal.environment["LOREWRIGHT_DATA"]))
    assert SECRET not in json.dumps(listed[0])


def _everything(folder: Path) -> bytes:
    """The database, logs and spools; what a running studio takes away meanwhile is not there."""
    found = b""
    for place, _folders, names in os.walk(folder):
        if "artifacts" in Path(place).parts:
            continue
        for path in (Path(place) / name for name in names):
            with suppress(FileNotFoundError):
                found += path.read_bytes() if path.is_file() else b""
    return found


def test_the_list_is_narrowed_and_said_plainly(terminal: Terminal, shelved: AdapterRecord) -> None:
    assert "Tide" in terminal.run("adapters", "list", "--tag", "sea").stdout
    assert terminal.json("adapters", "list", "--search", "mountain") == {"adapters": []}
    assert terminal.json("adapters", "list", "--archived") == {"adapters": []}
    table = terminal.run("adapters", "show").stdout
    assert "Surprise a character, before" in table
    assert "1.2000 nats" in table


def test_what_cannot_come_in_is_said_at_once(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (tmp_path / "pickled" / "adapter_model.bin").write_bytes(b"x")
    said = terminal.json("adapters", "import", tmp_path / "pickled", status=1)
    assert "unsafe form" in said["error"]["what"]
    assert (
        "nothing at"
        in terminal.json("adapters", "import", tmp_path / "nowhere", status=1)["error"]["what"]
    )
    said = terminal.json("adapters", "import", "no name", "--hub", status=1)
    assert "owner/name" in said["error"]["remedy"]
