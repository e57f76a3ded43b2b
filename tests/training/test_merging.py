"""Mixing voices: parity in logits for each method, and refusals that leave nothing behind."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.conversion.folding import CONFIG, WEIGHTS
from studio.domain.base import Model
from studio.domain.facts import DeviceFacts
from studio.domain.merges import MergePart, MergeSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.models.loading import load_model
from studio.settings import settings
from studio.training import capacity, factors, merging, mixing, spectrum
from tests.ggufs import make_adapter, make_model
from tests.training.material import write_dataset
from tests.workroom import LocalRoom

pytestmark = pytest.mark.slow
IDS = torch.arange(40, 90)[None]
Adapter = Callable[..., str]
PLAIN: dict[str, Any] = {"r": 4, "lora_alpha": 8}
RANKED: dict[str, Any] = {"r": 8, "lora_alpha": 16, "use_rslora": True}
PATTERNED: dict[str, Any] = {
    "r": 4,
    "lora_alpha": 4,
    "rank_pattern": (("q_proj", 6), ("layers.1.mlp.up_proj", 2)),
    "alpha_pattern": (("v_proj", 12),),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """An untrained model of two layers in 32 bits."""
    folder = tmp_path_factory.mktemp("models") / "small"
    make_model(folder, "llama", 64)
    return Model(source="local", name=str(folder))


@pytest.fixture(autouse=True)
def _roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Much memory and disk is left, whatever else the machine does meanwhile."""
    monkeypatch.setattr(capacity, "here", lambda _folder: WHOLE)


@pytest.fixture
def room(tmp_path: Path) -> LocalRoom:
    return LocalRoom(tmp_path / "room")


@pytest.fixture
def adapter(small: Model, room: LocalRoom, tmp_path: Path) -> Adapter:
    """Stores an adapter of the small model with peft's options; no two are alike."""
    made: list[Path] = []

    def store(**options: Any) -> str:
        folder = tmp_path / f"adapter-{len(made)}"
        make_adapter(folder, Path(small.name), std=0.03 + 0.01 * len(made), **options)
        made.append(folder)
        (folder / "README.md").unlink(missing_ok=True)
        return room.put(folder)

    return store


def spec(model: Model, *parts: tuple[str, float], **changes: Any) -> MergeSpec:
    named = tuple(
        MergePart(adapter=adapter, name=f"Voice {number}", weight=weight)
        for number, (adapter, weight) in enumerate(parts)
    )
    fields = {"name": "Mix", "model": model, "parts": named, "measure": False}
    return MergeSpec(**(fields | changes))


def changes_of(room: LocalRoom, adapter: str, model: Model) -> dict[str, torch.Tensor]:
    """ΔW of every module as peft itself computes it."""
    from peft import PeftModel

    loaded = PeftModel.from_pretrained(load_model(Path(model.name)), str(room.fetch(adapter)))
    return {
        name: module.get_delta_weight("default").detach()
        for name, module in loaded.base_model.model.named_modules()
        if hasattr(module, "get_delta_weight")
    }


def logits_with(model: Model, changes: dict[str, torch.Tensor]) -> torch.Tensor:
    """What the base model says with ΔW added to its own weights."""
    loaded = load_model(Path(model.name), device="cpu", dtype=torch.float32)
    with torch.inference_mode():
        for name, change in changes.items():
            loaded.get_submodule(name).weight.add_(change)
        return torch.as_tensor(loaded(input_ids=IDS).logits)


def logits_of(room: LocalRoom, adapter: str, model: Model) -> torch.Tensor:
    from peft import PeftModel

    base = load_model(Path(model.name), device="cpu", dtype=torch.float32)
    loaded = PeftModel.from_pretrained(base, str(room.fetch(adapter))).eval()
    with torch.inference_mode():
        return torch.as_tensor(loaded(input_ids=IDS).logits)


