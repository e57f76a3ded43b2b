"""Looks a training over before it starts."""

from __future__ import annotations

from studio.domain.facts import Facts
from studio.domain.findings import Report
from studio.domain.specs import TrainSpec
from studio.plugins import discover

ORDER = {"blocks": 0, "warns": 1, "tells": 2}


def examine(spec: TrainSpec, facts: Facts) -> Report:
    """All findings of all checks, the gravest first."""
    checks = discover("studio.preflight.checks").values()
    found = [finding for check in checks for finding in check.run(spec, facts)]
    return Report(findings=tuple(sorted(found, key=lambda f: ORDER[f.level])))
