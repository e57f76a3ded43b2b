"""The memory reckoned from a config against what a training really takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from studio.bench import resident
from studio.models.shape import shape_of, shape_of_facts
from studio.models.source import validate
from studio.preflight import truth
from studio.preflight.adapters import Adapter, adapter_parameters, whole_parameters
from studio.preflight.memory import COMPONENTS, NF4_BYTES, Estimate, estimate
from studio.preflight.setup import Setup, setup_of
from studio.settings import ROOT
from tests.models.folders import STARTER
from tests.models.test_shape import DEEPSEEK_R1_7B, GEMMA_2_9B, LLAMA_3_8B, QWEN_25_05B, empty
from tests.preflight.situations import SEVEN_BILLION, spec

pytestmark = pytest.mark.slow
MEASURE = """
import json, sys
from pathlib import Path
from studio.bench import resident
from studio.domain.learning import LoraSpec
from studio.domain.specs import TrainSpec
from studio.models.loading import load_model
from studio.training.model import with_adapter
import torch
import trl, datasets, bitsandbytes  # what a trainer holds besides
from trl.trainer.utils import add_fused_lm_head
model = with_adapter(load_model(Path(sys.argv[1]), device="cpu"), LoraSpec(rank=16)).train()
add_fused_lm_head(model.get_base_model())
optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
print(sum(p.numel() for p in model.parameters() if p.requires_grad))
for batch, length in json.loads(sys.argv[2]):
    ids = torch.randint(10, 8000, (batch, length))
    for _step in range(2):
        model(input_ids=ids, labels=ids, use_cache=False, fused_lm_head=True).loss.backward()
        optimiser.step()
    print(resident.peak())
"""
SIZES = [(1, 64), (8, 256)]
"""Passages and their tokens, the smaller first."""
TABLES = truth.read(Path(__file__).parent / "memory")


@pytest.mark.skipif(resident.peak() is None, reason="memory is measured by Linux's /proc")
def test_the_estimate_is_near_what_is_taken() -> None:
    """What interpreter and libraries hold differs between machines by 100 MB: by how many pages
    of a library's file the system maps at once, and by who has compiled its modules."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(STARTER), json.dumps(SIZES)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    trained, *taken = (json.loads(line) for line in done.stdout.split()[-3:])
    facts = validate(STARTER)
    reckoned = []
    for batch, length in SIZES:
        setup = setup_of(spec(batch_size=batch, max_length=length), facts, "cpu", length)
        assert adapter_parameters(shape_of_facts(facts), setup.adapter) == trained
        setup = setup.model_copy(update={"measured_logits": 0})
        reckoned.append(estimate(shape_of_facts(facts), setup).total)
    assert reckoned[1] - reckoned[0] == pytest.approx(taken[1] - taken[0], rel=0.1)
    assert reckoned == pytest.approx(taken, rel=0.25)


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.counted])
def test_each_counted_table_is_met(name: str) -> None:
    compared = truth.compare(TABLES[name])
    assert truth.within(compared) >= 0.9
    assert truth.worst_under(compared) <= 5


def test_all_points_of_the_issue_are_in_the_tables() -> None:
    points = {name: {c.tokens: c.gib for c in table.cases} for name, table in TABLES.items()}
    assert points["llama-2-7b"] == dict(
        zip((1024, 2048, 4096, 8192, 16384, 32768), (6, 7, 9, 12, 19, 32), strict=True)
    )
    asked = dict(zip((932, 2551, 5789, 12264, 28454), (12, 16, 24, 40, 80), strict=True))
    assert asked.items() <= points["llama-3.1-8b"].items()


def test_no_whole_gigabyte_was_ever_rounded_to_less_than_was_reckoned_and_back() -> None:
    """The published integers of the first curve, as whole GB that were rounded up."""
    for case in truth.compare(TABLES["llama-2-7b"]):
        assert case.gib - 1 < case.reckoned_gib <= case.gib + 0.15


def test_errors_are_counted_as_they_are() -> None:
    made = [
        truth.Compared(tokens=1, gib=10, reckoned_gib=10 + e / 10, error_percent=e)
        for e in (-12.0, 9.0, 20.0, 0.0)
    ]
    assert truth.within(made) == 0.5
    assert truth.worst_under(made) == 12.0
    assert truth.worst_under(made[1:]) == 0.0


def of(config: dict[str, Any] = DEEPSEEK_R1_7B, **fields: Any) -> Estimate:
    return estimate(shape_of(config), Setup.model_validate(fields))


