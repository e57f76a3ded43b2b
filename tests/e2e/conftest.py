"""A real Chromium, and studios of their own for it to look at.

A machine without a browser skips these tests and says so; in CI that is a failure. Set
LOREWRIGHT_SCREENSHOTS to a folder to have the whole-way test leave its pictures there.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.walking import bear_with_doubles, listen, prepare_the_dataset, take_the_sample
from tests.ports import free_port
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
expect.set_options(timeout=PATIENCE * 1000)
bear_with_doubles()


@dataclass
class Studio:
    """A page server of its own on ``url``, with its data under ``data``."""

    url: str
    data: Path
    server: subprocess.Popen[bytes]
    environment: dict[str, str]

    @property
    def database(self) -> Path:
        return self.data / "studio.db"

    def dies(self) -> None:
        """The page server is killed."""
        self.server.kill()
        self.server.wait(PATIENCE)

    def again(self) -> None:
        """The page server is killed, if it still lives, and another takes its place."""
        self.dies()
        port = int(self.url.rpartition(":")[2])
        self.server = _start(self.data, "studio.ui.serve", port=port, **self.environment).server


def _chromium() -> str:
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    missing = "NO BROWSER: the studio's pages were NOT tested. Install Debian's chromium."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = _chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def _tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    yield listen(context.new_page())
    context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab of its own, which remembers nothing."""
    with _tab(browser) as found:
        yield found


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def _start(data: Path, *command: str, port: int = 0, **environment: str) -> Studio:
    port = port or free_port()
    log = data.with_suffix(".log").open("ab")
    server = subprocess.Popen(
        [sys.executable, "-m", *command, "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "LOREWRIGHT_DATA": str(data), **environment},
        stdout=log,
        stderr=subprocess.STDOUT,
    )

    def is_open() -> bool:
        assert server.poll() is None, log.name
        return answers(port)

    until(is_open, f"the page server, whose log is {log.name}")
    return Studio(f"http://127.0.0.1:{port}", data, server, environment)


@contextmanager
def _studios(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Studio]]:
    started: list[Studio] = []

    def start(*command: str, **environment: str) -> Studio:
        data = tmp_path_factory.mktemp("studio") / "data"
        studio = _start(data, *(command or ("studio.ui.serve",)), **environment)
        started.append(studio)
        return studio

    try:
        yield start
    finally:
        for studio in started:
            studio.server.terminate()
        for studio in started:
            studio.server.wait(PATIENCE)


@pytest.fixture(scope="module")
def start_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Studio]]:
    """Starts a studio by ``python -m <command>``, with more settings as keywords; they all end
    with the module, and with them the workers that they started."""
    with _studios(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The studio that several modules share (see SHARED in tests/conftest.py)."""
    with _studios(tmp_path_factory) as start:
        yield start()


@pytest.fixture(scope="session")
def prepared(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio that several modules share, in which the sample became a dataset."""
    with _studios(tmp_path_factory) as start, _tab(browser) as page:
        studio = start()
        page.goto(f"{studio.url}/manuscripts")
        take_the_sample(page)
        prepare_the_dataset(page)
        yield studio
