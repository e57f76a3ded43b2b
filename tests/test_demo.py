"""``python -m studio demo`` walks the whole way, as real jobs, from a Chinese novel;
tests/e2e/test_whole_way.py goes it with the English sample, by clicking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.settings import ROOT

pytestmark = pytest.mark.whole_way


def demo(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LOREWRIGHT_DATA": str(data)}
    environment.pop("REDIS_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "studio", "demo", "--json", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_whole_way_from_a_chinese_novel(corpus: Path, tmp_path: Path) -> None:
    run = demo(tmp_path, "--manuscript", str(corpus / "zh" / "nahan.txt"))
    assert run.returncode == 0, run.stdout + run.stderr
    figures: dict[str, Any] = json.loads(run.stdout)
    assert figures["preflight"]["errors"] == 0
    assert figures["dataset"]["train"] > figures["dataset"]["validation"] > 0
    assert figures["training"]["nll_after"] < figures["training"]["nll_before"]
    assert figures["gguf"]["top1_agreement"] >= 0.99
    assert figures["gguf"]["max_abs_logit_diff"] < 0.05
    assert figures["generation"]["tokens"] > 0
    assert figures["generation"]["text"].strip()
    assert "\ufffd" not in figures["generation"]["text"]
    assert len(figures["adapter"]["sha256"]) == 64


def test_a_manuscript_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    run = demo(tmp_path, "--manuscript", str(tmp_path / "nothing.txt"))
    assert run.returncode == 1
    assert "nothing.txt" in json.loads(run.stdout)["error"]["what"]
    assert "Traceback" not in run.stderr
