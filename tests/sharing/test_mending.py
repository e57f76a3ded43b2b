"""Adapters as other programs write them: mended from their tensors, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from studio.domain.base import Model
from studio.domain.specs import AdoptSpec
from studio.errors import StudioError
from studio.models.loading import load_model
from studio.settings import settings
from studio.sharing import adoption
from tests.ggufs import make_adapter
from tests.sharing import voices
from tests.workroom import LocalRoom

WEIGHTS = "adapter_model.safetensors"
PREFIX = "base_model.model."
Q0 = f"{PREFIX}model.layers.0.self_attn.q_proj"
Tensors = dict[str, torch.Tensor]


@pytest.fixture
def mine(voice: Path, tmp_path: Path) -> Path:
    return voices.copied(voice, tmp_path / "mine")


@pytest.fixture
def room(tmp_path: Path) -> LocalRoom:
    return LocalRoom(tmp_path / "room")


def adopt(room: LocalRoom, folder: Path) -> Path:
    """The adapter as it stands on the shelf."""
    spec = AdoptSpec(name="From afar", files=room.put(folder), bases=(Model(),))
    return room.fetch(adoption.run(spec, room)["adapter"])


def notes(room: LocalRoom) -> str:
    return "\n".join(log.text for log in room.of_type("log") if log.text.startswith("Mended"))


def change(folder: Path, how: Callable[[Tensors], Tensors]) -> None:
    save_file(how(load_file(folder / WEIGHTS)), folder / WEIGHTS)


def renamed(how: Callable[[str], str]) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {how(name): tensor for name, tensor in tensors.items()}


def logits(folder: Path) -> torch.Tensor:
    base = load_model(settings().starter, device="cpu", dtype=torch.float32)
    with torch.inference_mode():
        found: torch.Tensor = PeftModel.from_pretrained(base, str(folder))(
            torch.arange(3, 20)[None]
        ).logits
    return found


@pytest.mark.parametrize(
    "how",
    [
        lambda n: n.removeprefix(PREFIX),
        lambda n: n.removeprefix(f"{PREFIX}model."),
        lambda n: n.removeprefix("base_model."),
        lambda n: n.replace(".weight", ".default.weight"),
        lambda n: n.replace(".weight", ".tide.weight"),
        lambda n: n.removesuffix(".weight"),
        lambda n: f"module.{n}",
        lambda n: f"_orig_mod.{n}".replace("layers.0.", "layers.0._fsdp_wrapped_module."),
    ],
    ids=["bare", "inner", "half", "default", "named", "no weight", "ddp", "wrapped"],
)
def test_names_become_those_of_peft(
    room: LocalRoom, mine: Path, voice: Path, how: Callable[[str], str]
) -> None:
    change(mine, renamed(how))
    kept = adopt(room, mine)
    ours, theirs = load_file(kept / WEIGHTS), load_file(voice / WEIGHTS)
    assert set(ours) == set(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert "named in another way" in notes(room)


def test_what_was_mended_is_applied_whole(room: LocalRoom, mine: Path, voice: Path) -> None:
    change(mine, renamed(lambda n: n.removeprefix(f"{PREFIX}model.")))
    voices.change_config(mine, target_modules=["q_proj"], layers_to_transform=[1], r=3)
    kept = adopt(room, mine)
    assert torch.equal(logits(kept), logits(voice))


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_byte_order_mark_is_no_fault(
    room: LocalRoom, mine: Path, mark: bytes, encoding: str
) -> None:
    path = mine / "adapter_config.json"
    path.write_bytes((mark if encoding == "utf-8" else b"") + path.read_text().encode(encoding))
    assert voices.config(adopt(room, mine))["r"] == 8


@pytest.mark.parametrize(
    "changes",
    [
        {"target_modules": ["q_proj"]},
        {"target_modules": None},
        {"target_modules": []},
        {"target_modules": ["q_proj", "nowhere"]},
        {"layers_to_transform": [0]},
        {"layers_to_transform": 0},
        {"layers_to_transform": [0], "layers_pattern": "layers"},
        {"exclude_modules": ["q_proj"]},
        {"exclude_modules": ".*q_proj"},
    ],
)
def test_a_description_that_covers_a_part_is_written_anew(
    room: LocalRoom, mine: Path, changes: dict[str, Any]
) -> None:
    voices.change_config(mine, **changes)
    config = voices.config(adopt(room, mine))
    assert len(config["target_modules"]) == 6 * 7
    assert not config["layers_to_transform"]
    assert not config["exclude_modules"]
    assert "names other parts" in notes(room)


def test_what_only_learning_needs_does_no_harm(room: LocalRoom, mine: Path) -> None:
    nowhere = {"lora_dropout": float("nan"), "init_lora_weights": "orthogonal"}
    voices.change_config(mine, task_type="SEQ_CLS", fan_in_fan_out=True, **nowhere)
    config = voices.config(adopt(room, mine))
    assert (config["task_type"], config["lora_dropout"]) == ("CAUSAL_LM", 0)
    assert config["init_lora_weights"] is True
    assert config["fan_in_fan_out"] is False


def test_tensors_of_a_few_layers_alone_are_a_whole_adapter(room: LocalRoom, mine: Path) -> None:
    change(mine, lambda tensors: {n: t for n, t in tensors.items() if ".layers.1." in n})
    config = voices.config(adopt(room, mine))
    assert len(config["target_modules"]) == 7
    assert all(".layers.1." in f".{name}" for name in config["target_modules"])


def test_a_right_description_stays_as_it_is(room: LocalRoom, mine: Path) -> None:
    before = voices.config(mine)
    config = voices.config(adopt(room, mine))
    assert sorted(config["target_modules"]) == sorted(before["target_modules"])
    assert (config["r"], config["lora_alpha"]) == (before["r"], before["lora_alpha"])
    assert notes(room) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"r": 4},
        {"r": 64},
        {"r": None},
        {"rank_pattern": {"q_proj": 4}},
        {"rank_pattern": {".*": 2}},
    ],
)
def test_ranks_are_those_of_the_tensors(
    room: LocalRoom, mine: Path, changes: dict[str, Any]
) -> None:
    voices.change_config(mine, **changes)
    config = voices.config(adopt(room, mine))
    assert (config["r"], config["rank_pattern"]) == (8, {})
    assert "another rank" in notes(room)


RIGHT: list[dict[str, Any]] = [
    {"target_modules": ["q_proj", "v_proj"], "layers_to_transform": [0, 2]},
    {"target_modules": ["q_proj"], "layers_to_transform": 1},
    {"target_modules": r".*layers\.[02]\..*(q_proj|down_proj)"},
    {"target_modules": "all-linear", "exclude_modules": ["q_proj", "model.layers.0.mlp.up_proj"]},
    {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
    {"rank_pattern": {r"layers.(0|1).self_attn.q_proj": 4}, "alpha_pattern": {r".*mlp.*": 8}},
    {"rank_pattern": {r"layers\.[01]\.mlp\.(?:up|gate)_proj|v_proj": 2}},
    {"alpha_pattern": {r"layers\.\d+\.(mlp|self_attn).(q|up)_proj": 4}},
]


@pytest.mark.parametrize("options", RIGHT)
def test_what_peft_wrote_itself_is_right(
    room: LocalRoom, tmp_path: Path, options: dict[str, Any]
) -> None:
    make_adapter(tmp_path / "own", settings().starter, **options)
    assert torch.equal(logits(adopt(room, tmp_path / "own")), logits(tmp_path / "own"))
    assert notes(room) == ""


def test_ranks_and_alphas_of_a_modules_own_are_kept(room: LocalRoom, tmp_path: Path) -> None:
    patterns = {"rank_pattern": {"v_proj": 4}, "alpha_pattern": {"layers.1.mlp.up_proj": 64}}
    make_adapter(tmp_path / "own", settings().starter, **patterns)
    voices.change_config(tmp_path / "own", rank_pattern={})
    config = voices.config(adopt(room, tmp_path / "own"))
    own = {f"model.layers.{n}.self_attn.v_proj": 4 for n in range(6)}
    assert (config["r"], config["rank_pattern"]) == (8, own)
    assert config["alpha_pattern"] == {"model.layers.1.mlp.up_proj": 64}
    assert "another rank" in notes(room)


@pytest.mark.parametrize(
    "options",
    [
        {"use_dora": True},
        {"modules_to_save": ["lm_head"], "target_modules": ["q_proj"]},
        {"bias": "lora_only", "target_modules": ["q_proj", "k_proj"]},
        {"bias": "all", "target_modules": ["q_proj"]},
        {"lora_bias": True, "target_modules": ["q_proj"]},
    ],
    ids=["dora", "whole", "bias", "biases", "lora_bias"],
)
def test_a_variant_that_its_description_does_not_name_is_read_from_the_tensors(
    room: LocalRoom, tmp_path: Path, options: dict[str, Any]
) -> None:
    make_adapter(tmp_path / "v", settings().starter, **options)
    change(tmp_path / "v", lambda t: {n: x if ".lora_" in n else x * 2 for n, x in t.items()})
    (name, value), *_rest = options.items()
    voices.change_config(tmp_path / "v", **{name: "none" if name == "bias" else None})
    kept = adopt(room, tmp_path / "v")
    assert voices.config(kept)[name] == value
    assert "variant" in notes(room)


Q_A, Q_B = f"{Q0}.lora_A.weight", f"{Q0}.lora_B.weight"
OTHER = f"{PREFIX}model.layers.0.self_attn.k_proj"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda t: {n: x for n, x in t.items() if n != Q_B}, "not whole"),
        (lambda t: {n: x for n, x in t.items() if n != Q_A}, "not whole"),
        (lambda t: {n: x for n, x in t.items() if ".lora_A." in n}, "not whole"),
        (lambda t: t | {Q_A: torch.zeros(4, 256)}, "not whole"),
        (lambda t: t | {Q_A: torch.zeros(0, 256), Q_B: torch.zeros(256, 0)}, "does not fit"),
        (lambda t: t | {Q_A: torch.zeros(8, 0)}, "does not fit"),
        (lambda t: t | {Q_B: torch.zeros(128, 8)}, "does not fit"),
        (lambda t: t | {Q_B: torch.zeros(256, 8, 1)}, "does not fit"),
        (lambda t: t | {f"{PREFIX}vision.q_proj.lora_A.weight": torch.zeros(8, 256)}, "not fit"),
        (lambda t: t | {f"{PREFIX}model.layers.9.mlp.up_proj.lora_A.weight": torch.zeros(8, 256)},
         "does not fit"),
        (lambda t: t | {Q_A.removeprefix(PREFIX): t[Q_A].clone()}, "with certainty"),
        (lambda t: t | {Q_A: torch.full((8, 256), float("inf"))}, "spoilt"),
        (lambda t: t | {Q_A: torch.full((8, 256), 1e300, dtype=torch.float64)}, "spoilt"),
        (lambda t: t | {Q_A: torch.zeros(8, 256, dtype=torch.int8)}, "spoilt"),
        (lambda t: t | {f"{Q0}.lora_magnitude_vector": torch.ones(256)}, "not whole"),
        (lambda t: {f"{PREFIX}lm_head.weight": torch.zeros(8192, 256)}, "not whole"),
    ],
)  # fmt: skip
def test_what_cannot_be_mended_is_refused(
    room: LocalRoom, mine: Path, how: Callable[[Tensors], Tensors], said: str
) -> None:
    change(mine, how)
    with pytest.raises(StudioError, match=said):
        adopt(room, mine)
    assert room.of_type("artifact") == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda head: head[Q_A].update(dtype="Q4"),
        lambda head: head[Q_A].pop("shape"),
        lambda head: head[Q_A].update(shape=[8, 255]),
        lambda head: head[Q_A].update(shape=[-8, -256]),
        lambda head: head[Q_A].update(data_offsets=[0, 4]),
        lambda head: head.update({Q_A: 3}),
    ],
)
def test_a_table_of_contents_that_makes_no_sense_is_refused(
    room: LocalRoom, mine: Path, spoil: Callable[[dict[str, Any]], Any]
) -> None:
    content = (mine / WEIGHTS).read_bytes()
    length = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + length])
    spoil(head)
    text = json.dumps(head).encode()
    told = len(text).to_bytes(8, "little") + text
    (mine / WEIGHTS).write_bytes(told + content[8 + length :])
    with pytest.raises(StudioError, match="damaged"):
        adopt(room, mine)


@pytest.mark.parametrize(
    "text",
    [
        '"lora_alpha": NaN', '"lora_alpha": Infinity', '"lora_alpha": -Infinity',
        '"lora_alpha": 0', '"lora_alpha": true', '"lora_alpha": "16"', '"lora_alpha": null',
        '"lora_alpha": 1e300', f'"lora_alpha": 1{"0" * 400}',
        '"r": true', '"r": 0', '"r": -8', '"r": 8.5', '"r": NaN',
        '"alpha_pattern": {"q_proj": NaN}', '"alpha_pattern": {"q_proj": 0}',
        '"alpha_pattern": {"q_proj": "4"}', '"alpha_pattern": ["q_proj"]',
        '"rank_pattern": {"q_proj": 0}', '"init_lora_weights": "elsewhere"',
        '"rank_pattern": {"q_proj": true}', '"target_modules": 3', '"target_modules": [3]',
        '"use_dora": "yes"', '"modules_to_save": {"a": 1}',
    ],
)  # fmt: skip
def test_values_that_cannot_be_meant_are_refused(room: LocalRoom, mine: Path, text: str) -> None:
    path = mine / "adapter_config.json"
    path.write_text(path.read_text().rstrip()[:-1] + f", {text}}}")
    with pytest.raises(StudioError, match="cannot be right"):
        adopt(room, mine)
    assert room.of_type("artifact") == []


@pytest.mark.parametrize("pattern", ["(a+)+$", "q_proj\\", "*q_proj", "(?!k).*", "((a|b)|c)*"])
def test_a_pattern_that_cannot_be_run_matters_for_strengths_alone(
    room: LocalRoom, mine: Path, pattern: str
) -> None:
    voices.change_config(mine, rank_pattern={pattern: 8})
    assert voices.config(adopt(room, mine))["rank_pattern"] == {}
    voices.change_config(mine, rank_pattern={}, alpha_pattern={pattern: 8})
    with pytest.raises(StudioError, match="cannot be known") as refused:
        adopt(room, mine)
    assert pattern in refused.value.why


@pytest.mark.parametrize("start", ["loftq", "corda", "lora_ga"])
def test_what_belongs_to_a_changed_base_model_is_said_to(
    room: LocalRoom, mine: Path, start: str
) -> None:
    voices.change_config(mine, init_lora_weights=start)
    with pytest.raises(StudioError, match="was changed for it") as refused:
        adopt(room, mine)
    assert "init_lora_weights" in refused.value.remedy
    voices.change_config(mine, init_lora_weights=True)
    assert voices.config(adopt(room, mine))["init_lora_weights"] is True


@pytest.mark.parametrize("text", ["[1]", '[["peft_type", "LORA"], ["r", 8]]', '"x"', "null"])
def test_a_description_that_is_no_record_names_no_folder(
    room: LocalRoom, mine: Path, text: str
) -> None:
    (mine / "adapter_config.json").write_text(text)
    with pytest.raises(StudioError, match="description cannot be read") as refused:
        adopt(room, mine)
    assert "/" not in str(refused.value)


def test_a_bias_where_the_base_has_none_is_refused(room: LocalRoom, mine: Path) -> None:
    def biased(tensors: Tensors) -> Tensors:
        for name in [n for n in tensors if ".lora_B." in n]:
            tensors[name.replace(".weight", ".bias")] = torch.zeros(len(tensors[name]))
        return tensors

    change(mine, biased)
    voices.change_config(mine, lora_bias=True)
    with pytest.raises(StudioError, match="cannot be applied here") as refused:
        adopt(room, mine)
    assert "lora_bias" in refused.value.why


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("parts", "carried"),
    [(["q_proj", "lm_head"], {}), (["q_proj"], {"save_embedding_layers": True})],
)
def test_what_is_the_base_models_own_is_left_out(
    room: LocalRoom, tmp_path: Path, parts: list[str], carried: dict[str, Any], dtype: torch.dtype
) -> None:
    """peft saves the tables of the words along with an adapter that touches them."""
    whole = AutoModelForCausalLM.from_pretrained(settings().starter, dtype=dtype)
    adapted = get_peft_model(whole, LoraConfig(target_modules=parts, task_type="CAUSAL_LM"))
    adapted.save_pretrained(tmp_path / "own", **carried)
    theirs = load_file(tmp_path / "own" / WEIGHTS)
    assert any(".lora_" not in name for name in theirs)
    kept = adopt(room, tmp_path / "own")
    assert set(load_file(kept / WEIGHTS)) == {name for name in theirs if ".lora_" in name}
    assert voices.config(kept)["modules_to_save"] is None
    assert "as the base model has it" in notes(room)


def test_factors_for_a_table_of_another_base_model_are_refused(
    room: LocalRoom, tmp_path: Path
) -> None:
    make_adapter(tmp_path / "own", settings().starter, target_modules=["q_proj", "lm_head"])
    own = f"{PREFIX}lm_head.base_layer.weight"
    change(tmp_path / "own", lambda tensors: tensors | {own: tensors[own] * 2})
    with pytest.raises(StudioError, match="was changed for it"):
        adopt(room, tmp_path / "own")


def test_factors_for_the_table_of_the_words_are_named(room: LocalRoom, tmp_path: Path) -> None:
    make_adapter(tmp_path / "own", settings().starter, target_modules=["embed_tokens"])
    with pytest.raises(StudioError, match="cannot be applied here") as refused:
        adopt(room, tmp_path / "own")
    assert "embed_tokens" in refused.value.why


@pytest.mark.parametrize(
    "path",
    ["/home/quill/models/starter", r"C:\Users\quill\starter", r"\\quill\share\starter",
     "~/quill/starter", "./quill/starter", "file:///quill/starter"],
)  # fmt: skip
def test_no_path_of_another_machine_is_stored(room: LocalRoom, mine: Path, path: str) -> None:
    told = json.loads((mine / "lineage.json").read_text())
    told["base"]["name"] = path
    told["device"] = path
    told["libraries"]["torch"] = path
    told["spec"] |= {"model": {"source": "local", "name": path}, "preset": path}
    (mine / "lineage.json").write_text(json.dumps(told))
    voices.change_config(mine, base_model_name_or_path=path)
    kept = adopt(room, mine)
    stored = b"".join((kept / n).read_bytes() for n in ("lineage.json", "adapter_config.json"))
    assert b"quill" not in stored
    assert json.loads((kept / "lineage.json").read_text())["base"]["name"] == "starter"
    assert "quill" not in json.dumps(room.of_type("artifact")[0].facts)