def test_weights_by_quantisation() -> None:
    shape = shape_of(DEEPSEEK_R1_7B)
    assert of(quantisation="none").weights == 2 * shape.parameters
    rest = 2 * (shape.parameters - shape.linear_weights)
    assert of(quantisation="int8").weights == shape.linear_weights + rest
    assert of(quantisation="nf4").weights == pytest.approx(
        NF4_BYTES * shape.linear_weights + rest, abs=1
    )
    assert 0.5 < NF4_BYTES < 0.52
    assert of(quantisation="nf4", whole_tables=True).weights > of(quantisation="nf4").weights


def test_only_what_is_packed_is_unpacked() -> None:
    assert of(quantisation="none").quantisation == 0
    assert of(quantisation="nf4").quantisation == 2 * 3584 * 18944


def test_the_adapter_of_a_llama_at_rank_16() -> None:
    shape = shape_of_facts(SEVEN_BILLION)
    assert adapter_parameters(shape, Adapter(rank=16)) == 39_976_960
    small = Adapter(rank=16, targets="q_proj, v_proj")
    assert adapter_parameters(shape, small) == 32 * 2 * 16 * 2 * 4096
    assert adapter_parameters(shape, Adapter(rank=16, rank_pattern={"q_proj": 32})) == (
        39_976_960 + 32 * 16 * 2 * 4096
    )


def test_training_state_follows_the_adapter() -> None:
    found = of(quantisation="nf4", whole_adapter=False)
    assert found.adapter == found.gradients == found.optimiser / 2
    whole = of(quantisation="nf4", whole_adapter=True)
    assert whole.optimiser == 2 * found.optimiser
    assert of(optimiser="adamw-8bit").optimiser < of().optimiser / 3


def test_every_mild_change_needs_less() -> None:
    base = {"tokens": 4096, "loss": "plain", "checkpointing": False, "batch": 2}
    whole = of(**base).total
    for change in (
        {"tokens": 2048}, {"loss": "chunked"}, {"loss": "liger"}, {"checkpointing": True},
        {"batch": 1}, {"quantisation": "nf4"}, {"adapter": {"rank": 4}},
        {"optimiser": "adamw-8bit"},
    ):  # fmt: skip
        assert of(**{**base, **change}).total < whole, change


def test_every_costly_change_needs_more() -> None:
    base = {"tokens": 2048, "checkpointing": False}
    for change in (
        {"attention": "eager"}, {"paired": True}, {"adapter": {"dora": True}},
        {"adapter": {"dropout": 0.05}}, {"measured_logits": 10**11},
    ):  # fmt: skip
        assert of(**{**base, **change}).total > of(**base).total, change


def test_scores_held_whole_grow_with_the_square_of_the_length() -> None:
    short, long = (
        of(GEMMA_2_9B, tokens=t, attention="eager", checkpointing=False).activations
        for t in (2048, 8192)
    )
    assert long > 8 * short


def test_pairs_take_as_much_as_two_passages() -> None:
    assert of(paired=True, loss="plain").activations == of(batch=2, loss="plain").activations


def test_the_dominant_part_is_named() -> None:
    assert of(LLAMA_3_8B, tokens=512).dominant == "weights"
    assert of(QWEN_25_05B, tokens=16384, loss="plain").dominant == "logits"
    assert of(LLAMA_3_8B, tokens=8192, checkpointing=False).dominant == "activations"


def test_parts_add_up() -> None:
    found = of(tokens=2048, quantisation="nf4")
    assert set(found.parts()) == set(COMPONENTS)
    assert sum(found.parts().values()) == found.total
    assert found.allocated == found.total - found.runtime - found.fragments


def test_a_setup_is_frozen_and_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="surprise"):
        Setup.model_validate({"surprise": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Setup().batch = 2  # type: ignore[misc]


def test_how_the_studio_itself_would_run_it() -> None:
    plain = setup_of(spec(batch_size=2), SEVEN_BILLION, "cuda", 300)
    assert (plain.tokens, plain.loss, plain.checkpointing, plain.paired) == (
        300, "chunked", True, False,
    )  # fmt: skip
    pairs = setup_of(spec(objective="orpo", quantisation="nf4"), SEVEN_BILLION, "cuda", 9000)
    assert (pairs.tokens, pairs.loss, pairs.whole_adapter, pairs.paired) == (
        512, "plain", True, True,
    )  # fmt: skip


def reckoned(**changes: Any) -> Estimate:
    setup = setup_of(spec(**changes), SEVEN_BILLION, "cuda", 512, 16)
    return estimate(shape_of_facts(SEVEN_BILLION), setup)


CHOICES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"compute": {"loss": "plain"}}, {"loss": "plain"}),
    ({"compute": {"loss": "liger"}}, {"loss": "liger"}),
    ({"compute": {"loss": "liger"}, "objective": "orpo"}, {"loss": "plain", "paired": True}),
    ({"compute": {"loss": "plain"}, "objective": "dpo"}, {"loss": "chunked", "paired": True}),
    ({"compute": {"attention": "eager"}}, {"attention": "eager"}),
    ({"compute": {"attention": "flash_attention_2"}}, {"attention": "fused"}),
    ({"compute": {"checkpointing": "off"}}, {"checkpointing": False}),
    ({"compute": {"precision": "fp32"}}, {"precision": "fp32", "width": 4}),
    ({"compute": {"optimiser": "adamw-8bit"}}, {"optimiser": "adamw-8bit"}),
    ({"compute": {"processes": 4, "sharding": "fsdp"}}, {"processes": 4, "shares": 4}),
    ({"compute": {"processes": 4}}, {"processes": 4, "shares": 1}),
    ({"packing": True, "max_length": 2048}, {"tokens": 2048}),
    ({"max_length": 2048}, {"tokens": 512}),
]


