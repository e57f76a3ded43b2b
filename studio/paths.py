"""Folders as people write them, Windows' own spelling under WSL included."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

_DRIVE = re.compile(r"^([A-Za-z]):[\\/]+(.*)$", re.DOTALL)
_SHARE = re.compile(r"^[\\/]{2}wsl(?:\$|\.localhost)[\\/]+[^\\/]+(.*)$", re.DOTALL | re.IGNORECASE)


@lru_cache(maxsize=1)
def under_wsl() -> bool:
    """Whether this is the Windows Subsystem for Linux."""
    version = Path("/proc/version")
    return version.is_file() and "microsoft" in version.read_text(errors="replace").lower()


def local_path(written: str | Path, wsl: bool | None = None) -> Path:
    r"""The path as this machine knows it, the home sign ``~`` resolved.

    Under WSL (``wsl``; None: where we are) ``C:\Users\Mo`` is ``/mnt/c/Users/Mo`` and
    ``\\wsl$\Ubuntu\home\mo`` is ``/home/mo``. Elsewhere such names are left as they are.
    """
    text = str(written)
    if under_wsl() if wsl is None else wsl:
        if drive := _DRIVE.match(text):
            return Path("/mnt", drive[1].lower(), *_parts(drive[2]))
        if share := _SHARE.match(text):
            return Path("/", *_parts(share[1]))
    return Path(text).expanduser()


def _parts(rest: str) -> list[str]:
    return [part for part in re.split(r"[\\/]+", rest) if part]