def summed(room: LocalRoom, model: Model, *parts: tuple[str, float]) -> dict[str, torch.Tensor]:
    total: dict[str, torch.Tensor] = {}
    for adapter, weight in parts:
        for name, change in changes_of(room, adapter, model).items():
            total[name] = total.get(name, torch.zeros_like(change)) + weight * change
    return total


def norm(changes: dict[str, torch.Tensor]) -> float:
    return math.sqrt(sum(float(c.double().square().sum()) for c in changes.values()))


@pytest.mark.parametrize(
    "other", [PLAIN, RANKED, PATTERNED, {**PLAIN, "target_modules": ("q_proj",)}]
)
def test_cat_is_the_exact_sum(
    other: dict[str, Any], small: Model, room: LocalRoom, adapter: Adapter
) -> None:
    if "target_modules" in other:
        other = {**other, "target_modules": r".*q_proj"}
    parts = ((adapter(**PLAIN), 0.7), (adapter(**other), 0.4), (adapter(**RANKED), 1.3))
    made = merging.run(spec(small, *parts), room)
    expected = logits_with(small, summed(room, small, *parts))
    found = logits_of(room, made["adapter"], small)
    assert (expected - logits_with(small, {})).abs().max() > 0.05
    assert torch.allclose(found, expected, atol=1e-4)
    assert made["lost"] == 0.0


def test_svd_of_full_rank_is_exact_and_a_smaller_one_loses_what_it_says(
    small: Model, room: LocalRoom, adapter: Adapter
) -> None:
    parts = ((adapter(**PLAIN), 0.7), (adapter(**RANKED), 0.5))
    exact = summed(room, small, *parts)
    whole = merging.run(spec(small, *parts, method="svd", rank=12), room)
    expected = logits_with(small, exact)
    assert torch.allclose(logits_of(room, whole["adapter"], small), expected, atol=1e-4)
    assert whole["lost"] < 1e-5
    short = merging.run(spec(small, *parts, method="svd", rank=3), room)
    found = changes_of(room, short["adapter"], small)
    away = {name: exact[name] - found[name] for name in exact}
    assert short["rank"] == 3
    assert short["lost"] == pytest.approx(norm(away) / norm(exact), rel=1e-3)
    best = {name: torch.linalg.svdvals(change.double())[3:] for name, change in exact.items()}
    assert short["lost"] == pytest.approx(norm(best) / norm(exact), rel=1e-3)


def test_what_svd_loses_at_each_rank_is_known_beforehand(
    small: Model, room: LocalRoom, adapter: Adapter, tmp_path: Path
) -> None:
    brain = room.put(in_bfloat16(room.fetch(adapter(**RANKED)), tmp_path / "brain"))
    stored = (adapter(**PLAIN), brain, adapter(**PATTERNED))
    known = spectrum.grams([factors.read(room.fetch(each), each) for each in stored])
    for weights in ((0.7, 0.5, 1.3), (2.0, 0.05, 0.6)):
        parts = tuple(zip(stored, weights, strict=True))
        found = spectrum.lost(known, weights)
        assert len(found) == 4 + 8 + 6
        for rank in (1, 5, 12, 14, 18):
            made = merging.run(spec(small, *parts, method="svd", rank=rank), room)
            assert found[rank - 1] == pytest.approx(made["lost"], rel=1e-3, abs=1e-5)
    assert spectrum.lost(known, (0.0, 0.0, 0.0)) == []


