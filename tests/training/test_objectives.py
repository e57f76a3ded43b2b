"""Every objective learns what it says, from the ids the formatter built, and can be resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.domain.learning import LoraSpec
from studio.domain.recipes import Format
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.models.loading import load_model
from studio.models.source import load_tokenizer, validate
from studio.plugins import discover
from studio.training import engine
from studio.training.arguments import common, steps_of
from studio.training.computing import computing, powers
from studio.training.examples import IGNORED, Row, rows_of
from studio.training.likelihood import Likelihood, measure
from studio.training.model import build
from tests.models.folders import STARTER
from tests.training.material import examples, pairs, rated, raw, small, write_dataset
from tests.training.test_resume import StopAt, comparable, weights
from tests.workroom import LocalRoom

pytestmark = pytest.mark.slow
PAIRED = ("orpo", "dpo", "kto", "cpo", "simpo")
OBJECTIVES = discover("studio.training.objectives")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(STARTER)


def spec_in(folder: Path, objective: Any, **changes: Any) -> TrainSpec:
    room = LocalRoom(folder)
    dataset = write_dataset(room.folder / "dataset", train=pairs(12, 1), validation=pairs(4, 2))
    fields = {"max_steps": 6, "evaluate_every": 3, "save_every": 3, "samples": 0}
    return small(room.put(dataset), objective=objective, **(fields | changes))


def rows_in(folder: Path, tokenizer: Any, found: list[Any], reads: Any, longest: int = 256) -> Any:
    path = write_dataset(folder, train=found) / "train.jsonl"
    return rows_of(path, tokenizer, Format(), longest, reads)


def trainer_of(
    folder: Path, tokenizer: Any, rows: list[Row], objective: Any, **changes: Any
) -> Any:
    spec = small("0" * 64, objective=objective, **changes)
    way = computing(spec, validate(STARTER), powers("cpu"))
    arguments = common(spec, steps_of(spec, len(rows)), folder, way)
    plugin = OBJECTIVES[spec.objective.kind]
    model = build(STARTER, spec, "cpu")
    return plugin.run(spec.objective, model, tokenizer, rows, arguments, [])


@pytest.mark.parametrize("objective", PAIRED)
def test_the_author_is_preferred_more_than_before(tmp_path: Path, objective: str) -> None:
    room = LocalRoom(tmp_path)
    result = engine.run(spec_in(tmp_path, objective), room)
    assert result["margin_after"] > result["margin_before"] + 0.2
    assert 0 <= result["preference_accuracy_before"] <= result["preference_accuracy_after"] <= 1
    measured = [e for e in room.of_type("metric") if "margin" in e.values]
    assert [e.step for e in measured] == [0, 3, 6]
    assert measured[0].values["margin"] == result["margin_before"]
    assert {"eval_loss", "preference_accuracy", "nll_per_character"} <= set(measured[0].values)
    tokens = [e.values["tokens"] for e in room.of_type("metric") if "tokens" in e.values]
    assert tokens == sorted(set(tokens))
    assert result["tokens"] == tokens[-1] == result["train_tokens"]  # six steps are one pass
    [produced] = room.of_type("artifact")
    assert produced.facts["objective"] == objective


def test_raw_text_is_foretold_better_than_before(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    dataset = write_dataset(room.folder / "dataset", train=raw(12, 1), validation=raw(4, 2))
    spec = small(room.put(dataset), objective="pretrain", max_steps=6, save_every=6)
    result = engine.run(spec, room)
    assert result["nll_after"] < 0.95 * result["nll_before"]
    assert result["learned_tokens"] == result["train_tokens"]
    assert "margin_after" not in result
    shown = {sample.prompt for sample in room.of_type("sample")}
    assert len(shown) == 1
    assert raw(4, 2)[0]["messages"][0]["content"].startswith(shown.pop().strip())


def test_unwanted_texts_become_less_likely(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    dataset = write_dataset(room.folder / "dataset", train=rated(8, 1), validation=rated(3, 2))
    spec = small(room.put(dataset), objective="kto", max_steps=4, evaluate_every=4, samples=0)
    result = engine.run(spec, room)
    assert result["nll_after"] < result["nll_before"]
    assert "margin_after" not in result


@pytest.mark.parametrize("objective", ["orpo", "dpo", "kto"])
def test_stopped_and_resumed_it_ends_the_same(tmp_path: Path, objective: str) -> None:
    spec = spec_in(tmp_path, objective, max_steps=4, evaluate_every=2)
    alone = LocalRoom(tmp_path)
    expected = engine.run(spec, alone)
    room = StopAt(tmp_path, 2)
    with pytest.raises(Stopped):
        engine.run(spec, room)
    again = LocalRoom(tmp_path, room.of_type("checkpoint")[-1].artifact)
    result = engine.run(spec, again)
    assert comparable(result) == comparable(expected)
    assert weights(again, result) == weights(alone, expected)


@pytest.mark.parametrize(
    ("objective", "held"),
    [
        ({"kind": "orpo", "beta": 0.3}, {"beta": 0.3}),
        ({"kind": "dpo", "beta": 0.4, "loss": "ipo"}, {"beta": 0.4, "loss_types": ["ipo"]}),
        (
            {"kind": "kto", "beta": 0.2, "desirable_weight": 1.5, "undesirable_weight": 0.5},
            {"beta": 0.2, "desirable_weight": 1.5, "undesirable_weight": 0.5},
        ),
        ({"kind": "cpo", "beta": 0.6, "loss": "hinge"}, {"beta": 0.6, "loss_type": "hinge"}),
        (
            {"kind": "simpo", "beta": 3.0, "gamma": 1.5},
            {"beta": 3.0, "simpo_gamma": 1.5, "loss_type": "simpo", "cpo_alpha": 0.0},
        ),
    ],
)
def test_its_options_reach_the_trainer(
    tmp_path: Path, tokenizer: Any, objective: dict[str, Any], held: dict[str, Any]
) -> None:
    rows, _account = rows_in(tmp_path / "rows", tokenizer, pairs(4, 1), "pairs")
    trainer = trainer_of(tmp_path, tokenizer, rows, objective)
    assert {name: getattr(trainer, name) for name in held} == held
    dropout = [m.p for n, m in trainer.model.named_modules() if "lora_dropout.default" in n]
    assert set(dropout) == {0.1}


@pytest.mark.parametrize("objective", PAIRED)
def test_what_is_compared_is_what_the_formatter_built(
    tmp_path: Path, tokenizer: Any, objective: str
) -> None:
    reads = OBJECTIVES[objective].reads
    rows, _account = rows_in(tmp_path / "rows", tokenizer, pairs(4, 1), reads)
    trainer = trainer_of(tmp_path, tokenizer, rows, objective)
    expected = {(text.input_ids, text.labels) for row in rows for text in row.texts}
    assert len(expected) == 8
    assert {seen for batch in trainer.get_train_dataloader() for seen in texts(batch)} == expected


def texts(batch: dict[str, Any]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Ids and labels of each text in a batch of any of the trainers, padding taken off."""
    sides = ("chosen_", "rejected_") if "chosen_labels" in batch else ("",)
    found = []
    for side in sides:
        ids, attention = batch[f"{side}input_ids"], batch[f"{side}attention_mask"].bool()
        if side:
            labels = batch[f"{side}labels"]
        else:
            labels = ids.masked_fill(batch["completion_mask"] == 0, IGNORED)
        for i, real in enumerate(attention):
            found.append((tuple(ids[i][real].tolist()), tuple(labels[i][real].tolist())))
    return found


