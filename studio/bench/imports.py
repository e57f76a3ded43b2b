"""How soon a page can begin: importing what every page imports, in a fresh interpreter."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

from studio.bench import machine
from studio.settings import ROOT

HEAVY = ("torch", "transformers", "trl", "peft", "chromadb", "llama_cpp")
ROUNDS = 5
PROGRAM = """
import json, sys, time
began = time.perf_counter()
import importlib, pkgutil, studio.services, studio.ui
for package in (studio.services, studio.ui):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name != "studio.ui.serve":
            importlib.import_module(module.name)
print(json.dumps([time.perf_counter() - began, sorted(sys.modules)]))
"""


def measure() -> tuple[float, list[str]]:
    """Seconds to import all services and all of the pages' package, and what got loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, cwd=ROOT, text=True
    )
    seconds, modules = json.loads(done.stdout.splitlines()[-1])
    return seconds, modules


def run() -> dict[str, Any]:
    """``seconds`` (the median of five fresh interpreters) and ``heavy_modules`` (how many of
    the libraries that take seconds each got loaded)."""
    rounds = [measure() for _round in range(ROUNDS)]
    loaded = {name for _seconds, modules in rounds for name in modules}
    results = {
        "seconds": round(statistics.median(seconds for seconds, _modules in rounds), 2),
        "heavy_modules": float(len(loaded.intersection(HEAVY))),
    }
    return machine.report("imports", results, {"seconds": 2, "heavy_modules": 0}, {})
