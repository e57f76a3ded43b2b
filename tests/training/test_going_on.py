"""Going on from checkpoints that are damaged, from elsewhere, of another lesson, or of one that
went astray."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.domain.base import Model
from studio.domain.learning import LoraSpec
from studio.domain.specs import TrainSpec
from studio.errors import Damaged, StudioError
from studio.settings import ROOT
from studio.training import checkpoints, engine
from studio.training.checkpoints import BEST, COURSE
from studio.training.failures import lowered
from tests.models.folders import copied
from tests.training.material import examples, small, write_dataset
from tests.workroom import LocalRoom

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[LocalRoom, TrainSpec, dict[str, Any]]:
    """One finished lesson with checkpoints at steps 3, 6 and 8."""
    room = LocalRoom(tmp_path_factory.mktemp("finished"))
    spec = small(room.put(write_dataset(room.folder / "dataset")), samples=0)
    return room, spec, engine.run(spec, room)


def saved(room: LocalRoom) -> list[str]:
    """The checkpoints, the newest first."""
    return [event.artifact for event in reversed(room.of_type("checkpoint"))]


def warnings(room: LocalRoom) -> list[str]:
    return [event.text for event in room.of_type("log") if event.level == "warning"]


def losses(room: LocalRoom) -> dict[int, float]:
    return {e.step: e.values["loss"] for e in room.of_type("metric") if "loss" in e.values}


def held_out(room: LocalRoom) -> dict[int, float]:
    name = "nll_per_character"
    return {e.step: e.values[name] for e in room.of_type("metric") if name in e.values}


def beside(room: LocalRoom, folder: Path) -> Path:
    """A copy of all that ``room`` stored, to be damaged."""
    shutil.copytree(room.artifacts, folder / "artifacts")
    return folder


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize("damage", [flip_a_bit, truncate, Path.unlink])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    finished: Any, tmp_path: Path, damage: Any
) -> None:
    alone, spec, expected = finished
    _last, newest, before = saved(alone)
    place = beside(alone, tmp_path)
    damage(place / "artifacts" / newest / "optimizer.pt")
    room = LocalRoom(place, newest, (before,))
    result = engine.run(spec, room)
    assert room.of_type("progressed")[0].step == 4
    [said] = warnings(room)
    assert newest[:12] in said
    assert result["nll_after"] == expected["nll_after"]
    assert losses(room) == {step: loss for step, loss in losses(alone).items() if step > 3}


def test_where_none_is_whole_it_starts_over_and_says_so(finished: Any, tmp_path: Path) -> None:
    alone, spec, expected = finished
    place = beside(alone, tmp_path)
    for artifact in saved(alone):
        truncate(place / "artifacts" / artifact / "adapter_model.safetensors")
    room = LocalRoom(place, saved(alone)[0], tuple(saved(alone)[1:]))
    result = engine.run(spec, room)
    assert len(warnings(room)) == 4
    assert "starts over" in warnings(room)[-1]
    assert result["nll_after"] == expected["nll_after"]
    assert losses(room) == losses(alone)


def without(folder: Path, part: str) -> None:
    (folder / part).unlink()


def nonsense(folder: Path, part: str) -> None:
    (folder / part).write_bytes(b"\x80\x04nonsense")


def empty(folder: Path, part: str) -> None:
    if part.endswith(".json"):
        (folder / part).write_text("{}")
    else:
        torch.save({}, folder / part)


def newer(folder: Path, part: str) -> None:
    known = json.loads((folder / part).read_text())
    (folder / part).write_text(json.dumps({**known, "patience": 3}))


def of_another_adapter(folder: Path, part: str) -> None:
    state = torch.load(folder / part)
    for moments in state["state"].values():
        moments["exp_avg"] = torch.zeros(5, 7)
    torch.save(state, folder / part)


def of_two_shapes(folder: Path, part: str) -> None:
    state = torch.load(folder / part)
    state["state"][0]["exp_avg_sq"] = torch.zeros(3, 3)
    torch.save(state, folder / part)


def of_another_form(folder: Path, part: str) -> None:
    state = torch.load(folder / part, weights_only=False)
    torch.save(dict.fromkeys(state, 2), folder / part)


def no_numbers(folder: Path, part: str) -> None:
    save_file({n: t * float("nan") for n, t in load_file(folder / part).items()}, folder / part)


def renamed(folder: Path, part: str) -> None:
    tensors = load_file(folder / part)
    save_file({n.replace("q_proj", "other"): t for n, t in tensors.items()}, folder / part)


PARTS = (
    *((without, part) for part in ("rng_state.pth", "optimizer.pt", "scheduler.pt", COURSE)),
    *(
        (damage, part)
        for damage in (nonsense, empty)
        for part in ("rng_state.pth", "optimizer.pt", "scheduler.pt", "trainer_state.json", COURSE)
    ),
    (nonsense, "adapter_model.safetensors"),
    (nonsense, f"{BEST}/adapter_model.safetensors"),
    (without, f"{BEST}/adapter_config.json"),
    (newer, COURSE),
    (newer, "trainer_state.json"),
    (of_another_adapter, "optimizer.pt"),
    (of_two_shapes, "optimizer.pt"),
    (of_another_form, "rng_state.pth"),
    (of_another_form, "scheduler.pt"),
    (no_numbers, "adapter_model.safetensors"),
)


@pytest.mark.parametrize(("damage", "part"), PARTS)
def test_a_checkpoint_with_a_part_of_no_use_is_passed_over(
    finished: Any, tmp_path: Path, damage: Any, part: str
) -> None:
    """It was stored whole, so that no sum tells: the file is not what it should be."""
    alone, _spec, _expected = finished
    broken = tmp_path / "broken"
    shutil.copytree(alone.fetch(saved(alone)[1]), broken)
    damage(broken, part)
    place = beside(alone, tmp_path / "room")
    room = LocalRoom(place, LocalRoom(place).put(broken), (saved(alone)[2],))
    found = checkpoints.resume(room, tmp_path / "best")
    assert found is not None
    assert (found.artifact, found.step) == (saved(alone)[2], 3)
    [said] = warnings(room)
    assert part.rpartition("/")[2] in said
    with pytest.raises(Damaged):
        checkpoints.resume(LocalRoom(place), tmp_path / "best", extends=room.checkpoint)


def test_two_adapters_of_other_parts_are_no_checkpoint(finished: Any, tmp_path: Path) -> None:
    alone, _spec, _expected = finished
    broken = Path(shutil.copytree(alone.fetch(saved(alone)[1]), tmp_path / "broken"))
    renamed(broken, f"{BEST}/adapter_model.safetensors")
    room = LocalRoom(tmp_path / "room")
    with pytest.raises(Damaged, match="not of the same parts"):
        checkpoints.resume(room, tmp_path / "best", extends=room.put(broken))


def test_a_checkpoint_knows_its_place_in_the_data(finished: Any) -> None:
    alone, spec, _result = finished
    for artifact, step in zip(saved(alone), (8, 6, 3), strict=True):
        course = json.loads((alone.fetch(artifact) / COURSE).read_text())
        assert (course["step"], course["read"]) == (step, step * spec.batch_size)
        assert set(course["origin"]["base"]) == {"config.json", "model.safetensors"}


def altered(room: LocalRoom, artifact: str, folder: Path, **origin: Any) -> str:
    """The same checkpoint, as it would have been made under other circumstances."""
    shutil.copytree(room.fetch(artifact), folder)
    path = folder / COURSE
    course = json.loads(path.read_text())
    course["origin"] |= origin
    path.write_text(json.dumps(course))
    return room.put(folder)


def test_another_machine_is_told(finished: Any, tmp_path: Path) -> None:
    alone, spec, expected = finished
    then = {"device": "Great Card", "devices": 2, "libraries": {"torch": "2.1.0"}}
    checkpoint = altered(alone, saved(alone)[1], tmp_path / "made", **then)
    room = LocalRoom(alone.artifacts.parent, checkpoint)
    result = engine.run(spec, room)
    assert "2 × Great Card" in warnings(room)[0]
    assert "torch 2.1.0" in warnings(room)[1]
    assert result["nll_after"] == expected["nll_after"]


def test_a_base_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    base = copied(tmp_path / "model")
    room = LocalRoom(tmp_path / "room")
    dataset = room.put(write_dataset(room.folder / "dataset"))
    spec = small(dataset, model=Model(source="local", name=str(base)), samples=0, max_steps=4)
    engine.run(spec, room)
    weights = load_file(base / "model.safetensors")
    weights["model.norm.weight"] *= 1.01
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    again = LocalRoom(tmp_path / "room", saved(room)[1])
    with pytest.raises(StudioError, match=r"model\.safetensors has changed") as caught:
        engine.run(spec, again)
    assert caught.value.cause == "base"
    assert not losses(again)


def test_passages_of_another_lesson_are_not_mixed_in(finished: Any) -> None:
    alone, spec, _result = finished
    other = alone.put(write_dataset(alone.folder / "other", train=examples(12, seed=5)))
    for changes in ({"dataset": other}, {"lora": LoraSpec(rank=2, alpha=8, dropout=0.1)}):
        room = LocalRoom(alone.artifacts.parent)
        further = spec.model_copy(update={"extends": saved(alone)[0], "max_steps": 12, **changes})
        with pytest.raises(StudioError, match="another lesson"):
            engine.run(further, room)


def test_an_extended_lesson_goes_on_where_the_finished_one_ended(finished: Any) -> None:
    alone, spec, result = finished
    further = spec.model_copy(
        update={"extends": saved(alone)[0], "parent": result["adapter"], "max_steps": 16}
    )
    room = LocalRoom(alone.artifacts.parent)
    extended = engine.run(further, room)
    found = held_out(room)
    assert found[0] == result["nll_before"]
    assert found[8] == pytest.approx(held_out(alone)[8], rel=1e-9)
    assert extended["steps"] == 16
    assert extended["nll_after"] == min(found.values()) < result["nll_after"]
    assert sorted(losses(room)) == list(range(9, 17))
    assert room.of_type("artifact")[0].facts["parents"] == [result["adapter"]]
    # Cosine from step 8 of 16 on, one of which is for the warm-up: nothing of the old schedule.
    rates = {
        e.step: e.values["learning_rate"]
        for e in room.of_type("metric")
        if "learning_rate" in e.values
    }
    for step, rate in rates.items():
        place = (step - 1 - 1) / (16 - 1)
        wanted = spec.learning_rate * 0.5 * (1 + math.cos(math.pi * place))
        assert rate == pytest.approx(wanted, rel=1e-6), step
    assert any("learning rate goes on" in e.text for e in room.of_type("log"))


def test_there_must_be_something_to_extend(finished: Any) -> None:
    alone, spec, _result = finished
    with pytest.raises(StudioError, match="nothing to extend"):
        engine.run(
            spec.model_copy(update={"extends": saved(alone)[0]}), LocalRoom(alone.artifacts.parent)
        )


def test_what_is_to_be_extended_must_be_whole(finished: Any, tmp_path: Path) -> None:
    alone, spec, _result = finished
    place = beside(alone, tmp_path)
    truncate(place / "artifacts" / saved(alone)[0] / "optimizer.pt")
    with pytest.raises(Damaged):
        engine.run(
            spec.model_copy(update={"extends": saved(alone)[0], "max_steps": 12}), LocalRoom(place)
        )


def test_a_lesson_that_ended_early_is_handed_over_after_a_kill(tmp_path: Path) -> None:
    """Its last checkpoint was stored, its adapter was not."""
    room = LocalRoom(tmp_path)
    dataset = room.put(
        write_dataset(room.folder / "dataset", validation=examples(2, seed=9, language="zh"))
    )
    spec = small(
        dataset,
        max_steps=30,
        epochs=30,
        evaluate_every=1,
        patience=2,
        learning_rate=2e-2,
        samples=0,
    )
    expected = engine.run(spec, room)
    assert expected["steps"] < 30
    again = LocalRoom(tmp_path, saved(room)[0])
    result = engine.run(spec, again)
    assert not losses(again)
    for name in ("steps", "best_step", "nll_after", "loss"):
        assert result[name] == expected[name]


def test_a_lesson_that_goes_astray_keeps_its_best_and_goes_on_at_a_lower_rate(
    tmp_path: Path,
) -> None:
    room = LocalRoom(tmp_path)
    dataset = room.put(write_dataset(room.folder / "dataset"))
    # Warm-up to a rate far too high: it learns first, and is blown up later.
    spec = small(
        dataset, learning_rate=0.5, warmup_share=0.99, max_steps=60, epochs=200.0,
        evaluate_every=5, save_every=2, samples=0, patience=1000,
    )  # fmt: skip
    with pytest.raises(StudioError, match="went astray") as caught:
        engine.run(spec, room)
    problem = caught.value
    assert problem.cause == "diverged"
    assert "has climbed to" in problem.why
    assert f"{lowered(0.5):g}" in problem.remedy
    assert "on the shelf" in problem.remedy
    [kept] = room.of_type("artifact")
    assert kept.facts["nll_after"] == min(held_out(room).values()) < kept.facts["nll_before"]
    good = room.of_type("checkpoint")[-1].step
    assert good < max(losses(room))
    course = json.loads((room.fetch(saved(room)[0]) / COURSE).read_text())
    assert course["losses"][-1] <= 1.5 * course["first_loss"]
    again = LocalRoom(tmp_path)
    lower = spec.model_copy(
        update={"learning_rate": 1e-3, "extends": saved(room)[0], "max_steps": good + 6}
    )
    result = engine.run(lower, again)
    assert sorted(losses(again)) == list(range(good + 1, good + 7))
    rates = [e.values["learning_rate"] for e in again.of_type("metric") if "loss" in e.values]
    assert max(rates) <= 1e-3
    assert result["nll_after"] <= kept.facts["nll_after"]


STARVED = """
import resource, sys
from pathlib import Path
import datasets, trl.trainer.sft_trainer  # what a trainer has imported before its first job
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.training import checkpoints, engine
from tests.workroom import LocalRoom

