"""A converted adapter holds what peft computes with, to the module; anything else is noticed."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.conversion import folding, toolkit
from studio.conversion.holding import Part, check_holds, name_of
from studio.errors import StudioError
from studio.settings import settings
from tests.conversion.tampering import Numbers, altered, with_alpha
from tests.ggufs import Shelf, make_adapter

DOWN = "blk.1.ffn_down.weight.lora_b"


@pytest.fixture(scope="module")
def parts(shelf: Shelf) -> dict[str, Part]:
    return folding.parts(shelf.room.fetch(shelf.adapter()))


@pytest.mark.parametrize(("kind", "most"), [("F32", 1e-6), ("F16", 4e-4)])
def test_a_right_conversion_holds(
    shelf: Shelf, parts: dict[str, Part], kind: str, most: float
) -> None:
    assert check_holds(shelf.gguf(shelf.voice(kind)), parts) < most


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda b: b * 0, "0.00 times"),
        (lambda b: b * 2, "2.00 times"),
        (lambda b: b * 1.01, "1.01 times"),
        (lambda b: -b, "-1.00 times"),
        (lambda b: b[::-1], "other numbers"),
        (lambda b: b * math.nan, "other numbers"),
        (lambda b: b + math.inf, "differ"),
    ],
)
def test_one_module_of_42_is_noticed(
    shelf: Shelf,
    parts: dict[str, Part],
    tmp_path: Path,
    how: Callable[[Numbers], Numbers],
    said: str,
) -> None:
    wrong = altered(shelf.gguf(shelf.voice()), tmp_path / "v.gguf", DOWN, how)
    with pytest.raises(StudioError, match="does not write as it was taught") as refused:
        check_holds(wrong, parts)
    assert "Of its 42 parts 1 differ" in refused.value.why
    assert "layers.1.mlp.down_proj" in refused.value.why
    assert said in refused.value.why


def test_rows_in_the_order_of_other_heads_are_those_of_no_value(
    shelf: Shelf, parts: dict[str, Part], tmp_path: Path
) -> None:
    """Only q and k are turned by the converter."""
    half = altered(
        shelf.gguf(shelf.voice()), tmp_path / "v.gguf", "blk.0.attn_v.weight.lora_b",
        lambda b: b.reshape(4, 2, 32, 8).swapaxes(1, 2).reshape(256, 8),
    )  # fmt: skip
    with pytest.raises(StudioError, match="v_proj"):
        check_holds(half, parts)


HEARD = (1.25, 4.0, -1.0)


@pytest.mark.parametrize("factor", [*HEARD, 0.0, math.nan, math.inf])
def test_another_alpha_is_noticed(
    shelf: Shelf, parts: dict[str, Part], tmp_path: Path, factor: float
) -> None:
    wrong = with_alpha(shelf.gguf(shelf.voice()), tmp_path / "v.gguf", lambda a: a * factor)
    with pytest.raises(StudioError, match="Of its 42 parts 42 differ") as refused:
        check_holds(wrong, parts)
    assert (f"_proj is applied {factor:.2f} times" in refused.value.why) == (factor in HEARD)


def test_parts_that_are_missing_are_counted(shelf: Shelf, parts: dict[str, Part]) -> None:
    fewer = {name: part for name, part in parts.items() if ".layers.1." not in f".{name}"}
    for those in (fewer, {**parts, "model.layers.9.mlp.up_proj": parts[next(iter(parts))]}):
        with pytest.raises(StudioError, match="does not write as it was taught") as refused:
            check_holds(shelf.gguf(shelf.voice()), those)
        assert "42" in refused.value.why


def test_a_voice_of_zeros_and_a_very_faint_one_are_held_as_well(shelf: Shelf) -> None:
    for std in (0.0, 1e-7):
        made = shelf.voice("F16", std=std)
        mine = folding.parts(shelf.room.fetch(shelf.adapter(std=std)))
        assert check_holds(shelf.gguf(made), mine) < 4e-4


def test_rows_turned_for_the_heads_are_known(shelf: Shelf) -> None:
    llama = shelf.other_model("llama")
    made = shelf.gguf(shelf.voice("F16", llama))
    mine = folding.parts(shelf.room.fetch(shelf.adapter(llama)))
    assert check_holds(made, mine) < 4e-4
    query = mine["model.layers.0.self_attn.q_proj"]
    swapped = {**mine, "model.layers.0.self_attn.q_proj": Part(query.a, query.b[::-1], query.scale)}
    with pytest.raises(StudioError, match="q_proj"):
        check_holds(made, swapped)


MODULES = {
    "LLAMA": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    "QWEN3": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    "GEMMA3": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    "PHI3": ("qkv_proj", "o_proj", "gate_up_proj", "down_proj"),
    "PHI2": ("q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"),
    "GLM4": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_up_proj", "down_proj"),
    "CHATGLM": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_up_proj", "down_proj"),
}
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "dense")


@pytest.mark.parametrize("architecture", MODULES)
def test_modules_are_called_as_the_converter_calls_them(
    architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(toolkit.find() / "gguf-py"), *sys.path])
    import gguf

    known = gguf.get_tensor_name_map(getattr(gguf.MODEL_ARCH, architecture), 3)
    for part in MODULES[architecture]:
        module = f"model.layers.2.{'self_attn' if part in ATTENTION else 'mlp'}.{part}"
        assert known.get_name(module) == name_of(module)
    assert name_of("lm_head") == "output"


@pytest.mark.parametrize(
    "changes",
    [
        '"lora_alpha": NaN', '"lora_alpha": Infinity', '"lora_alpha": -16', '"lora_alpha": 0',
        '"lora_alpha": "16"', '"lora_alpha": true', '"alpha_pattern": {"q_proj": NaN}',
    ],
)  # fmt: skip
def test_an_alpha_that_is_no_strength_is_not_converted(
    shelf: Shelf, tmp_path: Path, changes: str
) -> None:
    folder = Path(shutil.copytree(shelf.room.fetch(shelf.adapter()), tmp_path / "a"))
    path = folder / "adapter_config.json"
    path.write_text(path.read_text().rstrip()[:-1] + f", {changes}}}")
    with pytest.raises(StudioError, match="cannot be right"):
        shelf.convert_adapter(shelf.room.put(folder))


@pytest.mark.parametrize(
    "how",
    [
        lambda t: t | {"base_model.model.model.layers.0.mlp.up_proj.lora_A.weight": None},
        lambda t: {n: x for n, x in t.items() if "layers.0.mlp.up_proj.lora_B" not in n},
        lambda t: {n: x * (math.nan if "up_proj" in n else 1) for n, x in t.items()},
        lambda t: {n: x[:4].contiguous() if "lora_A" in n else x for n, x in t.items()},
        lambda t: {n: x[:0].contiguous() if "lora_A" in n else x for n, x in t.items()},
    ],
    ids=["no A", "no B", "nan", "ranks", "empty"],
)
def test_weights_that_are_no_whole_pairs_are_not_converted(
    shelf: Shelf, tmp_path: Path, how: Callable[[dict], dict]
) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(shelf.room.fetch(shelf.adapter()), tmp_path / "a"))
    path = folder / "adapter_model.safetensors"
    kept = {name: tensor for name, tensor in how(load_file(path)).items() if tensor is not None}
    save_file(kept, path)
    with pytest.raises(StudioError, match="cannot become a voice for llama"):
        shelf.convert_adapter(shelf.room.put(folder))


def test_sixteen_bits_hold_a_faint_and_a_loud_adapter_alike(tmp_path: Path) -> None:
    for std in (1e-9, 3e4):
        make_adapter(tmp_path / f"{std}", settings().starter, std=std, lora_alpha=0.001)
        folding.fold(tmp_path / f"{std}", tmp_path / f"folded {std}")
        before, after = (folding.parts(tmp_path / f) for f in (f"{std}", f"folded {std}"))
        for module, part in after.items():
            assert max(np.abs(part.a).max(), np.abs(part.b).max()) <= 1
            was = before[module]
            whole = part.scale * (part.b.astype(np.float16).astype(float) @ part.a)
            np.testing.assert_allclose(
                whole, was.scale * (was.b.astype(float) @ was.a), atol=2e-3 * np.abs(whole).max()
            )
