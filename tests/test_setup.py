"""Set-up: the locks, what it says when something is missing, and repairing itself."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.conversion import toolkit
from studio.settings import ROOT
from tests.waiting import PATIENCE, until

SCRIPTS = ROOT / "scripts"
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-gpu.txt")
WITHOUT_HASH = {"torch", "torchaudio", "torchvision"}


@pytest.fixture(autouse=True)
def install_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))


def _blocks(lock: str) -> Iterator[tuple[str, str]]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    for block in re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)[1:]:
        yield re.split(r"[=\s\[]", block)[0], block


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_with_hashes_but_torch(lock: str) -> None:
    for name, block in _blocks(lock):
        assert re.match(rf"{re.escape(name)}==[\w.+!]+(?= |$)", block.splitlines()[0]), block
        assert ("--hash=sha256:" in block) == (name not in WITHOUT_HASH), name


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_where_packages_come_from(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text


def test_the_lock_leaves_cuda_to_the_build_of_torch() -> None:
    names = {name for name, _block in _blocks("requirements.txt")}
    assert {
        n for n in names if n.startswith(("nvidia-", "cuda-")) or n in ("triton", "vllm")
    } == set()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-gpu"])
def test_every_input_is_in_its_lock(name: str) -> None:
    locked = {package for package, _block in _blocks(f"{name}.txt")}
    lines = (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines()
    asked = {re.split(r"[=\[ ]", line)[0] for line in lines if line and line[0] not in "#-"}
    assert {package.replace("_", "-") for package in asked} <= locked


def test_the_converters_come_from_the_pinned_source() -> None:
    from install import llama

    assert llama.pinned() == (toolkit.VERSION, toolkit.SHA256)


def test_the_studio_heeds_the_mark_of_a_library_that_is_half_there() -> None:
    from install import llama

    assert llama.half_installed(Path(sys.prefix)) == toolkit.HALF_INSTALLED


def test_llama_is_taken_out_of_the_lock_and_nothing_else() -> None:
    from install import packages

    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    rest = packages.without_llama(lock)
    assert "\nllama-cpp-python==" not in rest
    pins = re.compile(r"^[\w.-]+==", re.MULTILINE)
    assert len(pins.findall(rest)) == len(pins.findall(lock)) - 1
    assert not re.search(r"^\s+--hash.*\n[^\s]*\n\s+--hash", rest, re.MULTILINE)


def test_any_old_python_can_read_the_first_script() -> None:
    source = (SCRIPTS / "setup.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 4))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign)]


def _python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), **environment},
        cwd=SCRIPTS, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_old_python_is_told_what_to_do() -> None:
    program = "import sys; sys.version_info = (3, 8, 1); import setup; sys.exit(setup.main())"
    said = _python(program, PATH="/nowhere")
    assert said.returncode == 1
    assert "needs Python 3.11 or newer; this is Python 3.8." in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_a_missing_compiler_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    program = (
        "from install import llama, screen\n"
        "try: llama.need_compiler()\n"
        "except screen.SetUpError as e: raise SystemExit(screen.fail(e))"
    )
    said = _python(program, PATH=str(tmp_path), CXX="")
    assert said.returncode == 1
    assert "no C++ compiler" in said.stderr
    assert "apt install g++" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_full_disk_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from install import program, screen

    monkeypatch.setenv("LOREWRIGHT_CACHE", str(tmp_path))
    monkeypatch.setattr(program, "ROOT", tmp_path)
    monkeypatch.setattr(program, "NEEDED_BYTES", shutil.disk_usage(tmp_path).total * 2)
    with pytest.raises(screen.SetUpError, match=r"Only .* GB are free"):
        program.check_disk()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error: Failed to fetch: x\n  Caused by: dns error", "network is not reachable"),
        ("OSError: [Errno 28] No space left on device", "is full"),
        ("error: something odd", "could not be installed"),
    ],
)
def test_what_a_tool_says_becomes_one_line(tmp_path: Path, said: str, told: str) -> None:
    from install import screen

    log = tmp_path / "log"
    log.write_text(said)
    trouble = screen.give_up("The packages", log)
    assert told in trouble.what
    assert trouble.remedy


def test_where_packages_come_from_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from install import packages

    for variable in (*packages.PASSED_ON, "UV_TORCH_BACKEND"):
        monkeypatch.delenv(variable, raising=False)
    assert packages.options() == ["--torch-backend", "auto"]
    monkeypatch.setenv("PIP_FIND_LINKS", "/a /b")
    monkeypatch.setenv("PIP_INDEX_URL", "file:///index")
    assert packages.options() == [
        "--find-links", "/a", "--find-links", "/b", "--index-url", "file:///index",
    ]  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What set-up reads of this folder, in another one. Wheels come from the user's cache."""
    from install import llama, packages, places

    if not (places.cache() / "wheels" / f"uv-{packages.UV}").is_dir() or not llama.built():
        pytest.skip("Needs the cache that “make setup” fills.")
    copy = tmp_path / "clone"
    for folder in ("scripts/install", "studio/conversion"):
        shutil.copytree(ROOT / folder, copy / folder)
    for name in ("scripts/setup.py", "studio/__init__.py", *LOCKS):
        shutil.copy(ROOT / name, copy / name)
    return copy


def _set_up(clone: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "scripts/setup.py", "studio"],
        cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def _struck(clone: Path, begun: str) -> bool:
    """Whether set-up was killed when this was there; what was whole before is thrown away."""
    killed = _set_up(clone)
    until(lambda: (clone / ".venv" / begun).exists() or killed.poll() is not None, begun)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait() in (0, -signal.SIGKILL)
    if killed.returncode == 0:
        shutil.rmtree(clone / ".venv")
    return killed.returncode != 0


@pytest.mark.faults
def test_a_set_up_that_was_killed_is_repaired_by_the_next(clone: Path) -> None:
    packages = f"lib/python3.{sys.version_info.minor}/site-packages"
    for begun in ("lorewright-unfinished", f"{packages}/torch"):
        until(lambda: _struck(clone, begun), f"a set-up to be killed at {begun}")  # noqa: B023
    said, _err = (whole := _set_up(clone)).communicate(timeout=PATIENCE)
    assert whole.returncode == 0, said
    check = [clone / ".venv/bin/python", "-c", "import torch, llama_cpp, streamlit"]
    assert subprocess.run(check, check=False).returncode == 0
    said, _err = (again := _set_up(clone)).communicate(timeout=PATIENCE)
    assert (again.returncode, said) == (0, "")


@pytest.mark.faults
def test_no_network_and_nothing_cached_is_one_line(clone: Path, tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
        "UV_CACHE_DIR": str(tmp_path / "empty"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "UV_HTTP_RETRIES": "0",
    }
    said = subprocess.run(
        [sys.executable, "scripts/setup.py", "studio"],
        cwd=clone, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    (line,) = said.stderr.splitlines()
    assert "network is not reachable" in line
