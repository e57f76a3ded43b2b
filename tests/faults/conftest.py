"""Fault tests tell how long the studio took to recover."""

from __future__ import annotations

from collections.abc import Callable

import pytest

RECOVERIES = pytest.StashKey[dict[str, float]]()


@pytest.fixture(scope="session")
def record_recovery(pytestconfig: pytest.Config) -> Callable[[str, float], None]:
    return pytestconfig.stash.setdefault(RECOVERIES, {}).__setitem__


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    found = config.stash.get(RECOVERIES, {})
    if found:
        terminalreporter.section("seconds to recover")
        for fault, seconds in found.items():
            terminalreporter.line(f"{seconds:6.1f}  {fault}")
