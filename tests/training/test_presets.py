"""Presets fit the manuscript, the model and the device, whatever they are."""

from __future__ import annotations

import pytest

from studio.domain.facts import DatasetFacts, DeviceFacts, Facts
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.preflight.duration import seconds
from studio.preflight.engine import examine
from studio.training.arguments import steps_of
from studio.training.presets import PRESETS, learning_rate, presets
from tests.preflight.situations import CARD, LAPTOP, SEVEN_BILLION, STARTER

TWO_CORES = DeviceFacts(kind="cpu", cores=2, memory=6 * 10**9, disk=10**10)
SHORT = DatasetFacts(train=24, validation=5, tokens=9_600, longest=430)
NOVEL = DatasetFacts(train=700, validation=120, tokens=280_000, longest=430)
TINY = DatasetFacts(train=4, validation=1, tokens=800, longest=220)


def spec_of(name: str, dataset: DatasetFacts, model: ModelFacts, device: DeviceFacts) -> TrainSpec:
    return TrainSpec(name="x", dataset="a" * 64, **presets(dataset, model, device)[name])


@pytest.mark.parametrize("dataset", [TINY, SHORT, NOVEL])
@pytest.mark.parametrize("model", [STARTER, SEVEN_BILLION])
@pytest.mark.parametrize("device", [TWO_CORES, LAPTOP, CARD])
def test_every_preset_is_a_spec_in_good_order(
    dataset: DatasetFacts, model: ModelFacts, device: DeviceFacts
) -> None:
    learned = []
    for name in PRESETS:
        spec = spec_of(name, dataset, model, device)
        steps = steps_of(spec, dataset.train)
        learned.append(steps * spec.batch_size * spec.accumulation)
        assert spec.max_length >= min(dataset.longest, model.context_length)
        assert spec.batch_size <= dataset.train
        assert spec.evaluate_every <= steps
        found = examine(spec, Facts(model=model, dataset=dataset, device=device))
        assert not [f for f in found.findings if f.check == "hyperparameters" and steps >= 10]
    assert learned == sorted(learned)


@pytest.mark.parametrize("dataset", [SHORT, NOVEL])
def test_a_taste_of_the_starter_takes_a_minute_or_so(dataset: DatasetFacts) -> None:
    spec = spec_of("taste", dataset, STARTER, TWO_CORES)
    assert 20 <= steps_of(spec, dataset.train) <= 80
    assert seconds(spec, STARTER, dataset, TWO_CORES) < 75


def test_an_evening_on_a_card_keeps_its_time() -> None:
    spec = spec_of("evening", NOVEL, SEVEN_BILLION, CARD)
    assert spec.quantisation == "nf4"
    assert seconds(spec, SEVEN_BILLION, NOVEL, CARD) < 4 * 3600


def test_larger_models_learn_more_slowly() -> None:
    assert learning_rate(SEVEN_BILLION) == pytest.approx(2e-4, rel=0.05)
    assert learning_rate(STARTER) == pytest.approx(2e-3, rel=0.05)


def test_a_longer_pass_gives_the_steps_that_were_reckoned() -> None:
    for train in (7, 24, 699, 5_003):
        dataset = NOVEL.model_copy(update={"train": train, "tokens": 400 * train})
        for name in PRESETS:
            spec = spec_of(name, dataset, STARTER, TWO_CORES)
            assert steps_of(spec, train) % 1 == 0
            assert steps_of(spec, train) >= min(24, train)