@pytest.mark.parametrize(("asked", "becomes"), CHOICES)
def test_every_choice_of_a_spec_is_reckoned_with(
    asked: dict[str, Any], becomes: dict[str, Any]
) -> None:
    setup = setup_of(spec(**asked), SEVEN_BILLION, "cuda", 512)
    assert {name: getattr(setup, name) for name in becomes} == becomes


def test_every_part_of_an_adapter_is_reckoned_with() -> None:
    lora = {"dora": True, "rank_pattern": {"q_proj": 64}, "layers": (0, 1), "dropout": 0.1}
    asked = spec(lora={**lora, "modules_to_save": ("lm_head",)})
    adapter = setup_of(asked, SEVEN_BILLION, "cuda", 512).adapter
    assert adapter == Adapter(
        rank=16, dora=True, rank_pattern={"q_proj": 64}, layers=(0, 1), dropout=0.1,
        whole=("lm_head",),
    )  # fmt: skip


def test_paged_states_leave_while_the_way_back_needs_their_room() -> None:
    whole = {"lora": {"modules_to_save": ("lm_head", "embed_tokens")}}
    kept = reckoned(**whole, compute={"optimiser": "adamw-8bit"})
    paged = reckoned(**whole, compute={"optimiser": "paged-adamw-8bit"})
    passing = kept.activations + kept.logits
    assert paged.optimiser == max(0, kept.optimiser - passing) < kept.optimiser
    assert reckoned(compute={"optimiser": "paged-adamw-8bit"}).optimiser == 0


def test_what_is_trained_whole_has_a_copy_gradients_and_states() -> None:
    table = 32000 * 4096
    plain, found = reckoned(), reckoned(lora={"modules_to_save": ("lm_head",)})
    assert found.weights == plain.weights
    assert found.adapter - plain.adapter == found.gradients - plain.gradients == 2 * table
    assert found.optimiser - plain.optimiser == 4 * table


def test_several_cards_share_the_model_or_each_hold_all_of_it() -> None:
    one = reckoned()
    each = reckoned(compute={"processes": 4})
    assert (each.weights, each.optimiser) == (one.weights, one.optimiser)
    assert each.gradients == 2 * one.gradients
    share = reckoned(compute={"processes": 4, "sharding": "fsdp"})
    tables = 2 * shape_of_facts(SEVEN_BILLION).tables
    assert share.weights == pytest.approx((one.weights - tables) / 4 + tables, rel=0.001)
    assert (share.adapter, share.optimiser) == (one.adapter, one.optimiser)
    assert share.quantisation > one.quantisation
    assert share.total < one.total


def test_several_processes_on_one_processor_take_of_one_memory() -> None:
    one, two = (
        estimate(shape_of(QWEN_25_05B), Setup(kind="cpu", tokens=128, processes=n)) for n in (1, 2)
    )
    assert two.total == 2 * one.total + 2 * one.gradients


@pytest.mark.parametrize("modules", [("lm_head",), ("embed_tokens", "lm_head"), ("down_proj",)])
def test_numbers_trained_whole_are_those_of_peft(modules: tuple[str, ...]) -> None:
    from peft import LoraConfig, get_peft_model

    adapter = Adapter(rank=4, targets="q_proj", layers=(1,), whole=modules)
    small = {"hidden_size": 128, "intermediate_size": 256, "vocab_size": 512}
    heads = {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = {**DEEPSEEK_R1_7B, **small, **heads}
    model = get_peft_model(
        empty(config),
        LoraConfig(
            r=4,
            target_modules=["q_proj"],
            layers_to_transform=[1],
            modules_to_save=list(modules),
        ),
    )
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    shape = shape_of(config)
    assert adapter_parameters(shape, adapter) + whole_parameters(shape, adapter) == trained
