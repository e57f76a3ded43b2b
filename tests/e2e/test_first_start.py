"""The first start on a machine: the studio is open while llama.cpp is still to be compiled, works
meanwhile, says what hinders it, and ends what waited for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from playwright.sync_api import Page, expect

from studio.settings import ROOT
from tests.e2e.conftest import answers
from tests.e2e.walking import go_to, picture, prepare_the_dataset, press, take_the_sample
from tests.ports import free_port
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.browser, pytest.mark.faults]
PLACES = ("Home.py", ".streamlit", "data", "pages", "scripts", "static", "studio", "workers")
COMPILERS = ("c++", "g++", "clang++")
CONVERT = (
    "from studio.domain.base import Model; from studio.services import conversion\n"
    "print(conversion.convert_base(Model(), 'F16').id)"
)


class Newcomer(NamedTuple):
    """A clone with a cache of its own, in which nothing was compiled yet."""

    clone: Path
    tools: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            arguments, cwd=self.clone, env=self.environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def python(self) -> str:
        return str(self.clone / ".venv/bin/python")


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newcomer:
    """Packages, uv and the source come from the user's cache; there is no compiler."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from install import llama, packages, places

    uv, source = places.cache() / "wheels" / f"uv-{packages.UV}", places.cache() / "source"
    if not (uv.is_dir() and source.is_dir() and llama.built()):
        pytest.skip("Needs the cache that “make setup” fills.")
    clone, cache, tools = tmp_path / "clone", tmp_path / "cache", tmp_path / "tools"
    clone.mkdir()
    for name in (*PLACES, "requirements.txt", "requirements-dev.txt"):
        place = ROOT / name
        copy = shutil.copytree if place.is_dir() else shutil.copy
        copy(place, clone / name)  # type: ignore[operator]
    shutil.copytree(uv, cache / "wheels" / uv.name)
    shutil.copytree(source, cache / "source")
    tools.mkdir()
    for tool in Path("/usr/bin").iterdir():
        if not tool.name.endswith(COMPILERS) and not re.search(r"\+\+-\d+$", tool.name):
            (tools / tool.name).symlink_to(tool)
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("CXX", "REDIS_URL")},
        "PATH": str(tools), "LOREWRIGHT_CACHE": str(cache),
        "LOREWRIGHT_DATA": str(tmp_path / "data"),
    }  # fmt: skip
    return Newcomer(clone, tools, environment)


@pytest.fixture
def url(newcomer: Newcomer) -> Iterator[str]:
    """The studio, as ``make studio`` opens it."""
    newcomer.run(sys.executable, "scripts/setup.py", "pages")
    take_compiled_modules_along(newcomer)
    port = free_port()
    with (newcomer.clone / "studio.log").open("wb") as log:
        studio = subprocess.Popen(
            [newcomer.python, "-m", "studio", "up", "--port", str(port)],
            cwd=newcomer.clone, env=newcomer.environment, stdout=log, stderr=log,
        )  # fmt: skip
    until(lambda: answers(port), "the page server")
    yield f"http://127.0.0.1:{port}"
    studio.terminate()
    studio.wait(PATIENCE)


def take_compiled_modules_along(newcomer: Newcomer) -> None:
    """The same packages, whose modules have been compiled here: a minute of both processors."""
    for compiled in (ROOT / ".venv/lib").rglob("__pycache__"):
        place = newcomer.clone / compiled.relative_to(ROOT)
        if place.parent.is_dir():
            shutil.copytree(compiled, place, dirs_exist_ok=True)


def compilers(newcomer: Newcomer) -> list[psutil.Process]:
    """What set-up's last step has started, itself included."""
    program = str(newcomer.clone / "scripts" / "setup.py")
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[1:2] == [program]:
            found += [process, *process.children(recursive=True)]
    return found


def doctor(newcomer: Newcomer) -> Any:
    """What doctor reports; where something is amiss it also exits with a status of its own."""
    done = subprocess.run(
        [newcomer.python, "-m", "studio", "doctor", "--json"],
        cwd=newcomer.clone, env=newcomer.environment, capture_output=True, check=False,
    )  # fmt: skip
    return json.loads(done.stdout)


def remedy(newcomer: Newcomer) -> str:
    """What doctor advises for the writing engine."""
    rows = {row["key"]: row for row in doctor(newcomer)["rows"]}
    return str(rows["llama_cpp"]["remedy"])


def is_whole(newcomer: Newcomer) -> bool:
    """Whether every worker reports, and nothing is amiss."""
    report = doctor(newcomer)
    roles = {worker["role"] for worker in report["workers"]}
    return bool(report["ok"]) and roles == {"cpu", "train", "write"}


def state_of(newcomer: Newcomer, job: str) -> Any:
    said = newcomer.run(newcomer.python, "-m", "studio", "jobs", "show", job, "--json")
    return json.loads(said)["state"]


def test_the_studio_is_open_while_its_engine_is_built(
    page: Page, newcomer: Newcomer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not list(newcomer.clone.glob(".venv/lib/*/site-packages/llama_cpp"))
    page.goto(url)
    expect(page.get_by_text("There is no C++ compiler")).to_be_visible()
    expect(page.get_by_text("apt install g++")).to_be_visible()
    picture(page, "engine-failed")
    conversion = newcomer.run(newcomer.python, "-c", CONVERT).strip()
    until(lambda: "apt install g++" in remedy(newcomer), "doctor to name what is missing")

    go_to(page, "Manuscripts")
    take_the_sample(page)
    prepare_the_dataset(page)
    assert state_of(newcomer, conversion) == "queued"

    page.goto(url)
    expect(page.get_by_text(re.compile("· the writing engine could not be built"))).to_be_visible()
    for name in COMPILERS:
        if found := shutil.which(name):
            (newcomer.tools / name).symlink_to(found)
    press(page, "Try again")
    told = page.get_by_test_id("stProgress")
    expect(told).to_contain_text(re.compile(r"is being built, about \d+ minutes? left"))
    picture(page, "engine-building")

    for process in compilers(newcomer):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    expect(page.get_by_text("ended from outside")).to_be_visible()
    assert list((Path(newcomer.environment["LOREWRIGHT_CACHE"]) / "build").rglob("*.o"))

    put_the_wheel_there(newcomer, monkeypatch)
    press(page, "Try again")
    until(lambda: state_of(newcomer, conversion) == "finished", "the conversion that waited")
    expect(page.get_by_text("engine is being built")).to_have_count(0)
    until(lambda: is_whole(newcomer), "a studio in which every worker reports")


def put_the_wheel_there(newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the compiler would have made after minutes, as kept on this machine."""
    from install import llama

    made = llama.built()
    assert made is not None
    monkeypatch.setenv("LOREWRIGHT_CACHE", newcomer.environment["LOREWRIGHT_CACHE"])
    llama.shelf().mkdir(parents=True)
    shutil.copy(made, llama.shelf() / made.name)
