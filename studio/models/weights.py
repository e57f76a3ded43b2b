"""The weight files of a model, checked by their tables of contents without loading them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import StudioError
from studio.language import _
from studio.models.files import read_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
LARGEST_HEADER = 100_000_000
WIDTHS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""Numbers as numpy reads them; it knows no bfloat16, which is the upper half of a float32."""


@dataclass(frozen=True)
class Stored:
    """A tensor in its file, of which nothing is in memory until it is read."""

    raw: NDArray[Any]
    brain: bool
    """Whether the numbers are bfloat16."""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.raw.shape)

    def read(self) -> NDArray[Any]:
        """The numbers in 32 bits."""
        if self.brain:
            return (self.raw.astype("<u4") << 16).view("<f4")
        return self.raw.astype("<f4")


def tensors(folder: Path, files: list[Path]) -> dict[str, dict[str, Any]]:
    """The header entries (dtype, shape, data_offsets) of all tensors by name.

    Raises:
        StudioError: a file is truncated or damaged, or a tensor of the index is in none.
    """
    found = {name: header for file in files for name, header in _tensors(file).items()}
    _check_complete(folder, found)
    return found


def stored(file: Path) -> dict[str, Stored]:
    """The tensors of one file by name, ready to be read; torch is not needed for it.

    Raises:
        StudioError: the file is truncated or damaged.
        ValueError: it holds numbers of another kind than those of ``WIDTHS``.
    """
    import numpy

    header = _tensors(file)
    bytes_ = numpy.memmap(file, mode="r")
    data = bytes_[len(bytes_) - max(t["data_offsets"][1] for t in header.values()) :]
    found = {}
    for name, told in header.items():
        if told["dtype"] not in WIDTHS:
            raise ValueError(f"{name} is stored as {told['dtype']}")
        start, end = told["data_offsets"]
        raw = data[start:end].view(WIDTHS[told["dtype"]]).reshape(told["shape"])
        found[name] = Stored(raw, told["dtype"] == "BF16")
    return found


def shards(folder: Path) -> list[Path]:
    """The weight files of a folder, all of them there. Raises StudioError."""
    if (folder / INDEX).is_file():
        return _listed_shards(folder, read_json(folder / INDEX))
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt*")):
        raise StudioError(
            _("The weights in {folder} are in an unsafe format.").format(folder=folder),
            _("It has .bin or .pt files, which can hold program code, and no .safetensors."),
            _("Choose a model that is published as .safetensors files."),
        )
    raise StudioError(
        _("The model in {folder} has no weights.").format(folder=folder),
        _("There is neither {single} nor {index}.").format(single=SINGLE, index=INDEX),
        _("Download or copy the model again, the .safetensors files included."),
    )


def _listed_shards(folder: Path, index: dict[str, Any]) -> list[Path]:
    named = index.get("weight_map")
    names = sorted({str(n) for n in named.values()}) if isinstance(named, dict) else []
    shards = [folder / Path(name).name for name in names]
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing or not shards:
        raise StudioError(
            _("The model in {folder} is not whole.").format(folder=folder),
            _("{index} lists {names}, which is not there.").format(
                index=INDEX, names=", ".join(missing) or _("no file")
            ),
            _("Download or copy the missing file again."),
        )
    return shards


def _tensors(shard: Path) -> dict[str, dict[str, Any]]:
    """The tensors of a safetensors file by name, after checking that its data is all there."""
    size = shard.stat().st_size
    with shard.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(LARGEST_HEADER, size - 8):
            raise _truncated(shard, size, None)
        try:
            header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            end = 8 + length + max((t["data_offsets"][1] for t in header.values()), default=0)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _truncated(shard, size, None) from error
    if not header or size != end:
        raise _truncated(shard, size, end)
    return header  # type: ignore[no-any-return]


def _truncated(shard: Path, size: int, end: int | None) -> StudioError:
    why = (
        _("It has {size:,} bytes; its own table of contents cannot be read.").format(size=size)
        if end is None
        else _("It has {size:,} bytes; {end:,} are expected.").format(size=size, end=end)
    )
    return StudioError(
        _("The weight file {name} is damaged.").format(name=shard.name),
        why,
        _("Download or copy this file again."),
    )


def _check_complete(folder: Path, tensors: dict[str, dict[str, Any]]) -> None:
    if not (folder / INDEX).is_file():
        return
    missing = set(read_json(folder / INDEX)["weight_map"]) - set(tensors)
    if missing:
        raise StudioError(
            _("The model in {folder} is not whole.").format(folder=folder),
            _("{count} of its tensors are in none of the files, {name} among them.").format(
                count=len(missing), name=min(missing)
            ),
            _("Download or copy the model again."),
        )
