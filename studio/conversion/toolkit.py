"""llama.cpp's converter scripts: taken out of the pinned source package, kept in the cache.

Set-up calls ``unpack`` before the studio's dependencies are installed, so only the standard
library is imported at the top.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

VERSION = "0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
HALF_INSTALLED = Path(sys.prefix) / "lorewright-engine-unfinished"
"""There while set-up unpacks the library."""
FOLDER = f"llama.cpp-{VERSION}"
INSIDE = f"llama_cpp_python-{VERSION}/vendor/llama.cpp/"
WANTED = (
    "convert_hf_to_gguf.py",
    "convert_lora_to_gguf.py",
    "conversion/",
    "gguf-py/gguf/",
    "gguf-py/LICENSE",
    "LICENSE",
)
SCRIPTS = {"base": WANTED[0], "adapter": WANTED[1]}


def _cache() -> Path:
    from studio.settings import settings

    return settings().cache


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wanted(archive: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """The converters' files, each with where it goes below the toolkit's folder."""
    for member in archive:
        name = member.name.removeprefix(INSIDE)
        if member.name != name and name.startswith(WANTED) and member.isfile():
            if ".." in name.split("/"):
                raise ValueError(f"{member.name} leads out of the package.")
            yield name, member


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    """Content only; extraction filters are missing from the first releases of Python 3.11."""
    place.parent.mkdir(parents=True, exist_ok=True)
    content = archive.extractfile(member)
    assert content is not None  # it is a file
    with content, place.open("wb") as target:
        shutil.copyfileobj(content, target)


def unpack(sdist: Path, folder: Path | None = None) -> Path:
    """Take the converter scripts out of the source package, whole or not at all.

    Does nothing when they are there. ``folder`` is where they go (default: in the cache);
    returns it.

    Raises:
        ValueError: the package is not the pinned one.
    """
    target = folder or _cache() / FOLDER
    if complete(target):
        return target
    found = _sha256(sdist)
    if found != SHA256:
        raise ValueError(f"{sdist} has sha256 {found}, but {SHA256} is the pinned one.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as work:
        fresh = Path(work) / "toolkit"
        with tarfile.open(sdist) as archive:
            for name, member in _wanted(archive):
                _take(archive, member, fresh / name)
        _move_in(fresh, target)
    return target


def _move_in(fresh: Path, target: Path) -> None:
    """Rename into place; another process that did the same first is as good."""
    if target.exists() and not complete(target):
        shutil.rmtree(target)
    try:
        fresh.rename(target)
    except OSError:
        if not complete(target):
            raise


def complete(folder: Path) -> bool:
    """Whether the converters and their gguf library are there."""
    needed = (*SCRIPTS.values(), "conversion/base.py", "gguf-py/gguf/__init__.py")
    return all((folder / name).is_file() for name in needed)


def ready() -> bool:
    """Whether llama.cpp, library and converters, is whole on this machine."""
    if HALF_INSTALLED.exists():
        return False
    return find_spec("llama_cpp") is not None and complete(_cache() / FOLDER)


def find() -> Path:
    """The folder of the converter scripts.

    Raises:
        StudioError: they were never unpacked.
    """
    from studio.errors import StudioError
    from studio.language import _

    folder = _cache() / FOLDER
    if not complete(folder):
        raise StudioError(
            _("The model cannot be converted."),
            _("The converter scripts of llama.cpp are not in {folder}.").format(folder=folder),
            _("Run “make setup” once in the studio's folder; it fetches them, then try again."),
        )
    return folder
