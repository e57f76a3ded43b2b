"""How true the memory estimates are: against published curves, and measured where there is a
GPU."""

from __future__ import annotations

from typing import Any

from studio.bench import machine, memory_gpu
from studio.preflight import truth
from studio.settings import ROOT

TABLES = ROOT / "tests" / "preflight" / "memory"


def run() -> dict[str, Any]:
    """``within_10_percent`` (share of cases) and ``worst_under_percent`` over all counted
    tables, the same for each table, and in ``measured`` what this machine's GPU took now."""
    tables = truth.read(TABLES)
    measured = memory_gpu.measure()
    if measured is not None:
        tables["this-machine"] = measured
    compared = {name: truth.compare(table) for name, table in tables.items()}
    counted = [case for name, table in tables.items() if table.counted for case in compared[name]]
    results = {
        "within_10_percent": round(truth.within(counted), 3),
        "worst_under_percent": round(truth.worst_under(counted), 1),
        "cases": float(len(counted)),
    }
    for name, cases in compared.items():
        errors = [case.error_percent for case in cases]
        results[f"{name} lowest_error_percent"] = round(min(errors), 1)
        results[f"{name} highest_error_percent"] = round(max(errors), 1)
    report = machine.report(
        "memory", results, {"worst_under_percent": 5}, {"within_10_percent": 0.9}
    )
    told = "No GPU was found; only published and stored cases were compared."
    return report | {
        "measured": measured.model_dump(mode="json") if measured else told,
        "cases": {name: [case.model_dump() for case in cases] for name, cases in compared.items()},
    }
