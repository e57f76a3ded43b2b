"""Packed rows: no token is lost, and no example reads its neighbour."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.domain.learning import Compute
from studio.domain.workroom import Stopped
from studio.training import engine
from studio.training.arguments import steps_of
from studio.training.batches import columns_of
from studio.training.examples import IGNORED, PackedRow, Row
from studio.training.packing import pack
from tests.models.folders import STARTER
from tests.training.material import examples, small, write_dataset
from tests.training.test_resume import StopAt, comparable, weights
from tests.workroom import LocalRoom

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=60)


def row(number: int, length: int) -> Row:
    """Tokens that tell which row and place they are from; the first is not learned."""
    ids = tuple(number * 1000 + place for place in range(length))
    return Row(ids, (IGNORED, *ids[1:]), characters=length, prompt=str(number))


def parts_of(found: Row) -> list[tuple[int, ...]]:
    assert isinstance(found, PackedRow)
    ends = [0, *accumulate(found.parts)]
    return [found.input_ids[begin:end] for begin, end in pairwise(ends)]


@settings(max_examples=40)
@given(LENGTHS, st.integers(4, 48))
def test_every_token_is_there_once_and_in_its_place(lengths: list[int], most: int) -> None:
    rows = [row(number, length) for number, length in enumerate(lengths)]
    packed, account = pack(rows, most)
    before = Counter(i for one in rows for i in one.input_ids)
    assert Counter(i for one in packed for i in one.input_ids) == before
    assert account.tokens == sum(lengths)
    assert account.packed_rows == len(packed) <= max(1, sum(-(-n // most) for n in lengths))
    assert account.cuts == sum(length > most for length in lengths)
    assert 0 < account.filled <= 1
    for found in packed:
        assert len(found.input_ids) <= most
        for part in parts_of(found):
            assert part == tuple(range(part[0], part[0] + len(part)))
            assert len(part) == min(most, lengths[part[0] // 1000] - part[0] % 1000)


@settings(max_examples=20)
@given(LENGTHS, st.integers(4, 48))
def test_what_is_learned_stays_but_for_the_first_token_behind_a_cut(
    lengths: list[int], most: int
) -> None:
    rows = [row(number, length) for number, length in enumerate(lengths)]
    packed, _account = pack(rows, most)
    behind = sum(-(-length // most) - 1 for length in lengths)
    assert sum(r.learned for r in packed) == sum(r.learned for r in rows) - behind
    for found in packed:
        pairs = zip(found.input_ids, found.labels, strict=True)
        assert all(label in (IGNORED, token) for token, label in pairs)


def test_more_rows_than_a_batch_of_the_library_are_one_account() -> None:
    rows = [row(number, 1 + number % 7) for number in range(2500)]
    packed, account = pack(rows, 64)
    assert account.tokens == sum(len(one.input_ids) for one in rows)
    assert account.filled > 0.99
    assert packed == pack(rows, 64)[0]


def test_steps_are_planned_by_packed_rows(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    longer = examples(12, seed=1, sentences=4)
    dataset = room.put(write_dataset(room.folder / "dataset", longer))
    spec = small(dataset, packing=True, max_steps=None, epochs=1.0, max_length=512)
    result = engine.run(spec, room)
    assert result["packed_rows"] < 12
    assert result["steps"] == steps_of(spec, result["packed_rows"])
    assert result["packed_tokens"] == result["train_tokens"] == result["tokens"]
    assert result["filled"] == pytest.approx(
        result["train_tokens"] / (result["packed_rows"] * 512), abs=1e-4
    )
    assert result["nll_after"] < result["nll_before"]


@pytest.mark.parametrize("attention", [None, "eager"])
def test_an_example_in_a_packed_row_gives_the_logits_that_it_gives_alone(
    attention: str | None,
) -> None:
    import torch
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    from studio.models.loading import load_model

    model = load_model(STARTER, device="cpu", attention=attention)
    dice = torch.Generator().manual_seed(3)
    rows = [
        Row(ids := tuple(torch.randint(5, 400, (n,), generator=dice).tolist()), ids, n, "")
        for n in (31, 12, 44, 7, 1, 23)
    ]
    packed, _account = pack(rows, 64)
    columns = columns_of(packed)
    features = [{name: values[i] for name, values in columns.items()} for i in range(len(packed))]
    batch = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)(features)
    with torch.no_grad():
        together = model(
            input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False
        ).logits[0]
        begin = 0
        for part in [part for one in packed for part in parts_of(one)]:
            alone = model(input_ids=torch.tensor([part]), use_cache=False).logits[0]
            assert (together[begin : begin + len(part)] - alone).abs().max() < 1e-4
            begin += len(part)
    assert begin == len(together)


def test_packed_the_first_step_has_the_loss_of_the_same_rows_apart(tmp_path: Path) -> None:
    """Both read all passages in one step, so that only neighbours could make a difference."""
    losses = []
    for packing in (False, True):
        room = LocalRoom(tmp_path / str(packing))
        dataset = room.put(write_dataset(room.folder / "dataset"))
        changes: dict[str, Any] = {"packing": packing, "batch_size": 12, "max_steps": 1}
        lora = small(dataset).lora.model_copy(update={"dropout": 0.0})
        engine.run(small(dataset, lora=lora, samples=0, **changes), room)
        losses += [e.values["loss"] for e in room.of_type("metric") if "loss" in e.values]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_stopped_and_resumed_packed_it_ends_the_same(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    dataset = room.put(write_dataset(room.folder / "dataset", train=examples(16, seed=5)))
    spec = small(dataset, packing=True, accumulation=2, epochs=6.0, compute=Compute())
    alone = LocalRoom(tmp_path)
    expected = engine.run(spec, alone)
    halted = StopAt(tmp_path, 3)
    with pytest.raises(Stopped):
        engine.run(spec, halted)
    again = LocalRoom(tmp_path, halted.of_type("checkpoint")[-1].artifact)
    result = engine.run(spec, again)
    assert comparable(result) == comparable(expected)
    assert weights(again, result) == weights(alone, expected)
