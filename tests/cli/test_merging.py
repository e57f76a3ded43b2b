"""The verb that merges voices, through to a voice on the desk's shelf."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.services import jobs, models, writing
from studio.settings import ROOT, Settings
from tests.running import running
from tests.services.test_merging import voice

pytestmark = [pytest.mark.whole_way, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running(tmp_path_factory.mktemp("merging") / "data") as found:
        yield found


def said(*arguments: str, status: int = 0) -> Any:
    command = [sys.executable, "-m", "studio", "adapters", "merge", *arguments, "--json"]
    done = subprocess.run(
        command, env=os.environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_voices_are_merged_converted_and_proved(home: Settings, tmp_path: Path) -> None:
    for name, std in (("One", 0.03), ("Two", 0.05)):
        voice(tmp_path, name, std)
    made = said("One=0.7", "Two=0.3", "--method", "svd", "--rank", "4", "--name", "Both")
    assert 0 < made["lost"] < 1
    assert made["rank"] == 4
    assert [(v["name"], v["weight"]) for v in made["kept"]] == [("One", 0.7), ("Two", 0.3)]
    assert made["adapter"] in {known.id for known in writing.voices()}
    mixed = said("Both", "--into", "model", "--name", "Own", "--measure")
    assert mixed["max_abs_logit_diff"] < 0.1
    assert "Own (F16)" in {known.name for known in writing.voices()}
    assert "Own" in {record.name for record in models.list_all()}


def test_a_mix_that_cannot_be_leaves_no_job(home: Settings) -> None:
    before = len(jobs.list_jobs())
    assert "2 to 6" in said("One", status=1)["error"]["why"]
    assert "weight of 0" in said("One=0", "Two", status=1)["error"]["what"]
    assert len(jobs.list_jobs()) == before
