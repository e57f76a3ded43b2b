"""What workers do between two readings of the reconciler must not mislead it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from studio.domain.jobs import JobState
from studio.jobs import leases, queue, reconcile
from studio.jobs.reconcile import Reconciler
from studio.services.context import db
from studio.store import jobs
from tests.jobrows import a_job, put


class Interrupted(redis.Redis):
    """A client that does something else before its nth reading of many keys."""

    nth: int
    something_else: Callable[[], object]

    def mget(self, *args: Any, **kwargs: Any) -> Any:
        self.nth -= 1
        if self.nth == 0:
            self.something_else()
        return super().mget(*args, **kwargs)


@pytest.mark.parametrize("nth", [1, 2])
def test_a_job_that_begins_between_two_readings_is_not_lost(
    broker: str, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    monkeypatch.setattr(reconcile, "GRACE", 0.0)
    job = put(db(), a_job())
    client = Interrupted.from_url(broker)
    client.nth = nth
    client.something_else = lambda: leases.claim(job.id, 1, "w", queue.connect())
    queue.dispatch(job, client)
    Reconciler(db(), client).run()
    found = jobs.get(db(), job.id)
    assert found is not None
    assert (found.state, found.attempt) == (JobState.QUEUED, 1)
    assert client.nth <= 0
