"""The table of families: each is really added, looked over, taught, converted, proved and written
with. What the table in docs/families.md says of each is what happens here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from studio.conversion import engine as conversion
from studio.conversion import verification
from studio.datasets.formatting import formatter_of
from studio.domain.base import Model
from studio.domain.findings import Finding, Report
from studio.domain.learning import LoraSpec
from studio.domain.prompts import continuation
from studio.domain.specs import ConvertSpec, RegisterSpec, TrainSpec
from studio.domain.writing import Sampling, WriteSpec
from studio.errors import StudioError
from studio.inference import engine as inference
from studio.models.catalogue import catalogue
from studio.models.source import load_tokenizer
from studio.services import models, training
from studio.settings import Settings
from studio.training import engine
from tests.families import KINDS, family_name, make
from tests.models.folders import MARK, marked
from tests.services.shelf import dataset_row
from tests.training.material import examples, write_dataset
from tests.workroom import LocalRoom
from workers import tasks

STORY = "The ferry had not come for three days, and nobody in the harbour spoke of it."


class Bench:
    """A model of one kind, and the way of a voice on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room = LocalRoom(folder / "room")
        held_out = examples(3, 2)
        for turn in held_out[0]["messages"]:  # some marks take white space along
            turn["content"] = f"\n {turn['content']} \n"
        passages = write_dataset(folder / "dataset", examples(6, 1), held_out)
        self.dataset = self.room.put(passages)

    def spec(self, **changes: Any) -> TrainSpec:
        fields: dict[str, Any] = {
            "name": "Voice",
            "dataset": self.dataset,
            "model": Model(source="local", name=str(self.folder / "model")),
            "lora": LoraSpec(rank=4, alpha=8),
            "learning_rate": 1e-2,
            "max_steps": 2,
            "max_length": 512,
            "samples": 0,
        }
        return TrainSpec(**fields | changes)

    def preflight(self, spec: TrainSpec) -> Report:
        dataset_row(self.dataset)
        return training.preflight(spec)

    def convert(self, converter: str, adapter: str | None = None) -> str:
        spec = ConvertSpec(
            name="voice",
            converter=converter,
            model=self.spec().model,
            adapter=adapter,
            quantisation="F32",
        )
        return str(conversion.run(spec, self.room)["gguf"])

    def prove(self, adapter: str, base: str, voice: str) -> dict[str, Any]:
        spec = RegisterSpec(
            name="voice",
            model=self.spec().model,
            dataset=self.dataset,
            adapter=adapter,
            gguf_base=base,
            gguf_adapter=voice,
            positions=64,
        )
        return verification.run(spec, self.room)

    def write(self, base: str, voice: str) -> str:
        tokenizer = load_tokenizer(Path(self.spec().model.name))
        spec = WriteSpec(
            gguf_base=base,
            gguf_adapter=voice,
            messages=tuple(continuation("en", STORY)),
            template=formatter_of(self.spec().formatter).template(tokenizer),
            max_tokens=8,
            sampling=Sampling(temperature=0, seed=1),
        )
        return str(inference.run(spec, self.room)["text"])


class Way(NamedTuple):
    """What became of a voice on a model."""

    blocked: tuple[Finding, ...]
    proof: dict[str, Any]
    written: str

    @property
    def is_whole(self) -> bool:
        """Whether it ended at the desk; a random model says far other things than a converted one
        that is a hair's breadth off."""
        agrees = self.proof["positions"] > 20 and self.proof["max_abs_logit_diff"] < 1e-2
        return not self.blocked and agrees and bool(self.written)


def the_way(bench: Bench) -> Way:
    """Every step of the table."""
    spec = bench.spec()
    models.add_local(spec.model.name)
    blocked = bench.preflight(spec).at("blocks")
    adapter = engine.run(spec, bench.room)["adapter"]
    base, voice = bench.convert("base-gguf"), bench.convert("adapter-gguf", adapter)
    return Way(blocked, bench.prove(adapter, base, voice), bench.write(base, voice))


def test_every_family_of_the_catalogue_is_here() -> None:
    assert {family_name(entry) for entry in catalogue()} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_family_of_the_catalogue(name: str, home: Settings, roomy: None, tmp_path: Path) -> None:
    make(tmp_path / "model", name)
    assert the_way(Bench(tmp_path)).is_whole


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("gemma", {}),
        ("phi", {"intermediate_size": 176}),
        ("glm", {"rope_parameters": {"rope_theta": 50000.0, "partial_rotary_factor": 0.5}}),
        ("mistral-v0.3", {"sliding_window": 192}),
        ("gemma3", {"layer_types": ["full_attention", "sliding_attention"]}),
    ],
)
def test_what_the_converter_takes_for_granted_is_told_to_it(
    name: str, config: dict[str, Any], home: Settings, roomy: None, tmp_path: Path
) -> None:
    make(tmp_path / "model", name, **config)
    assert the_way(Bench(tmp_path)).is_whole


@pytest.mark.slow
def test_a_pad_token_without_a_row_goes_all_the_way(
    home: Settings, roomy: None, tmp_path: Path
) -> None:
    marked(make(tmp_path / "model", "qwen3"), pad_token=MARK)
    assert the_way(Bench(tmp_path)).is_whole


@pytest.mark.parametrize("name", ["gemma2", "phi3.5", "yi1.5"])
def test_what_cannot_be_converted_is_said_before(
    name: str, home: Settings, roomy: None, tmp_path: Path
) -> None:
    (make(tmp_path / "model", name) / "tokenizer.model").unlink()
    bench = Bench(tmp_path)
    models.add_local(bench.spec().model.name)
    [blocking] = bench.preflight(bench.spec()).at("blocks")
    assert blocking.check == "conversion"
    assert "tokenizer.model" in blocking.remedies[0].label
    # Asked for while llama.cpp was not ready, the training finds it out by itself.
    with pytest.raises(StudioError, match="taken to the writing desk") as refused:
        tasks._engine("train")(bench.spec(), bench.room)
    assert refused.value.remedy == blocking.remedies[0].label
    assert bench.room.of_type("progressed") == []
