from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from studio.conversion.folding import module_shapes, peculiarities, read_config, scaling
from studio.errors import StudioError
from studio.inference.gguf import read_head
from studio.inference.runtime import Runtime
from studio.models.loading import load_model
from studio.models.source import load_tokenizer
from studio.settings import settings
from tests.ggufs import PASSAGES, Shelf, make_adapter

PECULIAR = {
    "use_rslora": True,
    "rank_pattern": (("v_proj", 4),),
    "alpha_pattern": (("layers.1.mlp.up_proj", 64), ("q_proj", 4)),
}


def logits_of_training(shelf: Shelf, adapter: str, ids: list[int]) -> np.ndarray:
    model = load_model(settings().starter, device="cpu", dtype=torch.float32)
    adapted = PeftModel.from_pretrained(model, str(shelf.room.fetch(adapter))).eval()
    with torch.inference_mode():
        return adapted(input_ids=torch.tensor([ids])).logits[0].numpy()


def logits_of_llama(shelf: Shelf, base: str, voice: str | None, ids: list[int]) -> np.ndarray:
    runtime = Runtime(shelf.gguf(base), 1024, exact=True)
    runtime.use(shelf.gguf(voice) if voice else None)
    found = runtime.logits(ids)
    runtime.close()
    return found


@pytest.fixture(scope="module")
def ids() -> list[int]:
    text = "\n".join(before + after for _language, before, after in PASSAGES)
    return list(load_tokenizer(settings().starter)(text)["input_ids"])


@pytest.mark.parametrize("options", [{}, PECULIAR], ids=["plain", "rslora and patterns"])
@pytest.mark.parametrize(("base", "voice", "limit"), [("F32", "F32", 1e-3), ("F16", "F16", 0.05)])
def test_llama_says_what_training_says(
    shelf: Shelf, ids: list[int], options: dict[str, object], base: str, voice: str, limit: float
) -> None:
    theirs = logits_of_training(shelf, shelf.adapter(**options), ids)
    ours = logits_of_llama(shelf, shelf.base(base), shelf.voice(voice, **options), ids)
    assert np.abs(ours - theirs).max() < limit
    assert (ours.argmax(1) == theirs.argmax(1)).mean() > 0.99


def test_the_voice_changes_what_is_said(shelf: Shelf, ids: list[int]) -> None:
    with_voice = logits_of_llama(shelf, shelf.base("F32"), shelf.voice(), ids)
    without = logits_of_llama(shelf, shelf.base("F32"), None, ids)
    assert np.abs(with_voice - without).max() > 0.5


def test_scaling_is_that_of_peft(shelf: Shelf) -> None:
    model = load_model(settings().starter, device="cpu", dtype=torch.float32)
    folder = shelf.room.fetch(shelf.adapter(**PECULIAR))
    config = read_config(folder)
    adapted = PeftModel.from_pretrained(model, str(folder))
    for name, module in adapted.base_model.model.named_modules():
        if hasattr(module, "lora_A"):
            assert scaling(config, name, module.r["default"]) == module.scaling["default"]


def test_head_says_adapter_of_this_architecture(shelf: Shelf) -> None:
    head = read_head(shelf.gguf(shelf.voice()))
    assert head.is_adapter
    assert head.architecture == "qwen2"
    pairs = {tensor.name.rsplit(".", 1)[0] for tensor in head.tensors}
    assert len(pairs) == len(module_shapes(shelf.room.fetch(shelf.adapter()))) == 6 * 7


def test_same_adapter_makes_the_same_artifact(shelf: Shelf) -> None:
    assert shelf.convert_adapter(shelf.adapter()) == shelf.voice()


def test_coarse_kinds_keep_the_adapter_in_16_bits(shelf: Shelf) -> None:
    artifact = shelf.convert_adapter(shelf.adapter(), "Q4_K_M")
    assert artifact == shelf.convert_adapter(shelf.adapter(), "F16")
    assert '"F16"' in (shelf.room.fetch(artifact) / "facts.json").read_text()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"lora_bias": True, "target_modules": ["q_proj"]}, "lora_bias"),
        ({"bias": "lora_only"}, "bias"),
    ],
)
def test_what_a_gguf_cannot_hold_is_refused(
    shelf: Shelf, tmp_path: Path, options: dict[str, object], name: str
) -> None:
    make_adapter(tmp_path / "a", settings().starter, **options)
    adapter = shelf.room.put(tmp_path / "a")
    with pytest.raises(StudioError) as raised:
        shelf.convert_adapter(adapter)
    assert name in raised.value.why
    assert "Merge" in raised.value.remedy


def test_starts_that_change_the_base_are_refused() -> None:
    assert peculiarities({"init_lora_weights": "pissa_niter_4"})
    assert peculiarities({"peft_type": "IA3"})
    assert not peculiarities({"peft_type": "LORA", "init_lora_weights": True, "bias": "none"})


@pytest.mark.parametrize(("architecture", "hidden"), [("llama", 256), ("qwen2", 512)])
def test_adapter_of_another_model_is_refused_by_name(
    shelf: Shelf, architecture: str, hidden: int
) -> None:
    other = shelf.other_model(architecture, hidden)
    with pytest.raises(StudioError) as raised:
        shelf.convert_adapter(shelf.adapter(), model=other)
    assert Path(other.name).name in raised.value.what
    assert "starter" in raised.value.why


def test_factors_for_a_table_that_is_another_ones_are_refused_by_name(
    shelf: Shelf, tmp_path: Path
) -> None:
    make_adapter(tmp_path / "a", settings().starter, target_modules="lm_head")
    path = tmp_path / "a" / "adapter_model.safetensors"
    save_file({n: t for n, t in load_file(path).items() if ".lora_" in n}, path)
    with pytest.raises(StudioError, match="table of the words itself") as raised:
        shelf.convert_adapter(shelf.room.put(tmp_path / "a"))
    assert "lm_head" in raised.value.remedy


def test_damaged_adapter_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    make_adapter(tmp_path / "a", settings().starter)
    path = tmp_path / "a" / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(StudioError, match=r"adapter_model\.safetensors"):
        shelf.convert_adapter(shelf.room.put(tmp_path / "a"))
