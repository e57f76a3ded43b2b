"""One running studio for all page tests: its own data folder, real broker and workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from studio.services import datasets, jobs, manuscripts
from studio.settings import ROOT, Settings
from tests.running import running
from tests.sharing.conftest import voice
from tests.waiting import PATIENCE

__all__ = ["voice"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a studio whose workers run until the module's tests are done."""
    with running(tmp_path_factory.mktemp("pages") / "data") as found:
        yield found


@pytest.fixture(scope="module")
def dataset(studio: Settings) -> str:
    """The id of a dataset made of the English sample, by a real job."""
    reading = manuscripts.bring_in(
        [manuscripts.found_at(path) for path in sorted(studio.samples.glob("*.txt"))]
    )
    chinese, english = manuscripts.imported(jobs.wait(reading.id, PATIENCE))
    assert (chinese.language, english.language) == ("zh", "en")
    job = datasets.prepare(datasets.plan([english.id]))
    result = jobs.wait(job.id, PATIENCE).result
    assert result is not None
    return datasets.get(result["dataset"]).id


@pytest.fixture
def visit() -> Callable[[str], AppTest]:
    """Opens a page, given by the path of its script, through Home.py."""

    def opened(path: str) -> AppTest:
        home = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=PATIENCE).run()
        assert not home.exception
        return home.switch_page(path).run()

    return opened
