"""The environment, uv inside it, and the locked packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from install.places import LOCKS, ROOT, cache, environment, python, unfinished
from install.screen import SetUpError, give_up, step, tool

UV = "0.13.8"
PASSED_ON = {
    "PIP_FIND_LINKS": "--find-links",
    "PIP_INDEX_URL": "--index-url",
    "PIP_EXTRA_INDEX_URL": "--extra-index-url",
}
"""pip's variables that uv does not read by itself, and its options for them."""
LLAMA = "llama-cpp-python"
HEAVY = (
    "peft, trl.trainer.sft_trainer",
    "sympy, pandas, datasets, wandb, streamlit, playwright.sync_api, torch._inductor.compile_fx",
)
"""What tests import, in two parts that take as long and meet late."""


def create(kind: str) -> None:
    """A fresh environment in place of what is there, marked as unfinished from the start."""
    venv = environment(kind)
    with step("Creating the environment", "5 s"):
        shutil.rmtree(venv, ignore_errors=True)
        venv.mkdir()
        unfinished(kind).touch()
        command = [sys.executable, "-m", "venv", str(venv)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise SetUpError(
            "Python cannot create environments here.",
            "On Debian and Ubuntu: sudo apt install python3-venv. Then run the command again.",
        )


def uv(venv: Path) -> Path:
    return venv / "bin" / "uv"


def has_uv(venv: Path) -> bool:
    try:
        said = subprocess.run([uv(venv), "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.stdout.split()[1:2] == [UV]


def bootstrap(venv: Path, log: Path) -> None:
    """Put the pinned uv into the environment; its wheel is kept for the next clone."""
    if has_uv(venv):
        return
    wheels = cache() / "wheels" / f"uv-{UV}"
    pip = [python(venv), "-m", "pip", "--disable-pip-version-check"]
    install = [*pip, "install", "--no-index", "--find-links", wheels, f"uv=={UV}"]
    with step("Fetching the installer uv", "5 s"):
        if wheels.is_dir() and tool(install, log):
            return
        if not (tool([*pip, "download", "-d", wheels, f"uv=={UV}"], log) and tool(install, log)):
            raise give_up("The installer uv", log)


def options() -> list[str]:
    """What the machine's settings say about where packages come from."""
    chosen = [
        part
        for variable, option in PASSED_ON.items()
        for place in os.environ.get(variable, "").split()
        for part in (option, place)
    ]
    if not chosen and "UV_TORCH_BACKEND" not in os.environ:
        chosen = ["--torch-backend", "auto"]
    return chosen


def without_llama(lock: str) -> str:
    """A lock without llama-cpp-python, which set-up builds and installs by itself."""
    return re.sub(rf"^{LLAMA}==(.*\\\n)*.*\n", "", lock, flags=re.MULTILINE)


def install(venv: Path, kind: str, log: Path) -> None:
    """Install the locked packages, from uv's cache alone where it holds them all."""
    lists = []
    for name in LOCKS[kind]:
        lists.append(venv / f"lorewright-{name}")
        lists[-1].write_text(without_llama((ROOT / name).read_text(encoding="utf-8")), "utf-8")
    command = [uv(venv), "pip", "install", "--python", python(venv), *options()]
    for path in lists:
        command += ["-r", path]
    with step("Installing the packages", "15 s to 5 min, 2 GB"):
        if not (tool([*command, "--offline"], log) or tool(command, log)):
            raise give_up("The packages", log)


def compile_what_tests_import(venv: Path, log: Path) -> None:
    """Once, not again by each of the processes that begin the tests at the same time."""

    def load(modules: str) -> bool:
        return tool([python(venv), "-c", f"import gc; gc.disable(); import {modules}"], log)

    with (
        step("Compiling the Python modules that tests import", "20 s"),
        ThreadPoolExecutor() as pool,
    ):
        if not all(pool.map(load, HEAVY)):
            raise give_up("What the tests import", log)


def install_wheel(venv: Path, wheel: Path, log: Path) -> None:
    """All of it, whatever a killed attempt has left of it."""
    command = [uv(venv), "pip", "install", "--python", python(venv), "--no-deps", "--offline"]
    if not tool([*command, "--reinstall", wheel], log):
        raise give_up(wheel.name, log)
