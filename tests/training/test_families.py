"""A model of every family that can be taught, tiny and with random weights, learns two steps."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from studio.models.shape import FAMILIES, shape_of_facts
from studio.models.source import SUPPORTED, validate
from studio.preflight.adapters import Adapter, adapter_parameters
from studio.training import engine
from tests.models.folders import STARTER
from tests.training.material import examples, small, write_dataset
from tests.workroom import LocalRoom

CONFIG: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 512,
}  # fmt: skip
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def tiny(family: str, folder: Path) -> Path:
    """A model folder with the starter's tokenizer."""
    from transformers import AutoConfig, AutoModelForCausalLM

    starter = AutoConfig.from_pretrained(str(STARTER))
    marks = {name: getattr(starter, name) for name in ("bos_token_id", "eos_token_id")}
    made = AutoConfig.for_model(
        family, **CONFIG, **marks, pad_token_id=0, vocab_size=starter.vocab_size
    )
    AutoModelForCausalLM.from_config(made).save_pretrained(str(folder))
    for name in TOKENIZER:
        if (STARTER / name).is_file():
            shutil.copyfile(STARTER / name, folder / name)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_taught_and_reckoned(family: str, tmp_path: Path) -> None:
    room, base = LocalRoom(tmp_path), tiny(family, tmp_path / family)
    facts, made = validate(base), write_dataset(room.folder / "dataset", examples(2, seed=1))
    assert facts.architecture in SUPPORTED
    assert shape_of_facts(facts).parameters == facts.parameters
    spec = small(
        room.put(made), model={"source": "local", "name": str(base)}, max_steps=1, samples=0,
        evaluate_every=1,
    )  # fmt: skip
    result = engine.run(spec, room)
    assert result["steps"] == 1
    assert result["nll_after"] > 0
    assert adapter_parameters(shape_of_facts(facts), Adapter(rank=4)) == learned(room, result)


def learned(room: LocalRoom, result: dict[str, Any]) -> int:
    from safetensors import safe_open

    file = room.fetch(result["adapter"]) / "adapter_model.safetensors"
    with safe_open(str(file), "pt") as tensors:
        return sum(tensors.get_tensor(name).numel() for name in tensors.keys())  # noqa: SIM118
