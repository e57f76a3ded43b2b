"""A real broker and real processes for the tests of services, an adapter, a machine with room."""

from __future__ import annotations

import pytest

from studio.services import devices
from studio.training import capacity
from tests.jobs.conftest import broker, bucket, people
from tests.sharing.conftest import voice

__all__ = ["broker", "bucket", "people", "voice"]

ROOM = {"memory": 32 * 10**9, "host_memory": 32 * 10**9, "disk": 200 * 10**9}


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has much memory and disk left, whatever else it does meanwhile."""
    device, here = devices.device, capacity.here
    monkeypatch.setattr(devices, "device", lambda: device().model_copy(update=ROOM))
    monkeypatch.setattr(capacity, "here", lambda folder: here(folder).model_copy(update=ROOM))
