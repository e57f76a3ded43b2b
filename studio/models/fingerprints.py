"""Which files a base model consists of, by their hashes, without reading gigabytes each time."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from studio.domain.models import ModelFacts
from studio.domain.provenance import LINEAGE
from studio.settings import settings

SMALL = (".json", ".jinja", ".model", ".txt")


def fingerprint(base: Path, facts: ModelFacts) -> dict[str, str]:
    """sha256 of the config and of every weight file of the base model.

    A file is read once; after that its place, number, size and time vouch for it.
    """
    return {name: _known(base / name) for name in ("config.json", *facts.weights)}


def contents(base: Path, facts: ModelFacts) -> dict[str, str]:
    """sha256 of all that a conversion reads: the weights, and every small file beside them."""
    return fingerprint(base, facts) | small(base)


def small(base: Path) -> dict[str, str]:
    """sha256 of config, tokenizer and every other small file of a base model."""
    found = [path.name for path in base.iterdir() if path.suffix in SMALL and path.is_file()]
    return {name: _known(base / name) for name in sorted(found)}


def taught_on(adapter: Path) -> dict[str, str] | None:
    """The fingerprint of the base model that an adapter was taught on, where its lineage tells.

    Raises:
        ValueError: the lineage cannot be read.
    """
    path = adapter / LINEAGE
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["base"]["sha256"]) or None
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} does not name its base model") from error


def _known(path: Path) -> str:
    whole = path.resolve()
    found = whole.stat()
    said = f"{whole}\0{found.st_ino}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ctime_ns}"
    seal = settings().cache / "fingerprints" / hashlib.sha256(said.encode()).hexdigest()
    if seal.is_file():
        return seal.read_text(encoding="ascii")
    with whole.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _keep(seal, digest)
    return digest


def _keep(seal: Path, digest: str) -> None:
    """Whole or not at all: two trainings may begin at once."""
    seal.parent.mkdir(parents=True, exist_ok=True)
    draft = seal.with_name(f".{seal.name[:16]}.{secrets.token_hex(4)}")
    draft.write_text(digest, encoding="ascii")
    draft.replace(seal)
