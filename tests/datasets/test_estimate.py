"""The estimate is near what is then asked for, and says what it assumes."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.datasets.estimate import check_cap, estimate
from studio.domain.recipes import ContinuationSpec, InstructionSpec, PreferenceSpec, SyntheticSpec
from studio.domain.writers import EndpointWriter, LocalWriter
from studio.errors import StudioError
from tests.datasets.server import Server
from tests.datasets.test_asked_datasets import made_up, novelist, pairs, storyteller
from tests.datasets.test_prepare import prepare, put_sample
from tests.workroom import LocalRoom

AWAY = EndpointWriter(
    address="https://example.org/v1", model="m", may_leave=True, price_in=1.0, price_out=4.0
)


def synthetic(**changes: object) -> SyntheticSpec:
    return SyntheticSpec.model_validate({"topics": ["sea"], "writer": AWAY, **changes})


def test_nothing_is_asked_without_a_writer() -> None:
    for spec in (ContinuationSpec(), InstructionSpec()):
        found = estimate(spec, {"en": 10**6})
        assert (found.requests, found.price, found.seconds) == (0, 0, 0)
        assert found.assumptions == ()


def test_price_and_time_follow_from_the_tokens() -> None:
    found = estimate(synthetic(count=100, tokens=200, judged=False))
    assert found.requests == 20
    assert found.written == 20_000
    assert found.price == pytest.approx((found.read + 4 * 20_000) / 1e6, abs=1e-4)
    assert found.seconds == pytest.approx((20 + 20_000 / 40) / 4, rel=0.01)
    assert len(found.assumptions) == 2
    assert "40 tokens" in found.assumptions[1]


def test_grading_costs_a_request_each() -> None:
    plain, judged = (estimate(synthetic(judged=judged)) for judged in (False, True))
    assert judged.requests == plain.requests + 50
    assert judged.price > plain.price


def test_a_local_model_costs_time_alone() -> None:
    found = estimate(PreferenceSpec(writer=LocalWriter()), {"en": 100_000})
    assert found.price == 0
    assert found.seconds > 100
    assert "graphics card" in found.assumptions[1]


def test_synthetic_requests_are_those_that_are_then_sent(tmp_path: Path) -> None:
    with Server(storyteller).running() as server:
        made_up(LocalRoom(tmp_path), server)
        address = EndpointWriter(address=server.address, model="m")
    told = estimate(synthetic(writer=address)).requests
    # What is unreadable or graded low is asked for anew, which nobody can foretell.
    assert told <= len(server.requests) <= 1.5 * told


def test_passages_are_about_those_that_are_then_asked_for(tmp_path: Path) -> None:
    with Server(novelist).running() as server:
        spec = pairs(server)
        prepare(LocalRoom(tmp_path), put_sample(LocalRoom(tmp_path), "tide-clerk"), builder=spec)
    assert estimate(spec, {"en": 16_000}).requests == pytest.approx(len(server.requests), rel=0.4)


def test_the_cap_counts_the_grading() -> None:
    spec = synthetic(writer=AWAY.model_copy(update={"most_requests": 59}))
    check_cap(spec, 9)
    with pytest.raises(StudioError, match="60 would be asked"):
        check_cap(spec, 10)
