"""The order of set-up, and how it starts, ends and repairs itself."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from install import llama, packages
from install.places import (
    LOCKS,
    ROOT,
    alone,
    cache,
    environment,
    fingerprint,
    stamp,
    unfinished,
    works,
)
from install.screen import SetUpError, duration, fail, no_space, say

NEEDED_BYTES = 4_000_000_000


def main(arguments: Sequence[str]) -> int:
    """Set up what the first argument names; the exit status."""
    if len(arguments) != 1 or arguments[0] not in LOCKS:
        return fail(SetUpError("Set-up needs one word:", f"{', '.join(LOCKS)}."))
    if sys.platform == "win32":
        return fail(SetUpError("Lorewright runs on Linux and macOS.", "On Windows use WSL."))
    try:
        if not up_to_date(arguments[0]):
            with alone():
                set_up(arguments[0])
    except SetUpError as trouble:
        return fail(trouble)
    except KeyboardInterrupt:
        fail(SetUpError("Set-up was stopped.", "Run the command again; it goes on from there."))
        return 130
    except OSError as problem:
        if problem.errno == 28:
            return fail(no_space(ROOT))
        return fail(
            SetUpError(f"{problem.strerror}: {problem.filename}.", "Mend it, then try again.")
        )
    return 0


def up_to_date(kind: str) -> bool:
    """Whether nothing is to be done; what tests need holds all that the studio needs."""
    done = is_stamped(kind) or (kind == "studio" and is_stamped("dev"))
    ready = kind == "gpu" or llama.have_converters()
    return done and ready and not unfinished(kind).exists() and works(environment(kind))


def is_stamped(kind: str) -> bool:
    try:
        return stamp(kind).read_text() == fingerprint(kind)
    except OSError:
        return False


def set_up(kind: str) -> None:
    if up_to_date(kind):  # another set-up did it while this one waited
        return
    began = time.monotonic()
    venv = environment(kind)
    say(f"Setting up {venv}: once, and again when the pinned packages change.")
    check_disk()
    if unfinished(kind).exists() or not works(venv):
        packages.create(kind)
    unfinished(kind).touch()
    pinned = fingerprint(kind)  # before anything is installed: the pins may change meanwhile
    log = new_log(venv)
    packages.bootstrap(venv, log)
    packages.install(venv, kind, log)
    if kind != "gpu":
        install_llama(venv, log)
    if kind == "dev":
        packages.compile_what_tests_import(venv, log)
    unfinished(kind).unlink()
    note = stamp(kind).with_suffix(".new")
    note.write_text(pinned)
    note.replace(stamp(kind))
    say(f"  Set up in {duration(time.monotonic() - began)}.")


def new_log(venv: Path) -> Path:
    log = venv / "lorewright-setup.log"
    log.write_text("")
    return log


def check_disk() -> None:
    """Before the first byte is written; a later set-up adds little."""
    for place, bytes_needed in ((ROOT, NEEDED_BYTES), (cache(), NEEDED_BYTES // 4)):
        free = shutil.disk_usage(place).free
        if not (ROOT / ".venv").exists() and free < bytes_needed:
            raise SetUpError(
                f"Only {free / 1e9:.1f} GB are free on the disk of {place}.",
                f"Set-up needs about {bytes_needed / 1e9:.0f} GB there: make room, then try again.",
            )


def install_llama(venv: Path, log: Path) -> None:
    packages.install_wheel(venv, llama.wheel(venv, log), log)
    if not llama.have_converters():
        llama.converters(venv, llama.source(venv, log), log)
