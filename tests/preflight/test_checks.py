"""Each check finds what it is for, says it in a sentence, and its remedies work."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from studio.domain.base import Model
from studio.domain.changes import applied
from studio.domain.facts import Access, Obstacle, Pace, Probe, TrackRecord
from studio.domain.findings import Finding, Remedy
from studio.domain.jobs import Failure
from studio.domain.learning import LoraSpec
from studio.domain.specs import ProbeSpec, TrainSpec
from studio.models.shape import shape_of_facts
from studio.plugins import discover
from studio.preflight.checks.dataset import cut_tokens
from studio.preflight.duration import kilowatt_hours, rows_of, seconds
from studio.preflight.engine import examine
from studio.preflight.memory import estimate
from studio.preflight.setup import setup_of
from tests.preflight.situations import (
    CARD,
    DATASET,
    FACTS,
    LAPTOP,
    SEVEN_BILLION,
    SPEC,
    STARTER,
    cleared,
    facts,
    found,
    spec,
    the_one,
)


def test_where_nothing_is_wrong_it_only_tells() -> None:
    report = examine(SPEC, FACTS)
    assert not report.blocked
    assert not report.at("warns")
    assert {f.check for f in report.at("tells")} == {"device", "effort", "memory"}


def test_the_gravest_comes_first() -> None:
    report = examine(spec(learning_rate=0.5), facts(device=LAPTOP.model_copy(update={"disk": 0})))
    assert [f.level for f in report.findings] == sorted(
        (f.level for f in report.findings), key=("blocks", "warns", "tells").index
    )
    assert report.blocked


def test_nothing_known_still_gives_sentences() -> None:
    report = examine(SPEC, FACTS.model_validate({}))
    assert {f.check for f in report.at("blocks")} == {"dataset", "model"}
    assert {f.check for f in report.at("warns")} == {"device"}


def test_a_full_disk_blocks_and_a_nearly_full_one_warns() -> None:
    full = facts(device=LAPTOP.model_copy(update={"disk": 10_000}))
    assert "free" in the_one("disk", "blocks", of_facts=full).reason
    nearly = facts(device=LAPTOP.model_copy(update={"disk": 300_000_000}))
    the_one("disk", "warns", of_facts=nearly)


def test_too_little_memory_offers_only_what_fits() -> None:
    small_card = facts(model=SEVEN_BILLION, device=CARD.model_copy(update={"memory": 12 * 10**9}))
    asked = spec(batch_size=4, max_length=1024, learning_rate=2e-4)
    finding = the_one("memory", "blocks", asked, small_card)
    assert finding.remedies[0].changes
    for remedy in finding.remedies:
        again = examine(applied(asked, remedy), small_card)
        assert [f.level for f in found(again, "memory")] == ["tells"]


def test_no_remedy_fits_a_toy_card() -> None:
    toy = facts(model=SEVEN_BILLION, device=CARD.model_copy(update={"memory": 10**9}))
    finding = the_one("memory", "blocks", spec(learning_rate=2e-4), toy)
    assert [r.changes for r in finding.remedies] == [{}]


def test_memory_that_is_just_enough_warns() -> None:
    tells = found(examine(SPEC, FACTS), "memory")[0].reason
    assert "of 16.0 GB" in tells
    setup = setup_of(SPEC, STARTER, "cpu", DATASET.longest, DATASET.validation)
    needed = estimate(shape_of_facts(STARTER), setup).total
    tight = LAPTOP.model_copy(update={"memory": int(needed / 0.93)})
    the_one("memory", "warns", of_facts=facts(device=tight))


def test_no_trainer_is_said() -> None:
    finding = the_one("device", "warns", of_facts=facts(device=None))
    assert "workers train" in finding.remedies[0].label


def test_days_on_a_processor_are_a_warning() -> None:
    slow = LAPTOP.model_copy(update={"memory": 10**11, "cores": 4})
    situation = facts(model=SEVEN_BILLION, device=slow)
    finding = the_one("effort", "warns", spec(learning_rate=2e-4), situation)
    assert "hours" in finding.sentence or "days" in finding.sentence
    assert any("max_steps" in r.changes for r in finding.remedies)


def test_time_and_energy_are_told() -> None:
    [told] = found(examine(SPEC, FACTS), "effort")
    assert "minute" in told.sentence
    assert "kWh" in told.reason


def test_a_card_that_says_its_power_is_believed() -> None:
    hungry, modest = (CARD.model_copy(update={"watts": w}) for w in (700.0, 70.0))
    assert kilowatt_hours(3600, hungry) == pytest.approx(0.76)
    assert kilowatt_hours(3600, modest) == pytest.approx(0.13)
    assert kilowatt_hours(3600, CARD) > kilowatt_hours(3600, LAPTOP)


@pytest.mark.parametrize(
    ("changes", "level", "said"),
    [
        ({"capability": 6.1}, "blocks", "too old to train"),
        ({"capability": 7.5}, "warns", "slow"),
        ({"driver": "535.10", "libraries": {"torch": "2.13.0+cu130"}}, "blocks", "driver"),
    ],
)
def test_cards_that_will_not_do(changes: dict[str, Any], level: str, said: str) -> None:
    card = CARD.model_copy(update={"capability": 8.6, "driver": "580.1", **changes})
    assert said in the_one("device", level, of_facts=facts(device=card)).sentence


def test_more_cards_are_offered() -> None:
    several = facts(device=CARD.model_copy(update={"driver": "580.1", "cards": 4}))
    asked = spec(batch_size=2, accumulation=8)
    [told] = found(examine(asked, several), "device")
    [offer] = told.remedies
    assert offer.changes == {"compute.processes": 4, "accumulation": 2}
    [told] = found(examine(applied(asked, offer), several), "device")
    assert "4 ×" in told.sentence
    assert not told.remedies


def test_a_good_card_only_tells() -> None:
    good = {"capability": 9.0, "driver": "580.95", "libraries": {"torch": "2.13.0+cu130"}}
    report = examine(SPEC, facts(device=CARD.model_copy(update=good)))
    assert [f.level for f in found(report, "device")] == ["tells"]


def test_who_takes_it_and_how_long_the_line_is() -> None:
    first = LAPTOP.model_copy(update={"worker": "train-box"})
    [told] = found(examine(SPEC, facts(device=first)), "device")
    assert told.reason == "The trainer train-box takes it at once."
    third = first.model_copy(update={"ahead": 2})
    [told] = found(examine(SPEC, facts(device=third)), "device")
    assert "after 2 other jobs" in told.reason


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        ({"train": 0}, "blocks", "nothing to learn"),
        ({"validation": 0}, "blocks", "no held-out"),
        ({"train": 12}, "warns", "little to learn"),
        ({"validation": 1}, "warns", "very short"),
        ({"longest": 900}, "warns", "longer than"),
        ({"leakage": 900}, "warns", "learned as well"),
    ],
)
def test_datasets(change: dict[str, float], level: str, said: str) -> None:
    situation = facts(dataset=DATASET.model_copy(update=change))
    assert said in the_one("dataset", level, of_facts=situation).sentence


def test_long_passages_can_be_read_whole() -> None:
    situation = facts(dataset=DATASET.model_copy(update={"longest": 900}))
    remedy = the_one("dataset", "warns", of_facts=situation).remedies[0]
    assert remedy.changes == {"max_length": 900}
    assert not found(examine(applied(SPEC, remedy), situation), "dataset")


def test_what_is_cut_is_counted() -> None:
    lengths = ((100, 50), (600, 10), (1000, 2))
    assert cut_tokens(lengths, 512) == 10 * 88 + 2 * 488
    assert cut_tokens(lengths, 2000) == 0
    situation = facts(dataset=DATASET.model_copy(update={"longest": 1020, "lengths": lengths}))
    assert "about 1856 of 48000" in the_one("dataset", "warns", of_facts=situation).reason


def test_a_preference_objective_needs_pairs() -> None:
    asked = spec(objective="orpo", learning_rate=2e-4)
    finding = the_one("dataset", "blocks", asked)
    assert finding.remedies[0].changes == {"objective": "sft"}
    pairs = facts(dataset=DATASET.model_copy(update={"form": "preference"}))
    assert not found(examine(asked, pairs), "dataset")


def test_a_batch_larger_than_the_dataset() -> None:
    assert "batch" in the_one("dataset", "warns", spec(batch_size=200)).sentence


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (spec(learning_rate=0.5), "high"),
        (spec(learning_rate=1e-5), "low"),
        (spec(lora=LoraSpec(rank=256, alpha=512)), "large"),
        (spec(lora=LoraSpec(rank=16, alpha=512)), "weighed"),
        (spec(epochs=50.0), "very often"),
        (spec(max_steps=4, evaluate_every=2), "very short"),
        (spec(evaluate_every=1000), "only at the end"),
        (spec(warmup_share=0.5), "warm-up"),
        (spec(accumulation=10, epochs=20.0, evaluate_every=5), "averages over much"),
        (spec(objective="dpo", learning_rate=2e-3), "high"),
    ],
)
def test_hyperparameters(asked: TrainSpec, said: str) -> None:
    finding = the_one("hyperparameters", "warns", asked)
    assert said in finding.sentence
    changed = applied(asked, finding.remedies[0])
    assert not found(examine(changed, FACTS), "hyperparameters")


def test_the_rate_is_judged_with_the_weight_of_the_adapter() -> None:
    weighed = spec(lora=LoraSpec(rank=16, alpha=128), learning_rate=4e-3)
    assert "high" in the_one("hyperparameters", "warns", weighed).sentence
    assert not found(examine(spec(learning_rate=4e-3), FACTS), "hyperparameters")


def test_a_model_that_is_not_there_says_why() -> None:
    problem = Failure(what="There is no folder x.", why="It was moved.", remedy="Choose again.")
    finding = the_one("model", "blocks", of_facts=facts(model=None, model_problem=problem))
    assert (finding.sentence, finding.reason) == (problem.what, problem.why)
    the_one("model", "blocks", of_facts=facts(model=None))


def test_a_model_without_chat_template_is_blocked() -> None:
    plain = STARTER.model_copy(update={"has_chat_template": False})
    assert "chat template" in the_one("model", "blocks", of_facts=facts(model=plain)).sentence


def test_more_than_a_model_can_read() -> None:
    finding = the_one("model", "warns", spec(max_length=4096))
    assert finding.remedies[0].changes == {"max_length": STARTER.context_length}


def test_the_starter_is_called_what_it_is() -> None:
    [told] = found(examine(spec(model=Model()), FACTS), "model")
    assert "babbles" in told.sentence


@pytest.mark.parametrize(
    ("names", "said"), [("lm_head,q_proj", "taken to the desk"), ("c_attn", "does not fit")]
)
def test_parts_that_cannot_be_taught(names: str, said: str) -> None:
    asked = spec(lora=LoraSpec(target_modules=names))
    assert said in the_one("model", "blocks", asked).sentence
    fine = spec(lora=LoraSpec(target_modules="q_proj, v_proj"))
    assert not found(examine(fine, FACTS), "model")


def test_licences_are_told_and_warned_of() -> None:
    [told] = found(examine(SPEC, facts(licence="apache-2.0")), "model")
    assert "apache-2.0" in told.sentence
    [told] = found(examine(SPEC, facts(licence="llama3.1", gated=True)), "model")
    assert "accept the model's conditions" in told.reason
    [told] = found(examine(SPEC, facts(access=Access())), "model")
    assert "not known here" in told.sentence
    closed = facts(licence="qwen-research", for_money=False)
    assert "forbids" in the_one("model", "warns", of_facts=closed).sentence


def test_a_family_that_is_not_known_is_said_and_not_guessed() -> None:
    other = facts(model=STARTER.model_copy(update={"model_type": "mamba"}))
    finding = the_one("memory", "warns", of_facts=other)
    assert "not known" in finding.sentence


def test_what_takes_most_is_named() -> None:
    [told] = found(examine(SPEC, FACTS), "memory")
    assert "most of it for the libraries themselves" in told.reason


def test_past_estimates_are_told() -> None:
    record = TrackRecord(runs=7, typical_error=0.06, worst_under=0.02)
    [told] = found(examine(SPEC, facts(record=record)), "memory")
    assert "7 trainings here were off by 6%" in told.reason


def keys(spec_: TrainSpec, gated: bool = False, **states: Any) -> list[Finding]:
    situation = facts(access=Access(**states), gated=gated)
    return found(examine(spec_, situation), "keys")


def test_keys_nobody_needs_are_not_talked_of() -> None:
    assert keys(SPEC, hub="untested", wandb="untested") == []


@pytest.mark.parametrize(
    ("state", "level", "said"),
    [
        ("absent", "tells", "No key"),
        ("works", "tells", "works"),
        ("untested", "tells", "is set"),
        ("unreachable", "tells", "out of reach"),
        ("refused", "warns", "refuses"),
    ],
)
def test_the_key_for_a_gated_model(state: str, level: str, said: str) -> None:
    [finding] = keys(SPEC, gated=True, hub=state)
    assert finding.level == level
    assert said in finding.sentence


@pytest.mark.parametrize(
    ("state", "said"),
    [("absent", "No key"), ("refused", "refuses"), ("unreachable", "out of reach")],
)
def test_curves_that_would_not_arrive_are_kept_here(state: str, said: str) -> None:
    asked = spec(trackers=("wandb", "tensorboard"))
    situation = facts(access=Access.model_validate({"wandb": state}))
    finding = the_one("keys", "warns", asked, situation)
    assert said in finding.sentence
    assert finding.remedies[0].changes == {"trackers": ("tensorboard",)}


def test_a_key_that_works_is_told() -> None:
    [told] = keys(spec(trackers=("wandb",)), wandb="works")
    assert (told.level, told.remedies) == ("tells", ())


def test_faster_kernels_are_told_where_they_would_help() -> None:
    gemma = SEVEN_BILLION.model_copy(update={"model_type": "gemma2"})
    asked = spec(max_length=8192, learning_rate=2e-4)
    long = DATASET.model_copy(update={"longest": 8192})
    big = CARD.model_copy(update={"memory": 10**12})
    told = found(examine(asked, facts(model=gemma, dataset=long, device=big)), "kernels")[0]
    assert "FlashAttention is not installed" in told.sentence
    assert "GB" in told.reason
    assert "flash-attn" in told.remedies[0].label
    there = big.model_copy(update={"libraries": {"flash-attn": "2.8"}, "capability": 9.0})
    situation = facts(model=gemma, dataset=long, device=there)
    [told] = found(examine(asked, situation), "kernels")
    assert told.remedies[0].changes == {"compute.attention": "flash_attention_2"}
    assert not found(examine(applied(asked, told.remedies[0]), situation), "kernels")
    assert not found(examine(asked, facts(device=LAPTOP)), "kernels")


def test_a_plain_loss_is_told_of_liger_and_pairs_are_not() -> None:
    asked = spec(max_length=4096, learning_rate=2e-4, compute={"loss": "plain"})
    situation = facts(
        model=SEVEN_BILLION,
        dataset=DATASET.model_copy(update={"longest": 4096, "form": "preference"}),
        device=CARD.model_copy(update={"libraries": {"liger-kernel": "0.6"}}),
    )
    [told] = found(examine(asked, situation), "kernels")
    assert "Liger" in told.sentence
    assert told.remedies[0].changes == {"compute.loss": "liger"}
    pairs = applied(asked, Remedy(label="", changes={"objective": "orpo"}))
    assert not found(examine(pairs, situation), "kernels")


PROBE = Probe(
    training=ProbeSpec.of(SPEC).training,
    fits=True,
    peak_memory=3 * 10**9,
    seconds_a_step=2.0,
    tokens_a_second=500.0,
)


def test_what_was_measured_is_believed() -> None:
    [told] = found(examine(SPEC, facts(probe=PROBE)), "memory")
    assert told.sentence == "The training fits into memory: it was tried."
    assert "took 3.0 GB of 16.0 GB" in told.reason
    [effort] = found(examine(SPEC, facts(probe=PROBE)), "effort")
    assert "500 tokens a second" in effort.reason
    slow = PROBE.model_copy(update={"tokens_a_second": 5.0})
    [longer] = found(examine(SPEC, facts(probe=slow)), "effort")
    assert "hours" in longer.sentence


def test_what_was_measured_of_another_training_is_not() -> None:
    [told] = found(examine(spec(batch_size=2), facts(probe=PROBE)), "memory")
    assert "tried" not in told.sentence
    [same] = found(examine(spec(epochs=2.0, name="Other"), facts(probe=PROBE)), "memory")
    assert "tried" in same.sentence


def test_a_training_that_was_tried_and_did_not_fit_is_blocked() -> None:
    asked = spec(batch_size=4, max_length=1024, learning_rate=2e-4)
    card = CARD.model_copy(update={"memory": 40 * 10**9})
    situation = facts(model=SEVEN_BILLION, device=card)
    assert [f.level for f in found(examine(asked, situation), "memory")] == ["tells"]
    failed = Probe(training=ProbeSpec.of(asked).training, fits=False, peak_memory=39 * 10**9)
    tried = situation.model_copy(update={"probe": failed})
    finding = the_one("memory", "blocks", asked, tried)
    assert "was tried" in finding.sentence
    assert finding.remedies[0].changes
    need = estimate(
        shape_of_facts(SEVEN_BILLION), setup_of(asked, SEVEN_BILLION, "cuda", 430, 20)
    ).total
    for remedy in finding.remedies:
        changed = applied(asked, remedy)
        setup = setup_of(changed, SEVEN_BILLION, "cuda", 430, 20)
        after = estimate(shape_of_facts(SEVEN_BILLION), setup).total
        assert after * (40e9 / need) <= 40e9


def test_a_training_that_just_fitted_warns() -> None:
    tight = PROBE.model_copy(update={"peak_memory": int(15.8e9)})
    assert "hardly any room" in the_one("memory", "warns", of_facts=facts(probe=tight)).sentence


def test_earlier_trainings_say_how_fast_it_is() -> None:
    [told] = found(examine(SPEC, facts(pace=Pace(tokens_a_second=900, runs=2))), "effort")
    assert "2 earlier trainings" in told.reason


def test_what_costs_nothing_comes_first() -> None:
    asked = spec(
        batch_size=8,
        max_length=2048,
        learning_rate=2e-4,
        compute={"loss": "plain", "checkpointing": "off", "attention": "eager"},
    )
    situation = facts(
        model=SEVEN_BILLION, dataset=DATASET.model_copy(update={"longest": 2048}), device=CARD
    )
    finding = the_one("memory", "blocks", asked, situation)
    assert finding.remedies[0].cost == 0
    assert len(finding.remedies) <= 4
    every = finding.remedies[0].changes
    assert every["compute.loss"] == "chunked"
    assert every["compute.checkpointing"] == "on"
    assert every["compute.optimiser"] == "paged-adamw-8bit"


def test_what_is_trained_whole_is_said_to_cost() -> None:
    asked = spec(lora={"modules_to_save": ("lm_head", "embed_tokens")}, learning_rate=2e-4)
    llama = SEVEN_BILLION.model_copy(update={"vocabulary": 128256})
    card = CARD.model_copy(update={"memory": 24 * 10**9})
    finding = the_one("memory", "blocks", asked, facts(model=llama, device=card))
    assert any(r.changes == {"lora.modules_to_save": ()} for r in finding.remedies)


FLASH = {"attention": "flash_attention_2"}
CANNOT: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"compute": FLASH}, {"capability": 7.5, "libraries": {"flash-attn": "2.8"}}, "FlashAttention"),
    ({"compute": FLASH}, {"capability": 9.0}, "FlashAttention"),
    ({"compute": {**FLASH, "precision": "fp32"}}, {"libraries": {"flash-attn": "2.8"}}, "float32"),
    ({"compute": {"loss": "liger"}}, {"capability": 9.0}, "Liger"),
    ({"compute": {"precision": "bf16"}}, {"capability": 7.5}, "bfloat16"),
    ({"compute": {"precision": "fp16"}}, {"kind": "cpu"}, "fp16"),
    ({"compute": {"loss": "liger"}}, {"kind": "cpu"}, "Liger"),
    ({"compute": {"optimiser": "paged-adamw-8bit"}}, {"kind": "cpu"}, "page"),
    ({"compute": {"compile": True}}, {"kind": "cpu"}, "Compiling"),
    ({"compute": {"processes": 2}}, {}, "not so many graphics cards"),
    (
        {"compute": {"processes": 2, "sharding": "fsdp"}, "quantisation": "nf4"},
        {"cards": 2},
        "cannot be shared out",
    ),
    ({"compute": {"loss": "chunked"}, "objective": "orpo"}, {}, "cannot compute its loss"),
    ({"compute": {"loss": "plain"}, "objective": "dpo"}, {}, "cannot compute its loss"),
    ({"packing": True, "objective": "kto", "learning_rate": 2e-4}, {}, "cannot be packed"),
]


@pytest.mark.parametrize(("asked", "card", "said"), CANNOT)
def test_what_the_device_or_the_objective_does_not_know(
    asked: dict[str, Any], card: dict[str, Any], said: str
) -> None:
    device = CARD.model_copy(update={"driver": "580.1", **card})
    assert said in the_one("computing", "blocks", spec(**asked), facts(device=device)).sentence


def test_what_the_device_knows_is_let_be() -> None:
    libraries = {"flash-attn": "2.8", "liger-kernel": "0.6", "torch": "2.13"}
    card = CARD.model_copy(update={"capability": 9.0, "libraries": libraries})
    asked = spec(
        packing=True,
        compute={**FLASH, "loss": "liger", "precision": "bf16", "optimiser": "paged-adamw-8bit"},
    )
    assert not found(examine(asked, facts(device=card)), "computing")


METHODS: list[tuple[dict[str, Any], str, str]] = [
    ({"lora": {"plus_ratio": 64.0}}, "warns", "much faster"),
    ({"neftune_alpha": 50.0}, "warns", "noise"),
]


@pytest.mark.parametrize(("asked", "level", "said"), METHODS)
def test_methods_that_do_not_go_together(asked: dict[str, Any], level: str, said: str) -> None:
    assert said in the_one("hyperparameters", level, spec(**asked)).sentence


def test_the_weight_of_a_stabilised_adapter_goes_by_the_root_of_its_rank() -> None:
    lora = {"rank": 16, "alpha": 8, "rslora": True}
    assert not found(examine(spec(lora=lora), FACTS), "hyperparameters")
    heavy = spec(lora={**lora, "alpha": 64})
    assert "weighed" in the_one("hyperparameters", "warns", heavy).sentence


def test_rows_that_are_packed_are_counted_as_rows() -> None:
    packed = spec(packing=True, max_length=480, batch_size=1)
    assert rows_of(packed, DATASET) == 100
    assert rows_of(SPEC, DATASET) == DATASET.train


def test_pairs_and_a_reference_take_longer() -> None:
    pairs = facts(dataset=DATASET.model_copy(update={"form": "preference"})).dataset
    assert pairs
    sft, orpo, dpo = (
        seconds(spec(objective=kind), STARTER, pairs, LAPTOP) for kind in ("sft", "orpo", "dpo")
    )
    assert 1.8 * sft < orpo < dpo


def test_every_remedy_clears_its_finding_in_many_situations() -> None:
    cards = [CARD.model_copy(update={"memory": m * 10**9}) for m in (8, 12, 16, 24)]
    asked = [
        spec(batch_size=b, max_length=m, learning_rate=r, lora=LoraSpec(rank=k, alpha=a))
        for b, m in ((1, 512), (16, 2048))
        for r, k, a in ((2e-4, 16, 32), (2e-2, 64, 16), (1e-7, 256, 4096 // 8))
    ]
    asked += [
        spec(batch_size=4, max_length=2048, learning_rate=2e-4, **more)
        for more in (
            {"compute": {"loss": "plain", "checkpointing": "off"}},
            {"compute": {"attention": "eager", "optimiser": "adamw-8bit"}},
            {"compute": {"processes": 2, "sharding": "fsdp", "attention": "flash_attention_3"}},
            {"lora": {"dora": True, "modules_to_save": ("lm_head",), "plus_ratio": 50.0}},
            {"packing": True, "neftune_alpha": 20.0, "trackers": ("wandb",)},
        )
    ]
    long = DATASET.model_copy(update={"longest": 3000, "train": 40})
    for device in (*cards, LAPTOP.model_copy(update={"disk": 2 * 10**9})):
        for model in (STARTER, SEVEN_BILLION):
            situation = facts(device=device, dataset=long, model=model, access=Access())
            for one in asked:
                for finding in examine(one, situation).findings:
                    cleared(finding, one, situation)


def test_every_check_has_the_same_form() -> None:
    for kind, check in discover("studio.preflight.checks").items():
        assert check.kind == kind
        assert check.label
        assert check.Spec() is not None
        assert check.check(FACTS) is True
        assert all(f.check == kind for f in check.run(SPEC, FACTS))


@pytest.mark.parametrize("kind", get_args(Obstacle.model_fields["kind"].annotation))
def test_what_the_rehearsal_of_the_conversion_found(kind: str) -> None:
    known = facts(obstacle=Obstacle(kind=kind, said="that"))
    report = examine(SPEC, known)
    if kind == "untried":
        assert not report.blocked
        assert "not known yet" in found(report, "conversion")[0].sentence
    else:
        the_one("conversion", "blocks", SPEC, known)


def test_a_vocabulary_that_is_missing_is_named_with_its_remedy() -> None:
    known = facts(obstacle=Obstacle(kind="tokens", said="1,234", lacks="tokenizer.model"))
    blocking = the_one("conversion", "blocks", SPEC, known)
    assert "tokenizer.model" in blocking.remedies[0].label


def test_a_mark_without_a_row_is_told() -> None:
    known = facts(model=STARTER.model_copy(update={"idle_tokens": ("<|fill|>",)}))
    [told] = [f for f in found(examine(SPEC, known), "model") if "<|fill|>" in f.reason]
    assert told.level == "tells"
