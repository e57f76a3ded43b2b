"""Passes: what a browser tab that has signed in shows to a page server that started again."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets

from studio.settings import settings

LASTS = 12 * 3600.0
"""Seconds from the last look at a page."""


def issued(now: float) -> str:
    """A pass for a tab that is signed in; good until it lapses, the password is changed, or
    ``run/passes.key`` is deleted.

    Raises:
        OSError: that file is not there and cannot be written, or cannot be read.
    """
    until = str(int(now + LASTS))
    return f"{until}.{_seal(until)}"


def is_good(given: object, now: float) -> bool:
    """Whether this studio gave out such a pass, under the password that holds now."""
    until, _dot, seal = str(given).partition(".")
    if not until.isdecimal() or not seal.isascii():
        return False
    with contextlib.suppress(OSError):  # without the key, nobody can tell
        return hmac.compare_digest(seal, _seal(until)) and now < int(until)
    return False


def _seal(until: str) -> str:
    password = settings().password
    said = f"{until}:{password.get_secret_value() if password else ''}"
    return hmac.new(_secret(), said.encode(), "sha256").hexdigest()


def _secret() -> bytes:
    """Of this studio alone, readable by its owner alone; written whole by whoever is first."""
    path = settings().run / "passes.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError:  # a disk that knows no second name for a file
            draft.replace(path)
        draft.unlink(missing_ok=True)
    return path.read_bytes()
