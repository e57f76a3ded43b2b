"""A training tried out: measured, not reckoned, and nothing of it remains."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.datasets import stored
from studio.domain.specs import ProbeSpec, queue_of
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.models.source import load_tokenizer
from studio.settings import ROOT
from studio.training import peak, probe
from studio.training.examples import rows_of
from tests.models.folders import STARTER
from tests.training.material import examples, small, write_dataset
from tests.workroom import LocalRoom

TOO_LARGE = """
import json, resource, sys
from pathlib import Path
import trl, peft, datasets
from studio.training import peak, probe
from studio.domain.specs import ProbeSpec
from tests.training.material import small
from tests.workroom import LocalRoom
room = LocalRoom(Path(sys.argv[1]))
most = probe._data() + 400_000_000
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
print(json.dumps(probe.run(ProbeSpec.of(small(sys.argv[2], batch_size=64, max_length=2048)), room)))
"""


def dataset(room: LocalRoom) -> str:
    short, long = examples(20, seed=1, sentences=1), examples(3, seed=5, sentences=9)
    return room.put(write_dataset(room.folder / "dataset", train=[*short, *long]))


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalRoom, dict[str, Any]]:
    room = LocalRoom(tmp_path_factory.mktemp("tried"))
    spec = ProbeSpec.of(small(dataset(room), trackers=("tensorboard",)))
    return room, probe.run(spec, room)


def test_it_measures(tried: Any) -> None:
    _room, found = tried
    assert found["fits"] is True
    assert found["device"] == "cpu"
    assert 0.2e9 < found["peak_memory"] < 20e9
    assert found["seconds_a_step"] > 0
    assert found["tokens_a_second"] > 0
    json.dumps(found)


def test_nothing_of_it_remains(tried: Any) -> None:
    room, _found = tried
    assert {e.type for e in room.events} == {"progressed", "log"}
    assert [e.step for e in room.of_type("progressed")] == [0, 1, 2]
    assert len(list(room.artifacts.iterdir())) == 1  # the dataset


def test_the_longest_examples_are_tried(tmp_path: Path) -> None:
    given = write_dataset(
        tmp_path / "given", [*examples(20, seed=1, sentences=1), *examples(3, seed=5, sentences=9)]
    )
    probe.write_longest(given, tmp_path / "longest", small("a" * 64), load_tokenizer(STARTER))
    lengths = [len(e.turns[0]["content"]) for e in stored.read(tmp_path / "longest/train.jsonl")]
    assert len(lengths) == 4
    assert lengths[2] > 3 * lengths[3]
    assert len(list(stored.read(tmp_path / "longest/validation.jsonl"))) == 4


def test_packed_rows_are_filled(tmp_path: Path) -> None:
    given = write_dataset(tmp_path / "given", examples(40, seed=1))
    spec = small("a" * 64, packing=True, batch_size=1, max_length=512)
    tokenizer = load_tokenizer(STARTER)
    probe.write_longest(given, tmp_path / "longest", spec, tokenizer)
    _rows, account = rows_of(tmp_path / "longest/train.jsonl", tokenizer, spec.formatter, 512)
    assert 2 * 512 <= account.tokens < 3 * 512


def test_what_the_training_leaves_out_is_not_tried(tmp_path: Path) -> None:
    endless = examples(2, seed=3, sentences=60)
    given = write_dataset(tmp_path / "given", [*examples(6, seed=1), *endless])
    tokenizer, spec = load_tokenizer(STARTER), small("a" * 64)
    probe.write_longest(given, tmp_path / "longest", spec, tokenizer)
    _rows, account = rows_of(tmp_path / "longest/train.jsonl", tokenizer, spec.formatter, 256)
    assert (account.rows, account.left_out) == (4, 0)


@pytest.mark.skipif(not peak.STATUS.is_file(), reason="memory is limited by Linux alone")
def test_what_does_not_fit_is_a_result(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    lines = examples(64, seed=3, sentences=40)
    made = room.put(write_dataset(room.folder / "dataset", train=lines))
    done = subprocess.run(
        [sys.executable, "-c", TOO_LARGE, str(tmp_path), made],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["fits"] is False
    assert found["tokens_a_second"] is None
    assert found["peak_memory"] > 0.2e9


def test_what_is_of_no_use_is_still_an_error(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    made = room.put(write_dataset(room.folder / "dataset", validation=[]))
    with pytest.raises(StudioError, match="held-out"):
        probe.run(ProbeSpec.of(small(made)), room)


def test_it_stops_when_asked(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    spec = ProbeSpec.of(small(dataset(room)))
    room.stop = True
    with pytest.raises(Stopped):
        probe.run(spec, room)


def test_one_probe_serves_all_trainings_that_take_the_same() -> None:
    one = small("a" * 64)
    assert ProbeSpec.of(one) == ProbeSpec.of(
        one.model_copy(update={"name": "Other", "epochs": 9.0, "seed": 1, "learning_rate": 1e-4})
    )
    assert ProbeSpec.of(one) != ProbeSpec.of(one.model_copy(update={"batch_size": 7}))
    assert queue_of(ProbeSpec.of(one)) == "train"
