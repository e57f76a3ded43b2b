"""The measured peak of memory."""

from __future__ import annotations

import pytest

from studio.training import peak

MB = 10**6


def test_the_peak_is_what_was_held_in_between() -> None:
    peak.begin("cpu")
    before = peak.taken("cpu")
    held = bytearray(b"x" * (200 * MB))
    during = peak.taken("cpu")
    del held
    assert during - before > 150 * MB
    assert peak.taken("cpu") >= during - MB


@pytest.mark.skipif(not peak.CLEAR.exists(), reason="only Linux forgets a peak")
def test_it_begins_anew() -> None:
    held = bytearray(b"x" * (200 * MB))
    high = peak.taken("cpu")
    del held
    peak.begin("cpu")
    assert peak.taken("cpu") < high - 100 * MB
