"""Where set-up puts things, and what decides whether it must run again."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from install.screen import say

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = {
    "studio": ("requirements.txt",),
    "dev": ("requirements.txt", "requirements-dev.txt"),
    "gpu": ("requirements-gpu.txt",),
}
"""What each kind of set-up installs. The vLLM server's lock disagrees with the studio's, so
``gpu`` goes into an environment of its own."""


def cache() -> Path:
    """The user's cache folder, the same one that the studio uses."""
    return Path(os.environ.get("LOREWRIGHT_CACHE") or "~/.cache/lorewright").expanduser()


def environment(kind: str) -> Path:
    return ROOT / (".venv-gpu" if kind == "gpu" else ".venv")


def python(venv: Path) -> Path:
    return venv / "bin" / "python"


def works(venv: Path) -> bool:
    """Whether the environment's Python starts; it does not when its system's was replaced."""
    try:
        return subprocess.run([python(venv), "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def fingerprint(kind: str) -> str:
    """Changes when set-up has something to do: other locks, other Python, other set-up."""
    whole = hashlib.sha256()
    sources = sorted(Path(__file__).parent.glob("*.py"))
    for path in (*(ROOT / lock for lock in LOCKS[kind]), *sources):
        whole.update(path.read_bytes())
    whole.update((environment(kind) / "pyvenv.cfg").read_bytes())
    return whole.hexdigest()


def stamp(kind: str) -> Path:
    return environment(kind) / f"lorewright-{kind}.stamp"


def unfinished(kind: str) -> Path:
    """There while packages are being installed: a set-up that was killed leaves it behind."""
    return environment(kind) / "lorewright-unfinished"


def machine() -> str:
    """What a wheel compiled for this very processor depends on."""
    return "\n".join((sys.platform, platform.machine(), *platform.libc_ver(), _processor()))


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    except OSError:
        pass
    return platform.processor()


@contextmanager
def alone(at: str) -> Iterator[None]:
    """One at a time for a user at installing packages or at building the engine; the kernel frees
    the lock of a set-up that was killed."""
    import fcntl

    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f"{at}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  Another set-up is at work; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
