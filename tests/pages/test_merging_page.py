"""The page on which voices are merged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from studio.services import adapters, jobs, measuring
from studio.settings import Settings
from tests.services.test_merging import voice
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


def said(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption]


def test_a_writer_mixes_two_voices(
    studio: Settings, visit: Callable[[str], AppTest], tmp_path: Path
) -> None:
    for name, std in (("One", 0.03), ("Two", 0.05)):
        voice(tmp_path, name, std)
    page = visit("pages/models/merging.py")
    assert not page.exception
    assert [slider.label for slider in page.slider] == ["Two", "One"]
    assert page.radio(key="merging_method").value == "cat"
    page.slider[0].set_value(0.0)
    page.radio(key="merging_method").set_value("svd")
    page.checkbox[0].uncheck().run()
    assert "Keeps everything." in said(page)
    page.slider[0].set_value(0.5)
    page.select_slider(key="merging_rank").set_value(4).run()
    told = next(text for text in said(page) if text.startswith("Keeps"))
    assert 10 < float(told.split()[1].rstrip("%")) < 90
    assert told.endswith("of both voices. A size of 8 keeps everything.")
    page.select_slider(key="merging_rank").set_value(16)
    page.slider[0].set_value(0.0).run()
    button = next(b for b in page.button if b.label == "Merge the voices")
    button.click().run()
    assert "weight of 0" in " ".join(error.value for error in page.error)
    page.slider[0].set_value(0.5).run()
    next(b for b in page.button if b.label == "Merge the voices").click().run()
    assert not page.exception
    (job,) = jobs.list_jobs(kinds=("merge",))
    assert (job.spec["method"], job.spec["rank"], job.spec["measure"]) == ("svd", 16, False)
    result = jobs.wait(job.id, PATIENCE).result
    assert result is not None
    assert result["lost"] < 1e-4
    page = visit("pages/models/merging.py")
    assert "Nothing was left out" in " ".join(m.value for m in page.markdown)


def test_a_voice_that_nobody_measured_is_measured_here(
    studio: Settings, visit: Callable[[str], AppTest], tmp_path: Path
) -> None:
    strange = voice(tmp_path, "Strange", 0.04)
    page = visit("pages/models/adapters.py")
    page.button(key=f"adapters_look_{strange.id}_measure").click().run()
    page.button(key=f"adapters_measure_{strange.id}").click().run()
    assert not page.exception
    job = measuring.latest(strange.id)
    assert job is not None
    result = jobs.wait(job.id, PATIENCE).result
    assert result is not None
    found = adapters.get(strange.id)
    assert (found.nll_before, found.nll_after) == (result["nll_before"], result["nll_after"])
    assert found.facts["measured_on"] == job.spec["dataset"]
    page = visit("pages/models/adapters.py")
    said = " ".join(m.value for m in page.markdown)
    assert f"{result['nll_before']:.3f} → {result['nll_after']:.3f}" in said
    assert "It was measured on “A " in said