def test_each_prompt_is_crossed_with_another_ones_text(tmp_path: Path, tokenizer: Any) -> None:
    rows, _account = rows_in(tmp_path / "rows", tokenizer, pairs(4, 1), "ratings")
    trainer = trainer_of(tmp_path, tokenizer, rows, "kto")
    own = {text.input_ids for row in rows for text in row.texts}
    for batch in trainer.get_train_dataloader():
        for ids, real in zip(batch["KL_input_ids"], batch["KL_attention_mask"].bool(), strict=True):
            assert tuple(ids[real].tolist()) not in own


@pytest.mark.parametrize(
    ("found", "batch"),
    [(pairs(5, 1), 1), (rated(3, 1)[:5], 1), ([*pairs(2, 1), *rated(2, 2)[1:]], 2)],
)
def test_every_row_is_read_once_in_a_pass(
    tmp_path: Path, tokenizer: Any, found: list[Any], batch: int
) -> None:
    """Of pairs, of single ratings and of both together, whatever the batch."""
    rows, _account = rows_in(tmp_path / "rows", tokenizer, found, "ratings")
    steps = {"batch_size": batch, "accumulation": 2, "epochs": 2.0, "max_steps": None}
    trainer = trainer_of(tmp_path, tokenizer, rows, "kto", **steps)
    read: list[tuple[int, ...]] = []
    forward = trainer.compute_loss

    def heard(model: Any, inputs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        read.extend(ids for ids, _labels in texts(inputs))
        crossed = zip(inputs["KL_input_ids"], inputs["KL_attention_mask"].bool(), strict=True)
        assert not {tuple(ids[real].tolist()) for ids, real in crossed} & set(own)
        return forward(model, inputs, *rest, **named)

    own = sorted(text.input_ids for row in rows for text in row.texts)
    trainer.compute_loss = heard
    trainer.train()
    assert trainer.state.global_step == {1: 6, 2: 4}[batch]
    assert sorted(read) == sorted(own * 2)


@pytest.mark.parametrize("objective", ["sft", *PAIRED])
def test_how_a_step_is_split_changes_nothing(
    tmp_path: Path, tokenizer: Any, objective: str
) -> None:
    """The same five rows, of very different lengths, in one batch, in two and in five."""
    found = pairs(5, 1)
    for number, example in enumerate(found):
        told = example["messages"][-1]
        told["content"] = " ".join([told["content"]] * (1 + 2 * (number % 3)))
    reads = OBJECTIVES[objective].reads
    rows, _account = rows_in(tmp_path / "rows", tokenizer, found, reads, 512)
    whole = gradient(tmp_path, tokenizer, rows, objective, batch_size=5, accumulation=1)
    for batch, accumulation in ((3, 2), (1, 5)):
        split = {"batch_size": batch, "accumulation": accumulation}
        apart = gradient(tmp_path, tokenizer, rows, objective, **split) - whole
        assert float(apart.norm() / whole.norm()) < 1e-5, split


def gradient(folder: Path, tokenizer: Any, rows: list[Row], objective: str, **split: int) -> Any:
    """Of the one step that reads all rows, as it reaches the optimiser."""
    import torch
    from transformers import TrainerCallback

    changes: dict[str, Any] = {"lora": LoraSpec(dropout=0.0), "epochs": 1.0, "max_steps": None}
    trainer = trainer_of(folder, tokenizer, rows, objective, **changes, **split)
    torch.manual_seed(1)
    learned = [p for p in trainer.model.parameters() if p.requires_grad]
    # KTO's reference point is of the batch, and 0 where nothing was learned yet.
    for each in learned if objective != "kto" else ():
        torch.nn.init.normal_(each, std=0.03)
    found: list[Any] = []

    class Look(TrainerCallback):  # type: ignore[misc]
        def on_pre_optimizer_step(self, *_given: Any, **_named: Any) -> None:
            found.append(torch.cat([p.grad.flatten() for p in learned]).clone())

    trainer.args.max_grad_norm = 1e9
    trainer.add_callback(Look())
    trainer.train()
    [only] = found
    return only


def test_pairs_of_equal_texts_are_left_out_and_counted(tmp_path: Path, tokenizer: Any) -> None:
    found = pairs(4, 1)
    told = found[1]["messages"][-1]["content"]
    found[1]["rejected"] = f" {told.replace(' ', '  ', 1)}\u200b\n"
    for reads in ("pairs", "ratings"):
        rows, account = rows_in(tmp_path / reads, tokenizer, found, reads)
        assert (len(rows), account.left_out, account.equal) == (3, 1, 1)
    rows, account = rows_in(tmp_path / "texts", tokenizer, found, "completions")
    assert (len(rows), account.equal) == (4, 0)


def test_a_dataset_of_equal_pairs_alone_is_refused(tmp_path: Path) -> None:
    found = pairs(4, 1)
    for example in found:
        example["rejected"] = example["messages"][-1]["content"]
    room = LocalRoom(tmp_path)
    dataset = room.put(write_dataset(room.folder / "dataset", train=found, validation=pairs(2, 2)))
    with pytest.raises(StudioError, match="In every pair"):
        engine.run(small(dataset, objective="dpo"), room)
    dataset = room.put(write_dataset(room.folder / "held", train=pairs(2, 2), validation=found))
    with pytest.raises(StudioError, match="In every held-out pair"):
        engine.run(small(dataset, objective="dpo"), room)


@pytest.mark.parametrize("objective", ["dpo", "kto"])
def test_the_reference_is_the_model_without_its_adapter(
    tmp_path: Path, tokenizer: Any, objective: str
) -> None:
    rows, _account = rows_in(tmp_path / "rows", tokenizer, pairs(4, 1), "ratings")
    trainer = trainer_of(tmp_path, tokenizer, rows, objective)
    assert trainer.ref_model is None
    assert list(trainer.model.peft_config) == ["default"]


def test_the_odds_are_those_of_the_paper(tmp_path: Path, tokenizer: Any) -> None:
    """Hong et al. 2024: the loss of the chosen text, less beta ln sigmoid of the log odds ratio."""
    import torch

    rows, _account = rows_in(tmp_path / "rows", tokenizer, pairs(2, 1), "pairs")
    trainer = trainer_of(tmp_path, tokenizer, rows, {"kind": "orpo", "beta": 0.5})
    trainer.model.eval()
    [batch], _count = trainer.get_batch_samples(iter(trainer.get_train_dataloader()), 1, "cpu")
    with torch.no_grad():
        loss = float(trainer.compute_loss(trainer.model, batch))
    each = [measure(trainer.model, [text], 0) for row in rows for text in row.texts]
    chosen, rejected = each[::2], each[1::2]
    odds = [
        torch.logit(torch.tensor(-good.loss, dtype=torch.float64).exp())
        - torch.logit(torch.tensor(-bad.loss, dtype=torch.float64).exp())
        for good, bad in zip(chosen, rejected, strict=True)
    ]
    learned = sum(c.nll for c in chosen) / sum(c.tokens for c in chosen)
    preferred = torch.nn.functional.logsigmoid(torch.stack(odds)).mean()
    assert loss == pytest.approx(learned - 0.5 * float(preferred), rel=1e-4)


@pytest.mark.parametrize(
    ("objective", "found", "said"),
    [
        ("orpo", examples(3, 1), "no pair"),
        ("dpo", rated(3, 1), "no pair"),
        ("kto", examples(3, 1), "unwanted"),
        ("pretrain", examples(3, 1), "raw text"),
    ],
)
def test_a_dataset_of_another_kind_is_refused(
    tmp_path: Path, objective: str, found: list[Any], said: str
) -> None:
    room = LocalRoom(tmp_path)
    dataset = room.put(write_dataset(room.folder / "dataset", train=found))
    with pytest.raises(StudioError, match=said):
        engine.run(small(dataset, objective=objective), room)


def test_both_texts_of_a_pair_follow_one_shortened_prompt(tmp_path: Path, tokenizer: Any) -> None:
    found = pairs(6, seed=4)
    whole, everything = rows_in(tmp_path / "whole", tokenizer, found, "pairs")
    longest = max(len(row.input_ids) for row in whole) - 20
    rows, account = rows_in(tmp_path / "cut", tokenizer, found, "pairs", longest)
    assert account.tokens + account.dropped_tokens == everything.tokens
    assert account.learned_tokens == everything.learned_tokens
    assert account.shortened >= 1
    for row in rows:
        chosen, rejected = row.texts
        assert max(len(chosen.input_ids), len(rejected.input_ids)) <= longest
        begins = [next(i for i, x in enumerate(t.labels) if x != IGNORED) for t in row.texts]
        assert chosen.input_ids[: begins[0]] == rejected.input_ids[: begins[1]]


def test_a_pair_with_one_text_that_is_too_long_is_left_out(tmp_path: Path, tokenizer: Any) -> None:
    found = pairs(3, seed=4)
    found[1]["rejected"] *= 40
    rows, account = rows_in(tmp_path, tokenizer, found, "pairs", 200)
    assert (len(rows), account.left_out) == (2, 1)
    _all, everything = rows_in(tmp_path / "all", tokenizer, found, "pairs", 4096)
    assert account.tokens + account.dropped_tokens == everything.tokens


def test_of_two_turns_only_the_last_one_is_compared(tmp_path: Path, tokenizer: Any) -> None:
    [found] = pairs(1, seed=4)
    told = [{"role": "user", "content": "Begin."}, {"role": "assistant", "content": "It rained."}]
    found["messages"] = [*told, *found["messages"]]
    [row], _account = rows_in(tmp_path, tokenizer, [found], "pairs")
    learned = [label for label in row.labels if label != IGNORED]
    assert tokenizer.decode(learned).startswith(found["messages"][-1]["content"][:20])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_long_raw_text_is_cut_and_none_of_it_lost(
    tmp_path: Path, tokenizer: Any, language: Any
) -> None:
    found = raw(3, seed=5, language=language, sentences=30)
    rows, account = rows_in(tmp_path, tokenizer, found, "text", 64)
    assert account.rows == len(rows) > 3
    assert (account.dropped_tokens, account.left_out, account.shortened) == (0, 0, 0)
    assert account.learned_tokens == account.tokens
    whole = "".join(example["messages"][0]["content"] for example in found)
    ids = [i for row in rows for i in row.input_ids]
    assert tokenizer.decode(ids, skip_special_tokens=True) == whole
    assert sum(row.characters for row in rows) == len(whole)


def test_the_margin_is_the_difference_in_nats_a_token(tmp_path: Path, tokenizer: Any) -> None:
    rows, _account = rows_in(tmp_path, tokenizer, pairs(3, seed=5), "pairs")
    model = load_model(STARTER, device="cpu")
    found = measure(model, rows, tokenizer.pad_token_id)
    alone = [[measure(model, [t], tokenizer.pad_token_id).loss for t in r.texts] for r in rows]
    margins = [bad - good for good, bad in alone]
    assert found.margin == pytest.approx(sum(margins) / 3, rel=1e-4)
    assert found.accuracy == sum(m > 0 for m in margins) / 3
    assert found.tokens == sum(label != IGNORED for row in rows for label in row.labels)


def test_the_best_adapter_writes_well_and_prefers_rightly() -> None:
    plain = Likelihood(nll=100, tokens=50, characters=200)
    assert plain.cost == plain.loss == 2
    fond = Likelihood(nll=105, tokens=50, characters=200, margin=1.0, accuracy=0.9)
    cold = Likelihood(nll=100, tokens=50, characters=200, margin=0.0, accuracy=0.5)
    broken = Likelihood(nll=500, tokens=50, characters=200, margin=3.0, accuracy=1.0)
    assert fond.cost < cold.cost < broken.cost
    assert Likelihood(nll=1, tokens=1, characters=1, margin=-1e6, accuracy=0).cost > 600