class Starved(LocalRoom):
    def emit(self, body):
        super().emit(body)
        if body.type == "log":  # the model is there, nothing was learned yet
            taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (taken + (150 << 20), resource.RLIM_INFINITY))

room = Starved(Path(sys.argv[1]))
try:
    engine.run(TrainSpec.model_validate_json(sys.argv[2]), room)
except StudioError as problem:
    [peak] = [e.values["peak_memory"] for e in room.of_type("metric") if "peak_memory" in e.values]
    print(problem.cause, int(peak))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space by Linux's rules")
def test_out_of_memory_stores_what_it_took(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    passages = examples(64, seed=1, sentences=12)
    dataset = room.put(write_dataset(room.folder / "dataset", train=passages))
    spec = small(dataset, batch_size=64, max_length=512, held_out_passages=1, samples=0)
    done = subprocess.run(
        [sys.executable, "-c", STARVED, str(tmp_path), spec.model_dump_json()],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    cause, peak = done.stdout.split()
    assert cause == "memory"
    assert 0.2e9 < int(peak) < 20e9


def test_a_dataset_of_one_example_is_learned(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    one = {"train": examples(1, seed=1), "validation": examples(1, seed=2)}
    dataset = room.put(write_dataset(room.folder / "dataset", **one))
    result = engine.run(small(dataset, epochs=4.0, max_steps=None, samples=1), room)
    assert result["steps"] == 4
    assert result["nll_after"] < result["nll_before"]


def test_a_passage_of_a_million_tokens_is_left_out_and_said(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    endless = examples(1, seed=3)
    endless[0]["messages"][-1]["content"] = "The tide counted the seven bells again. " * 120_000
    dataset = room.put(write_dataset(room.folder / "dataset", train=[*examples(4, 1), *endless]))
    spec = small(dataset, max_length=10**6, max_steps=2, samples=0)
    result = engine.run(spec, room)
    assert result["steps"] == 2
    assert result["dropped_tokens"] > 10**6
    [said, *_more] = [e.text for e in room.of_type("log")]
    assert "1 are left out" in said


def test_two_lessons_of_one_name_are_two_voices(finished: Any, tmp_path: Path) -> None:
    alone, spec, result = finished
    room = LocalRoom(alone.artifacts.parent)
    other = engine.run(spec.model_copy(update={"seed": 21, "max_steps": 2}), room)
    assert other["adapter"] != result["adapter"]
    assert room.of_type("artifact")[0].name == alone.of_type("artifact")[0].name


def test_a_dataset_that_is_gone_is_named(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    with pytest.raises(StudioError, match="dataset of this lesson is gone") as caught:
        engine.run(small("a" * 64), room)
    assert caught.value.cause == "dataset"
