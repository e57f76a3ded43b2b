"""The order of set-up, and how it starts, ends and repairs itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from install import llama, packages
from install.places import (
    ROOT,
    alone,
    cache,
    environment,
    fingerprint,
    stamp,
    unfinished,
    works,
)
from install.screen import SetUpError, duration, fail, need_room, no_space, say

NEEDED_BYTES = 4_000_000_000


def main(arguments: Sequence[str]) -> int:
    """Set up what the first argument names; the exit status."""
    if len(arguments) != 1 or arguments[0] not in KINDS:
        return fail(SetUpError("Set-up needs one word:", f"{', '.join(KINDS)}."))
    if sys.platform == "win32":
        return fail(SetUpError("Lorewright runs on Linux and macOS.", "On Windows use WSL."))
    try:
        KINDS[arguments[0]]()
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


def pages() -> None:
    """What the pages need; the engine as well where it was compiled before, which takes seconds."""
    set_up("studio")
    if llama.built():
        engine()


def studio() -> None:
    set_up("studio")
    engine()


def dev() -> None:
    set_up("dev")
    engine()


def gpu() -> None:
    set_up("gpu")


def engine() -> None:
    """llama.cpp, compiled if need be, in an environment that has its packages."""
    venv = environment("studio")
    if llama.is_installed(venv):
        return
    with alone("engine"):
        if not llama.is_installed(venv):  # another set-up did it while this one waited
            llama.install(venv, new_log(venv, "engine"))


KINDS = {"pages": pages, "studio": studio, "dev": dev, "gpu": gpu, "engine": engine}


def up_to_date(kind: str) -> bool:
    """Whether no package is to be installed; what tests need holds all that the studio needs."""
    done = is_stamped(kind) or (kind == "studio" and is_stamped("dev"))
    return done and not unfinished(kind).exists() and works(environment(kind))


def is_stamped(kind: str) -> bool:
    try:
        return stamp(kind).read_text() == fingerprint(kind)
    except OSError:
        return False


def set_up(kind: str) -> None:
    """The environment with its locked packages."""
    if up_to_date(kind):
        return
    with alone("set-up"):
        if not up_to_date(kind):  # another set-up did it while this one waited
            install_packages(kind)


def install_packages(kind: str) -> None:
    began = time.monotonic()
    venv = environment(kind)
    say(f"Setting up {venv}: once, and again when the pinned packages change.")
    check_disk()
    if unfinished(kind).exists() or not works(venv):
        packages.create(kind)
    unfinished(kind).touch()
    pinned = fingerprint(kind)  # before anything is installed: the pins may change meanwhile
    log = new_log(venv, "setup")
    packages.bootstrap(venv, log)
    packages.install(venv, kind, log)
    if kind == "dev":
        packages.compile_what_tests_import(venv, log)
    unfinished(kind).unlink()
    note = stamp(kind).with_suffix(".new")
    note.write_text(pinned)
    note.replace(stamp(kind))
    say(f"  Set up in {duration(time.monotonic() - began)}.")


def new_log(venv: Path, name: str) -> Path:
    log = venv / f"lorewright-{name}.log"
    log.write_text("")
    return log


def check_disk() -> None:
    """Before the first byte is written; a later set-up adds little."""
    if not (ROOT / ".venv").exists():
        need_room(ROOT, NEEDED_BYTES, "Set-up")
        need_room(cache(), NEEDED_BYTES // 4, "Set-up")
