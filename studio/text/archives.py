"""Zip files, read in memory and within limits; nothing of them is ever written to disk."""

from __future__ import annotations

import io
import lzma
import mmap
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NoReturn

from studio.errors import StudioError
from studio.language import _
from studio.text import zipnames

LARGEST_MEMBER = 100 << 20
"""Bytes of one file, unpacked."""
LARGEST_TOTAL = 512 << 20
"""Bytes of all files, unpacked."""
MOST_MEMBERS = 20_000
HIGHEST_RATIO = 200
"""Unpacked size over packed size. Prose has about 3, the XML of a word processor up to 40."""
RATIO_MATTERS = 1 << 20
"""Bytes under which a file is harmless, however well it was packed."""
PIECE = 1 << 20

ORDERED = b"to be read in this order"
"""The comment of a zip whose order somebody has chosen."""

_ENTRY = b"PK\x01\x02"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,  # what zipfile says of a password
    ValueError,  # offsets before the beginning, names in no encoding
    OSError,
)
_ENCRYPTED = 0x1
_LINK = 0o120000
_FORMAT = 0o170000


class Archive:
    """The files of a zip, by their names. ``names`` has no folders and keeps the zip's order,
    which somebody has chosen where it is ``ordered``; ``doubt`` is a sentence for a person where
    the alphabet of the names had to be guessed.

    Raises:
        StudioError: no zip, damaged, too many or too large files, a name that leads out of
            the archive, a link, or two files of one name.
    """

    def __init__(
        self,
        name: str,
        data: bytes | Path,
        largest: int = LARGEST_MEMBER,
        total: int = LARGEST_TOTAL,
    ) -> None:
        self.name = name
        self._largest = largest
        try:
            if _entries(data) > MOST_MEMBERS:
                self._refuse(_("It holds more than {count} files.").format(count=MOST_MEMBERS))
            self._zip = zipfile.ZipFile(data if isinstance(data, Path) else io.BytesIO(data))
        except _BROKEN as problem:
            self._damaged(problem)
        found = self._zip.infolist()
        names, self.doubt = zipnames.read(found)
        pairs = [(_plain(name), info) for name, info in zip(names, found, strict=True)]
        files = [(name, info) for name, info in pairs if name and not name.endswith("/")]
        infos = [info for _name, info in files]
        self._infos = dict(files)
        self.names = tuple(self._infos)
        self.ordered = self._zip.comment == ORDERED
        self._check_names([name for name, _info in files])
        if sum(info.file_size for info in infos) > total:
            self._refuse(_("It unpacks to more than {size} MB.").format(size=total >> 20))

    def read(self, member: str) -> bytes:
        """The bytes of one file.

        Raises:
            StudioError: there is none of this name; it is damaged, too large, has a password,
                or unpacks to far more than any text would.
        """
        return b"".join(self.pieces(member))

    def pieces(self, member: str) -> Iterator[bytes]:
        """The bytes of one file as ``read`` gives them, a piece at a time."""
        info = self._infos.get(member)
        if info is None:
            self._refuse(_("The file “{member}” is missing in it.").format(member=member))
        self._check(member, info)
        try:
            with self._zip.open(info) as file:
                # In pieces, because a size that lies is only found out by the piece.
                while piece := file.read(PIECE):
                    yield piece
        except _BROKEN as problem:
            self._damaged(problem)

    def _check_names(self, names: list[str]) -> None:
        for member, info in self._infos.items():
            path = PurePosixPath(member)
            if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
                why = _("The name “{member}” in it leads out of the archive.")
                self._refuse(why.format(member=member))
            if (info.external_attr >> 16) & _FORMAT == _LINK:
                why = _("“{member}” in it is a link to somewhere else.")
                self._refuse(why.format(member=member))
        if len(self._infos) < len(names):
            twice, _count = Counter(names).most_common(1)[0]
            self._refuse(_("Two files in it are called “{member}”.").format(member=twice))

    def _check(self, member: str, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & _ENCRYPTED:
            raise StudioError(
                _("“{name}” is protected.").format(name=self.name),
                _("“{member}” in it can be read with a password only.").format(member=member),
                _("Unpack it or save it without a password, and import that."),
            )
        if info.file_size > self._largest:
            why = _("“{member}” in it unpacks to {size} MB; {limit} are allowed.").format(
                member=member, size=info.file_size >> 20, limit=self._largest >> 20
            )
            self._refuse(why)
        packed = max(1, info.compress_size)
        if info.file_size > RATIO_MATTERS and info.file_size / packed > HIGHEST_RATIO:
            why = _("“{member}” in it unpacks to {ratio} times its size, as no text does.")
            self._refuse(why.format(member=member, ratio=info.file_size // packed))

    def _refuse(self, why: str) -> NoReturn:
        raise StudioError(
            _("“{name}” cannot be opened safely.").format(name=self.name),
            why,
            _("Save it again in the program it was made with, or import the files one by one."),
        )

    def _damaged(self, problem: Exception) -> NoReturn:
        raise StudioError(
            _("“{name}” is damaged.").format(name=self.name),
            _("It cannot be unpacked: {problem}.").format(problem=str(problem).rstrip(".")),
            _("Save or download it again, and choose the new file."),
        ) from problem


def pack(files: Iterable[tuple[str, bytes]], ordered: bool = False) -> bytes:
    """A zip of these files; the same files give the same bytes. ``ordered``: they are to be read
    in this order."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        archive.comment = ORDERED if ordered else b""
    return packed.getvalue()


def _entries(data: bytes | Path) -> int:
    """Files in a zip, counted before a list of them is made; at most, as text may look so."""
    if isinstance(data, bytes):
        return data.count(_ENTRY)
    with data.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        count, at = 0, whole.find(_ENTRY)
        while at >= 0 and count <= MOST_MEMBERS:
            count, at = count + 1, whole.find(_ENTRY, at + len(_ENTRY))
    return count


def _plain(name: str) -> str:
    return name.partition("\0")[0].replace("\\", "/").removeprefix("./")