def in_bfloat16(adapter: Path, target: Path) -> Path:
    """As a training in four bits leaves it."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(adapter, target)
    found = load_file(adapter / WEIGHTS)
    save_file({name: weights.bfloat16() for name, weights in found.items()}, target / WEIGHTS)
    return target


@pytest.mark.parametrize(
    ("method", "theirs"),
    [("svd", "svd"), ("linear", "linear"), ("ties", "ties_svd"), ("dare_linear", "dare_linear_svd"),
     ("dare_ties", "dare_ties_svd")],
)  # fmt: skip
def test_plain_adapters_are_mixed_as_peft_mixes_them(
    method: str, theirs: str, small: Model, room: LocalRoom, adapter: Adapter
) -> None:
    from peft import PeftModel

    parts = ((adapter(**PLAIN), 0.7), (adapter(**PLAIN), 0.5))
    density = 1.0 if method.startswith("dare") else 0.4  # their dice fall in another order
    made = merging.run(spec(small, *parts, method=method, rank=32, density=density), room)
    model = PeftModel.from_pretrained(
        load_model(Path(small.name)), str(room.fetch(parts[0][0])), "0"
    )
    model.load_adapter(str(room.fetch(parts[1][0])), "1")
    options = {"svd_rank": 32} if "svd" in theirs else {}
    model.add_weighted_adapter(
        ["0", "1"], [0.7, 0.5], "mix", combination_type=theirs, density=density, **options
    )
    model.set_adapter("mix")
    with torch.inference_mode():
        expected = model.eval()(input_ids=IDS).logits
    assert torch.allclose(logits_of(room, made["adapter"], small), expected, atol=1e-4)


def test_linear_is_not_the_sum_and_says_by_how_much(
    small: Model, room: LocalRoom, adapter: Adapter
) -> None:
    parts = ((adapter(**PLAIN), 0.7), (adapter(**{**PLAIN, "r": 2}), 0.5))
    exact = summed(room, small, *parts)
    made = merging.run(spec(small, *parts, method="linear"), room)
    found = changes_of(room, made["adapter"], small)
    away = {name: exact[name] - found[name] for name in exact}
    assert made["rank"] == 4
    assert made["lost"] > 0.05
    assert made["lost"] == pytest.approx(norm(away) / norm(exact), rel=1e-3)


def test_ties_keeps_the_large_changes_on_which_most_agree() -> None:
    """The example is worked out by hand from the three steps of Yadav et al. 2023."""
    one = torch.tensor([[4.0, -1.0], [3.0, 0.5]])
    two = torch.tensor([[2.0, -5.0], [-6.0, 0.1]])
    pairs = [(1.0, mixing.Pair(torch.eye(2), m)) for m in (one, two)]
    asked = MergeSpec(
        name="Mix", method="ties", density=0.5,
        parts=tuple(MergePart(adapter=c * 64, name=c) for c in "ab"),
    )  # fmt: skip
    # Trimmed: [[4, 0], [3, 0]] and [[0, -5], [-6, 0]]; signs elected: [[+, -], [-, +]].
    expected = torch.tensor([[4.0, -5.0], [-6.0, 0.0]])
    found = mixing.mixed(asked, pairs, rank=2)
    assert torch.allclose(found.pair.dense(), expected, atol=1e-5)
    assert found.lost < 1e-8
    short = mixing.mixed(asked, pairs, rank=1)
    least = float(torch.linalg.svdvals(expected)[1])
    assert math.sqrt(short.lost) == pytest.approx(least, rel=1e-4)


def test_dare_is_the_same_again_with_one_seed_and_near_the_sum_on_the_whole(
    small: Model, room: LocalRoom, adapter: Adapter
) -> None:
    parts = ((adapter(**PLAIN), 0.7), (adapter(**PLAIN), 0.5))
    asked = spec(small, *parts, method="dare_linear", rank=64, density=0.5)
    first, again = merging.run(asked, room), merging.run(asked, room)
    other = merging.run(asked.model_copy(update={"seed": 21}), room)
    assert first == again
    assert other["adapter"] != first["adapter"]
    exact = summed(room, small, *parts)
    found = changes_of(room, first["adapter"], small)
    mean = {name: (found[name] - exact[name]).mean().abs() for name in exact}
    spread_ = {name: exact[name].std() for name in exact}
    assert all(mean[name] < spread_[name] * 0.1 for name in exact)


@pytest.mark.parametrize("method", ["cat", "svd", "linear", "ties", "dare_linear", "dare_ties"])
def test_a_model_of_its_own_says_what_base_and_adapter_say(
    method: str, small: Model, room: LocalRoom, adapter: Adapter
) -> None:
    parts = ((adapter(**PLAIN), 0.7), (adapter(**RANKED), 0.5))
    voice = merging.run(spec(small, *parts, method=method), room)
    made = merging.run(spec(small, *parts, method=method, into="model"), room)
    folder = room.fetch(made["model"])
    expected = logits_of(room, voice["adapter"], small)
    with torch.inference_mode():
        found = load_model(folder, device="cpu", dtype=torch.float32)(input_ids=IDS).logits
    assert torch.allclose(found, expected, atol=1e-4)
    assert made["max_abs_logit_diff"] < 1e-4
    assert not list(folder.glob("*.bin"))
    (produced,) = [e for e in room.of_type("artifact") if e.kind == "model"]
    assert produced.facts["parents"] == [parts[0][0], parts[1][0]]
    assert [m["weight"] for m in produced.facts["mixture"]] == [0.7, 0.5]


def test_the_starter_keeps_its_form_and_its_template(room: LocalRoom, tmp_path: Path) -> None:
    """Stored in 16 bits, as the starter is, so rounding is all that is lost."""
    make_adapter(tmp_path / "one", settings().starter)
    one = room.put(tmp_path / "one")
    made = merging.run(spec(Model(), (one, 1.0), into="model", name="Mine"), room)
    folder = room.fetch(made["model"])
    facts = merging.validate(folder)
    assert (facts.dtype, facts.name, facts.has_chat_template) == ("F16", "Mine", True)
    assert 0 < made["max_abs_logit_diff"] < 0.1


def test_a_dora_voice_goes_alone_into_a_model(
    small: Model, room: LocalRoom, adapter: Adapter
) -> None:
    dora = adapter(**PLAIN, use_dora=True)
    made = merging.run(spec(small, (dora, 1.0), into="model"), room)
    assert made["max_abs_logit_diff"] < 1e-4
    with pytest.raises(StudioError, match="DoRA"):
        merging.run(spec(small, (dora, 1.0), (adapter(**PLAIN), 1.0)), room)
    with pytest.raises(StudioError, match="DoRA"):
        merging.run(spec(small, (dora, 0.5), into="model"), room)


def test_what_is_left_of_each_voice_is_measured(
    small: Model, room: LocalRoom, adapter: Adapter, tmp_path: Path
) -> None:
    dataset = room.put(write_dataset(tmp_path / "dataset"))
    parts = tuple(
        MergePart(adapter=adapter(**PLAIN), name=name, weight=weight, dataset=dataset)
        for name, weight in (("A", 1.0), ("B", 0.0001))
    )
    unknown = MergePart(adapter=adapter(**PLAIN), name="C", weight=0.0001)
    made = merging.run(MergeSpec(name="Mix", model=small, parts=(*parts, unknown)), room)
    a, b = made["kept"]
    assert [a["name"], b["name"]] == ["A", "B"]
    assert a["merged"] == pytest.approx(a["own"], abs=1e-3)
    assert a["base"] == b["base"]
    (produced,) = room.of_type("artifact")
    assert produced.facts["nll_before"] == a["base"]
    assert produced.facts["nll_after"] == a["merged"]


def test_bad_mixes_are_refused_before_anything_is_stored(
    small: Model, room: LocalRoom, adapter: Adapter, tmp_path: Path
) -> None:
    one, two = adapter(**PLAIN), adapter(**PLAIN)
    make_adapter(tmp_path / "starters", settings().starter)
    foreign = room.put(tmp_path / "starters")
    torn = tmp_path / "torn"
    shutil.copytree(room.fetch(one), torn)
    (torn / WEIGHTS).write_bytes((torn / WEIGHTS).read_bytes()[:-50])
    bare = tmp_path / "bare"
    shutil.copytree(room.fetch(one), bare)
    (bare / CONFIG).write_text("{")
    before = set(room.artifacts.iterdir())
    for parts, said in (
        ([(one, 1.0)], "at least two"),
        ([(one, 1.0), (one, 0.5)], "twice"),
        ([(one, 1.0), (foreign, 1.0)], "another base model"),
        ([(one, 1.0), (room.put(torn), 1.0)], "damaged"),
        ([(two, 1.0), (room.put(bare), 1.0)], "damaged"),
    ):
        with pytest.raises(StudioError, match=said):
            merging.run(spec(small, *parts), room)
    assert not room.of_type("artifact")
    assert len(set(room.artifacts.iterdir()) - before) == 2
    with pytest.raises(ValueError, match="greater than 0"):
        spec(small, (one, 0.0), (two, 1.0))


def test_a_voice_of_another_base_is_known_by_its_lineage(
    small: Model, room: LocalRoom, adapter: Adapter, tmp_path: Path
) -> None:
    one, two = adapter(**PLAIN), adapter(**PLAIN)
    mix = merging.run(spec(small, (one, 1.0), (two, 1.0)), room)["adapter"]
    make_model(tmp_path / "twin", "llama", 64)
    weights = next((tmp_path / "twin").glob("*.safetensors"))
    from safetensors.torch import load_file, save_file

    save_file({n: t * 2 for n, t in load_file(weights).items()}, weights)
    twin = Model(source="local", name=str(tmp_path / "twin"))
    with pytest.raises(StudioError, match="another base model"):
        merging.run(spec(twin, (mix, 1.0), (one, 1.0)), room)


@pytest.mark.parametrize(
    ("into", "questions"), [("adapter", 0), ("adapter", 9), ("model", 14), ("model", 16)]
)
def test_a_stop_leaves_nothing(
    into: str, questions: int, small: Model, room: LocalRoom, adapter: Adapter
) -> None:
    asked = spec(small, (adapter(**PLAIN), 1.0), (adapter(**PLAIN), 1.0), into=into)
    stored = set(room.artifacts.iterdir())
    room.stop_after(questions)
    with pytest.raises(Stopped):
        merging.run(asked, room)
    assert set(room.artifacts.iterdir()) == stored
    assert not room.of_type("artifact")


def test_a_full_disk_is_foreseen(
    small: Model, room: LocalRoom, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "SPARE", 10**15)
    with pytest.raises(StudioError, match="disk"):
        merging.run(spec(small, (adapter(**PLAIN), 1.0), into="model"), room)


SEVEN = {"parameters": 7 * 10**9, "bytes": 14 * 10**9}
WHOLE = DeviceFacts(memory=29 * 10**9, host_memory=29 * 10**9, disk=29 * 10**9, host="far")
CARD = WHOLE.model_copy(update={"kind": "cuda", "memory": 15 * 10**9})


@pytest.mark.parametrize(
    ("into", "place", "lacks", "said"),
    [
        ("model", WHOLE, {"disk": 28 * 10**9}, "The disk of far has no room for the new model."),
        ("model", WHOLE, {"host_memory": 10**9}, "The memory of far has no room for the model."),
        ("model", CARD, {"host_memory": 10**9}, "The memory of far has no room for the model."),
        ("adapter", WHOLE, {"host_memory": 10**9}, "measuring how much of each voice is left"),
        ("adapter", CARD, {"memory": 14 * 10**9}, "The graphics card of far has no room"),
    ],
)
def test_the_machine_that_would_take_it_must_have_room(
    into: str, place: DeviceFacts, lacks: dict[str, int], said: str, small: Model
) -> None:
    facts = merging.validate(Path(small.name)).model_copy(update=SEVEN)
    parts = tuple(MergePart(adapter=c * 64, name=c, dataset="d" * 64) for c in "ab")
    asked = MergeSpec(name="Mix", parts=parts, into=into)
    less = place.model_copy(update=lacks)
    capacity.check(asked, facts, place)
    with pytest.raises(StudioError) as refused:
        capacity.check(asked, facts, less)
    assert said in str(refused.value)
    bare = asked.model_copy(update={"into": "adapter", "measure": False})
    capacity.check(bare, facts, less)
