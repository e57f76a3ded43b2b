"""Estimates and made-up datasets as services: checked before a job exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.domain.recipes import PreferenceSpec, SyntheticSpec
from studio.domain.writers import EndpointWriter, LocalWriter
from studio.errors import StudioError
from studio.services import datasets, generation, jobs
from studio.settings import Settings
from tests.services import shelf

pytestmark = pytest.mark.usefixtures("home")

AWAY = EndpointWriter(address="https://example.org/v1", model="m")
HERE = EndpointWriter(address="http://127.0.0.1:9/v1", model="m")


def synthetic(**changes: object) -> SyntheticSpec:
    return SyntheticSpec.model_validate({"topics": ["the sea"], "writer": HERE, **changes})


def test_an_estimate_of_a_manuscript(tmp_path: Path) -> None:
    record = shelf.sample("tide-clerk", tmp_path)
    found = generation.estimate(PreferenceSpec(), [record.id])
    assert 10 < found.requests < 60
    assert found.seconds > 0


def test_a_cap_that_is_too_low_is_said_with_the_estimate() -> None:
    writer = HERE.model_copy(update={"most_requests": 3})
    with pytest.raises(StudioError, match="cap is 3"):
        generation.estimate(synthetic(writer=writer))


@pytest.mark.parametrize("kept", [True, False])
def test_text_does_not_leave_without_leave(kept: bool, tmp_path: Path) -> None:
    writer = AWAY.model_copy(update={"may_leave": not kept})
    record = shelf.sample("last-ferry", tmp_path)
    of_topics = datasets.plan([], builder=synthetic(writer=writer))
    of_a_novel = datasets.plan([record.id], builder=PreferenceSpec(writer=writer))
    if kept:
        with pytest.raises(StudioError, match="would leave"):
            generation.estimate(synthetic(writer=writer))
        for spec in (of_topics, of_a_novel):
            with pytest.raises(StudioError, match="would leave"):
                datasets.prepare(spec)
        assert {job.kind for job in jobs.list_jobs()} == {"import"}
    else:
        assert {datasets.prepare(spec).queue for spec in (of_topics, of_a_novel)} == {"cpu"}


def test_a_model_on_this_machine_writes_on_the_train_queue() -> None:
    spec = datasets.plan([], "Sea", synthetic(writer=LocalWriter()))
    job = datasets.prepare(spec)
    assert (job.queue, job.kind) == ("train", "prepare")
    assert job.title == "Prepare the dataset Sea"
    assert datasets.prepare(spec).id == job.id


def test_no_key_is_in_a_job(monkeypatch: pytest.MonkeyPatch, home: Settings) -> None:
    monkeypatch.setenv("LOREWRIGHT_ENDPOINT_KEYS", "127.0.0.1=sk-very-secret")
    job = datasets.prepare(datasets.plan([], builder=synthetic()))
    assert "sk-very-secret" not in job.model_dump_json()
    assert "sk-very-secret" not in repr(Settings())
