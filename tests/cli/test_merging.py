"""Voices are merged, with each other or into their base model, through to the desk's shelf."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.domain.learning import LoraSpec
from studio.domain.specs import TrainSpec
from studio.services import jobs, models, plans, stories, writing
from studio.settings import ROOT, Settings
from tests.running import running
from tests.services import shelf
from tests.services.test_merging import voice
from tests.waiting import PATIENCE

pytestmark = pytest.mark.whole_way


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running(tmp_path_factory.mktemp("merging") / "data") as found:
        yield found


def merged(*arguments: str, status: int = 0) -> Any:
    return said("adapters", "merge", *arguments, status=status)


def said(*arguments: str, status: int = 0) -> Any:
    command = [sys.executable, "-m", "studio", *arguments, "--json"]
    done = subprocess.run(
        command, env=os.environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_voices_are_merged_converted_and_proved(home: Settings, tmp_path: Path) -> None:
    for name, std in (("One", 0.03), ("Two", 0.05)):
        voice(tmp_path, name, std)
    made = merged("One=0.7", "Two=0.3", "--method", "svd", "--rank", "4", "--name", "Both")
    assert 0 < made["lost"] < 1
    assert made["rank"] == 4
    assert [(v["name"], v["weight"]) for v in made["kept"]] == [("One", 0.7), ("Two", 0.3)]
    assert made["adapter"] in {known.id for known in writing.voices()}
    mixed = merged("Both", "--into", "model", "--name", "Own", "--measure")
    assert mixed["max_abs_logit_diff"] < 0.1
    assert "Own (F16)" in {known.name for known in writing.voices()}
    assert "Own" in {record.name for record in models.list_all()}


def test_a_voice_that_no_gguf_adapter_can_hold_is_taught_for_the_desk(
    home: Settings, tmp_path: Path
) -> None:
    plan = TrainSpec(
        name="", dataset=shelf.put().id, lora=LoraSpec(rank=4, alpha=8, dora=True),
        batch_size=2, max_steps=3, evaluate_every=3, save_every=3, samples=0, max_length=128,
    )  # fmt: skip
    (tmp_path / "plan.yaml").write_text(plans.to_yaml(plan))
    made = said("train", str(tmp_path / "plan.yaml"), "--name", "Ours")
    assert made["nll_after"] < made["nll_before"]
    assert made["verification"]["top1_agreement"] >= 0.9
    (voice,) = [known for known in writing.voices() if known.name.startswith("Ours")]
    assert (voice.id, voice.name, voice.gguf_adapter) == (made["adapter"], "Ours", None)
    (model,) = [record for record in models.list_all() if record.name == "Ours"]
    assert model.facts["parents"] == [voice.id]
    asked = writing.continue_page(stories.create("Ferry").id, voice.id, max_tokens=8)
    written = jobs.wait(asked.id, PATIENCE)
    assert written.result
    assert written.result["tokens"] > 0


def test_a_mix_that_cannot_be_leaves_no_job(home: Settings) -> None:
    before = len(jobs.list_jobs())
    assert "2 to 6" in merged("One", status=1)["error"]["why"]
    assert "weight of 0" in merged("One=0", "Two", status=1)["error"]["what"]
    assert len(jobs.list_jobs()) == before
