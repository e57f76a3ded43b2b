"""The two factors of every module of a LoRA adapter, read from its files alone, without torch.

An adapter changes the weight W of a module by ΔW = s·B·A, with A of shape (rank, inputs) and B of
shape (outputs, rank). The scale s is peft's own for that module, so that rank-stabilised adapters
and ranks or alphas of a module's own are summed right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.conversion.folding import (
    CONFIG,
    PREFIX,
    SIDES,
    WEIGHTS,
    peculiarities,
    read_config,
    scaling,
)
from studio.errors import StudioError
from studio.language import _
from studio.models.weights import Stored, stored


@dataclass(frozen=True)
class Factors:
    """ΔW of one module as ``scale`` · b · a."""

    a: Stored
    b: Stored
    scale: float

    @property
    def rank(self) -> int:
        return self.a.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """(outputs, inputs)"""
        return self.b.shape[0], self.a.shape[1]


def read(folder: Path, name: str) -> dict[str, Factors]:
    """The factors of an adapter by the names of their modules.

    Raises:
        StudioError: the files are damaged, or it changes the model by more than LoRA pairs.
    """
    config = read_config(folder)
    if found := peculiarities(config):
        raise _not_additive(name, found)
    sides: dict[str, dict[str, Stored]] = {}
    for key, tensor in _tensors(folder, name).items():
        place = SIDES.match(key)
        if not place:
            raise _not_additive(name, [key])
        sides.setdefault(place["module"].removeprefix(PREFIX), {})[place["side"]] = tensor
    for pair in sides.values():
        if len(pair) != 2 or pair["A"].shape[0] != pair["B"].shape[1]:
            raise damaged(name)
    return {
        module: Factors(pair["A"], pair["B"], scaling(config, module, pair["A"].shape[0]))
        for module, pair in sides.items()
    }


def _tensors(folder: Path, name: str) -> dict[str, Stored]:
    import numpy

    try:
        found = stored(folder / WEIGHTS)
    except (OSError, ValueError, StudioError) as error:
        raise damaged(name) from error
    if not all(numpy.isfinite(tensor.read()).all() for tensor in found.values()):
        raise damaged(name)
    return found


def damaged(name: str) -> StudioError:
    return StudioError(
        _("The voice {name} cannot be read.").format(name=name),
        _("Its weights {file} or its description {config} are missing or damaged.").format(
            file=WEIGHTS, config=CONFIG
        ),
        _("Leave it out, or teach the voice again."),
    )


def _not_additive(name: str, found: Sequence[str]) -> StudioError:
    return StudioError(
        _("The voice {name} cannot be mixed with others.").format(name=name),
        _("It uses {names}, which is no sum of matrices.").format(names=", ".join(found)),
        _("Leave it out, or put it alone, at full weight, into a model of its own."),
    )
