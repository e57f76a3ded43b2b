"""Converted adapters that say something else than was learned."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from studio.conversion.holding import NUMBERS
from studio.inference.gguf import read_head

Numbers = np.ndarray


def altered(gguf: Path, target: Path, tensor: str, how: Callable[[Numbers], Numbers]) -> Path:
    """A copy whose tensors of that name's ending hold other numbers."""
    shutil.copyfile(gguf, target)
    head = read_head(target)
    for found in (t for t in head.tensors if t.name.endswith(tensor)):
        place = head.data + found.offset
        whole = np.memmap(target, NUMBERS[found.type], "r+", offset=place, shape=found.shape[::-1])
        whole[:] = how(np.array(whole))
        whole.flush()
    return target


def with_alpha(gguf: Path, target: Path, how: Callable[[float], float]) -> Path:
    """A copy that says another alpha."""
    content = bytearray(gguf.read_bytes())
    at = content.index(b"adapter.lora.alpha") + len(b"adapter.lora.alpha") + 4
    (alpha,) = struct.unpack_from("<f", content, at)
    struct.pack_into("<f", content, at, how(alpha))
    target.write_bytes(content)
    return target
