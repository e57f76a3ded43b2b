"""Reads the head of a GGUF file: what it says of itself, its tensors, and whether it is whole.

The tokens and merges of the vocabulary are skipped, so a head is read in milliseconds. Needs
no library, so that a damaged file is found before native code sees it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from studio.errors import StudioError
from studio.language import _

SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
STRING, ARRAY = 8, 9
LARGEST_TEXT = 16 * 1024 * 1024
MOST_ITEMS = 16_000_000
LARGEST_SKIP = 1 << 40
# Values in a block and bytes of a block, by ggml's number of the type.
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8),
    28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
TYPE_NAMES = {0: "F32", 1: "F16", 8: "Q8_0", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 30: "BF16"}


@dataclass(frozen=True)
class Tensor:
    """``shape`` in ggml's order: the length of a row first. ``offset`` from the data's start."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def bytes(self) -> int:
        values, size = BLOCKS.get(self.type, (1, 0))
        count = 1
        for dimension in self.shape:
            count *= dimension
        return count // values * size


@dataclass(frozen=True)
class Head:
    """What a GGUF file says of itself; arrays are left out of ``facts``."""

    path: Path
    facts: dict[str, Any]
    tensors: tuple[Tensor, ...]
    data: int
    """Where the tensors' data begins, in bytes from the file's start."""

    @property
    def architecture(self) -> str:
        return str(self.facts.get("general.architecture", ""))

    @property
    def is_adapter(self) -> bool:
        return bool(self.facts.get("general.type") == "adapter")

    @property
    def hidden_size(self) -> int:
        return int(self.facts.get(f"{self.architecture}.embedding_length", 0))


def read_head(path: Path) -> Head:
    """The head of a whole GGUF file.

    Raises:
        StudioError: there is no such file, it is no GGUF file, or its end is missing.
    """
    if not path.is_file():
        raise StudioError(
            _("The model file {path} is not there.").format(path=path),
            _("It may have been moved or deleted."),
            _("Convert the model again on the Convert page."),
        )
    try:
        with path.open("rb") as file:
            head = _read(path, file)
    except (struct.error, ValueError, KeyError, EOFError, OverflowError) as error:
        raise _damaged(path, _("Its head cannot be read.")) from error
    _check_whole(head)
    return head


def only_gguf(folder: Path) -> Path:
    """The one .gguf file of an artifact's folder.

    Raises:
        StudioError: there is none, or more than one.
    """
    found = sorted(folder.glob("*.gguf"))
    if len(found) != 1:
        raise StudioError(
            _("There is no model to write with in {folder}.").format(folder=folder),
            _("One .gguf file is expected there, and {count} were found.").format(count=len(found)),
            _("Convert the model again on the Convert page."),
        )
    return found[0]


def _damaged(path: Path, why: str) -> StudioError:
    return StudioError(
        _("The model file {path} is damaged.").format(path=path),
        why,
        _("Convert the model again on the Convert page, or copy the file again."),
    )


def _check_whole(head: Head) -> None:
    size = head.path.stat().st_size
    end = head.data + max((t.offset + t.bytes for t in head.tensors), default=0)
    if not head.tensors or size < end:
        raise _damaged(
            head.path,
            _("It has {size:,} bytes; {end:,} are expected.").format(size=size, end=end),
        )


def _read(path: Path, file: BinaryIO) -> Head:
    if file.read(4) != b"GGUF":
        raise _damaged(path, _("It does not begin like a GGUF file."))
    _version, tensor_count, fact_count = _take(file, "IQQ")
    if max(tensor_count, fact_count) > MOST_ITEMS:
        raise OverflowError(path)
    facts = {}
    for _number in range(fact_count):
        key, value = _text(file), _value(file, _take(file, "I")[0])
        if value is not None:
            facts[key] = value
    tensors = tuple(_tensor(file) for _number in range(tensor_count))
    alignment = int(facts.get("general.alignment", 32)) or 32
    return Head(path, facts, tensors, -(-file.tell() // alignment) * alignment)


def _take(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))


def _text(file: BinaryIO) -> str:
    (length,) = _take(file, "Q")
    if length > LARGEST_TEXT:
        raise OverflowError(length)
    raw = file.read(length)
    if len(raw) < length:
        raise EOFError
    return raw.decode("utf-8")


def _value(file: BinaryIO, kind: int) -> Any:
    """One value; None for an array, which is passed over."""
    if kind == STRING:
        return _text(file)
    if kind != ARRAY:
        return _take(file, SCALARS[kind])[0]
    item, count = _take(file, "IQ")
    if count > MOST_ITEMS:
        raise OverflowError(count)
    if item in SCALARS:
        _skip(file, count * struct.calcsize(f"<{SCALARS[item]}"))
        return None
    if item != STRING:
        raise KeyError(item)
    for _number in range(count):
        (length,) = _take(file, "Q")
        _skip(file, length)
    return None


def _skip(file: BinaryIO, length: int) -> None:
    if length > LARGEST_SKIP:
        raise OverflowError(length)
    file.seek(length, 1)


def _tensor(file: BinaryIO) -> Tensor:
    name = _text(file)
    (dimensions,) = _take(file, "I")
    if dimensions > 8:
        raise OverflowError(dimensions)
    shape = _take(file, "Q" * dimensions)
    kind, offset = _take(file, "IQ")
    return Tensor(name, shape, kind, offset)
