"""Takes an adapter's files out of a folder or a zip, and nothing else with them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath

from studio.conversion.folding import CONFIG, WEIGHTS
from studio.domain.provenance import LINEAGE, Provenance
from studio.errors import StudioError
from studio.language import _
from studio.text.archives import Archive

LARGEST = 8 << 30
"""Bytes of weights. The largest adapters of the largest models here have less than half."""
SMALL = {CONFIG: 1 << 20, LINEAGE: 8 << 20}
"""Most bytes of the files that are read whole."""
SEVERAL = re.compile(r"adapter_model-\d+-of-\d+\.safetensors")
"""How weights are called that lie in several files."""
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def take(given: Path, target: Path, name: str | None = None) -> None:
    """Copy the adapter in ``given``, a folder or a zip, into the folder ``target``.

    ``name`` is what a person calls a zip whose file has another name.

    Raises:
        StudioError: there is no adapter in it or more than one, its weights are in a form that
            can hold program code, or the zip is damaged or unsafe.
    """
    if given.is_dir():
        _from_folder(given, target)
    elif given.is_file():
        _from_zip(Archive(name or given.name, given, LARGEST, LARGEST), target)
    else:
        raise StudioError(
            _("There is nothing at {path}.").format(path=given),
            _("It is neither a folder nor a file."),
            _("Check the path, and give the folder or zip that holds {name}.").format(name=CONFIG),
        )
    _limit(target)


def wanted(name: str) -> bool:
    """Whether a file at the top of a repository on the Hub belongs to an adapter."""
    return name in (CONFIG, WEIGHTS, LINEAGE)


def provenance(folder: Path) -> Provenance | None:
    """What the adapter's folder tells of where it comes from; None where it tells nothing that
    can be understood."""
    path = folder / LINEAGE
    if not path.is_file():
        return None
    try:
        return Provenance.model_validate_json(path.read_bytes())
    except ValueError:  # another program's file of the same name
        return None


def _from_folder(given: Path, target: Path) -> None:
    names = {path.name for path in given.iterdir() if path.is_file()}
    _check(given.name, names)
    target.mkdir(parents=True, exist_ok=True)
    for name in filter(wanted, names):
        shutil.copyfile(given / name, target / name)


def _from_zip(archive: Archive, target: Path) -> None:
    paths = {PurePosixPath(name) for name in archive.names}
    real = {path for path in paths if path.parts[0] != "__MACOSX"}
    places = {path.parent for path in real if path.name == CONFIG}
    if len(places) > 1:
        raise StudioError(
            _("“{name}” holds more than one voice.").format(name=archive.name),
            _("{name} is in it {count} times.").format(name=CONFIG, count=len(places)),
            _("Take the folder of one voice out of it, and bring that in."),
        )
    place = places.pop() if places else PurePosixPath()
    names = {path.name for path in real if path.parent == place}
    _check(archive.name, names)
    target.mkdir(parents=True, exist_ok=True)
    for name in filter(wanted, names):
        # Only under its own name: where the zip says it belongs leads nowhere.
        with (target / name).open("wb") as file:
            file.writelines(archive.pieces(str(place / name)))


def _check(where: str, names: set[str]) -> None:
    if CONFIG not in names:
        raise StudioError(
            _("There is no voice in “{name}”.").format(name=where),
            _("It has no {config}, which every adapter in peft's form has.").format(config=CONFIG),
            _("Choose the folder or zip that holds {config} and {weights}.").format(
                config=CONFIG, weights=WEIGHTS
            ),
        )
    if WEIGHTS in names:
        return
    if any(map(SEVERAL.fullmatch, names)):
        raise StudioError(
            _("The weights of this voice lie in several files."),
            _("peft knows one file, {weights}.").format(weights=WEIGHTS),
            _("Ask whoever made it for {weights}; peft writes it.").format(weights=WEIGHTS),
        )
    pickles = sorted(name for name in names if name.endswith(PICKLES))
    if pickles:
        raise StudioError(
            _("The weights of this voice are in an unsafe form."),
            _("{name} can hold program code, which would run here.").format(name=pickles[0]),
            _(
                "Ask whoever made it for {weights}, or look on the Hub for an edition with that "
                "file; a program that you trust can load it with peft and save it again."
            ).format(weights=WEIGHTS),
        )
    raise StudioError(
        _("The voice in “{name}” is not whole.").format(name=where),
        _("The file {weights} is missing in it.").format(weights=WEIGHTS),
        _("Copy or download it again, all its files."),
    )


def _limit(target: Path) -> None:
    for name, most in SMALL.items():
        path = target / name
        if path.is_file() and path.stat().st_size > most:
            raise StudioError(
                _("This is no voice."),
                _("Its file {name} is larger than {size} MB.").format(name=name, size=most >> 20),
                _("Choose the folder or zip that peft or Lorewright wrote."),
            )
