"""Real trainings of the starter model, seconds long."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from studio import __version__
from studio.domain.base import Model
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.models.loading import load_model
from studio.models.source import load_tokenizer
from studio.training import engine
from studio.training.examples import rows_of
from studio.training.likelihood import measure
from tests.models.folders import STARTER, copied
from tests.training.material import examples, small, write_dataset
from tests.workroom import LocalRoom


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalRoom, TrainSpec, dict[str, Any]]:
    """One finished training for several tests."""
    room = LocalRoom(tmp_path_factory.mktemp("taught"))
    spec = small(room.put(write_dataset(room.folder / "dataset")))
    return room, spec, engine.run(spec, room)


def dataset_in(room: LocalRoom, **splits: Any) -> str:
    return room.put(write_dataset(room.folder / "dataset", **splits))


def test_the_voice_is_learned(taught: Any) -> None:
    _room, _spec, result = taught
    assert result["steps"] == 8
    assert 0 < result["nll_after"] < result["nll_before"]
    assert 0 < result["learned_tokens"] < result["train_tokens"]
    assert result["dropped_tokens"] == 0
    assert result["seconds"] > 0


def test_the_peak_of_memory_is_stored(taught: Any) -> None:
    room, _spec, result = taught
    assert result["device"] == "cpu"
    assert 0.2e9 < result["peak_memory"] < 20e9
    assert result["foreseen_memory"] is None
    [produced] = room.of_type("artifact")
    assert produced.facts["peak_memory"] == result["peak_memory"]


def test_every_step_is_told(taught: Any) -> None:
    room, _spec, result = taught
    steps = [e.step for e in room.of_type("progressed")]
    assert steps == list(range(9))
    metrics = room.of_type("metric")
    losses = {e.step: e.values["loss"] for e in metrics if "loss" in e.values}
    assert sorted(losses) == list(range(1, 9))
    held_out = {e.step: e.values for e in metrics if "nll_per_character" in e.values}
    assert sorted(held_out) == [0, 4, 8]
    assert held_out[0]["nll_per_character"] == result["nll_before"]
    assert held_out[8]["perplexity"] == pytest.approx(math.exp(held_out[8]["eval_loss"]))
    assert min(v["nll_per_character"] for v in held_out.values()) == result["nll_after"]
    tokens = [e.values["tokens"] for e in metrics if "tokens" in e.values]
    assert tokens == sorted(tokens)
    assert tokens[-1] == result["tokens"]


def test_samples_and_checkpoints_come_at_their_steps(taught: Any) -> None:
    room, _spec, _result = taught
    assert [e.step for e in room.of_type("checkpoint")] == [3, 6, 8]
    found = room.of_type("sample")
    assert [e.step for e in found] == [0, 3, 6, 8]
    assert len({e.prompt for e in found}) == 1


def test_a_checkpoint_holds_no_pickled_arguments(taught: Any) -> None:
    room, _spec, _result = taught
    folder = room.fetch(room.of_type("checkpoint")[-1].artifact)
    names = {p.name for p in folder.iterdir()}
    assert {"adapter_model.safetensors", "optimizer.pt", "rng_state.pth", "course.json"} <= names
    assert not names & {"training_args.bin", "README.md", "tokenizer.json"}


def test_the_adapter_loads_and_changes_the_model(taught: Any) -> None:
    import torch
    from peft import PeftModel

    room, spec, result = taught
    tokenizer = load_tokenizer(STARTER)
    held_out, _account = rows_of(
        room.fetch(spec.dataset) / "validation.jsonl", tokenizer, spec.formatter, spec.max_length
    )
    base = load_model(STARTER, device="cpu")
    ids = torch.tensor([held_out[0].input_ids])
    before = base(input_ids=ids).logits.detach().clone()
    model = PeftModel.from_pretrained(base, room.fetch(result["adapter"])).eval()
    assert (model(input_ids=ids).logits - before).abs().max() > 0.01
    found = measure(model, held_out, tokenizer.pad_token_id)
    assert found.per_character == pytest.approx(result["nll_after"], rel=1e-5)


def test_the_adapter_tells_where_it_came_from(taught: Any) -> None:
    room, spec, result = taught
    folder = room.fetch(result["adapter"])
    lineage = json.loads((folder / "lineage.json").read_text())
    assert lineage["spec"] == spec.model_dump(mode="json")
    assert lineage["base"]["name"] == "starter"
    assert set(lineage["base"]["sha256"]) == {"config.json", "model.safetensors"}
    assert lineage["figures"]["nll_after"] == result["nll_after"]
    assert {"torch", "peft", "trl"} <= set(lineage["libraries"])
    assert lineage["studio"]["version"] == __version__
    assert (lineage["language"], lineage["base"]["revision"]) == ("en", None)
    assert lineage["device"].endswith("CPU")
    config = (folder / "adapter_config.json").read_text()
    assert json.loads(config)["base_model_name_or_path"] == "starter"
    assert str(STARTER.parent) not in config + json.dumps(lineage)
    [produced] = room.of_type("artifact")
    assert (produced.kind, produced.artifact) == ("adapter", result["adapter"])
    assert produced.facts["language"] == "en"
    assert produced.facts["model"] == spec.model.model_dump()
    template = load_tokenizer(STARTER).get_chat_template()
    assert produced.facts["manner"]["template"]["source"] == template


def test_one_seed_gives_one_adapter(taught: Any, tmp_path: Path) -> None:
    _room, spec, result = taught
    room = LocalRoom(tmp_path)
    dataset_in(room)
    again = engine.run(spec, room)
    of_the_run = {"seconds": 0, "adapter": "", "peak_memory": 0}
    assert again | of_the_run == result | of_the_run


@pytest.mark.parametrize("quantisation", ["nf4", "int8"])
def test_a_compressed_base_learns_too(tmp_path: Path, quantisation: str) -> None:
    room = LocalRoom(tmp_path)
    spec = small(
        dataset_in(room), quantisation=quantisation, max_steps=4, evaluate_every=4, samples=0
    )
    result = engine.run(spec, room)
    assert result["nll_after"] < result["nll_before"]


def test_chinese_is_learned_alike(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    dataset = dataset_in(room, train=examples(8, 1, "zh"), validation=examples(2, 2, "zh"))
    result = engine.run(small(dataset, max_steps=4, samples=0), room)
    assert result["nll_after"] < result["nll_before"]


def test_the_best_measure_is_kept_and_patience_ends(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    held_out = [e | {"messages": e["messages"][::-1]} for e in ()] or examples(2, 9, "zh")
    dataset = dataset_in(room, validation=held_out)
    spec = small(
        dataset,
        max_steps=40,
        epochs=40,
        evaluate_every=1,
        save_every=40,
        samples=0,
        patience=2,
        learning_rate=2e-2,
    )
    result = engine.run(spec, room)
    measures = {
        e.step: e.values["nll_per_character"]
        for e in room.of_type("metric")
        if "nll_per_character" in e.values and e.step
    }
    assert max(measures) < 40
    assert result["nll_after"] == min(measures.values()) == measures[result["best_step"]]
    assert max(measures) == result["best_step"] + 2


def test_a_model_with_broken_numbers_is_named(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = copied(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"].fill_(float("nan"))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    room = LocalRoom(tmp_path / "room")
    spec = small(dataset_in(room), model=Model(source="local", name=str(folder)))
    with pytest.raises(StudioError, match="no numbers"):
        engine.run(spec, room)


def test_a_loss_that_explodes_says_what_to_change(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    spec = small(dataset_in(room), learning_rate=1.0, max_steps=30, epochs=10, samples=0)
    spec = spec.model_copy(update={"learning_rate": 1e38})
    with pytest.raises(StudioError, match="learning rate"):
        engine.run(spec, room)


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ({"validation": []}, "no held-out passages"),
        ({"train": []}, "no passage that fits"),
        ({"train": examples(3, 1, sentences=90)}, "no passage that fits"),
    ],
)
def test_nothing_to_learn_from(tmp_path: Path, splits: Any, said: str) -> None:
    room = LocalRoom(tmp_path)
    with pytest.raises(StudioError, match=said):
        engine.run(small(dataset_in(room, **splits)), room)


def test_an_objective_nobody_knows() -> None:
    with pytest.raises(ValidationError, match="telepathy"):
        small("0" * 64, objective="telepathy")
