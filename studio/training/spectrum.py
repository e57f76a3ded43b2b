"""What svd leaves out of a mix at every rank, from the factors of the voices alone.

With the voices' B side by side and their A one above another, weights and scales as the diagonal
matrix D, the mix is ΔW = B·D·A. Its squared singular values are the eigenvalues of SᵀD(AAᵀ)DS,
where BᵀB = SSᵀ: matrices as small as the ranks of all voices together. S and AAᵀ are the same for
all weights, so that a weight can be moved and its effect be seen at once. Everything is in 64
bits, for squares have half of the digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.training.factors import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Gram:
    """One module: S, AAᵀ, and for each row of both the number and the scale of its voice."""

    root: NDArray[Any]
    inner: NDArray[Any]
    voices: NDArray[Any]
    scales: NDArray[Any]

    def squares(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Squared singular values of ΔW, the largest first."""
        import numpy

        scaled = (weights[self.voices] * self.scales)[:, None] * self.root
        found = numpy.linalg.eigvalsh(scaled.T @ self.inner @ scaled)
        return numpy.maximum(found[::-1], 0.0)


def effort(voices: Sequence[Mapping[str, Factors]]) -> int:
    """How long ``lost`` takes grows with this: the cubes of the ranks of all modules."""
    return sum(len(_parts(voices, module)[1]) ** 3 for module in _modules(voices))


def grams(voices: Sequence[Mapping[str, Factors]]) -> list[Gram]:
    """What is kept of the voices, in their order, to reckon with any weights."""
    return [_gram(*_parts(voices, module)) for module in _modules(voices)]


def lost(known: Sequence[Gram], weights: Sequence[float]) -> list[float]:
    """‖ΔW − ΔWᵣ‖ ÷ ‖ΔW‖ (Frobenius) over all modules, where ΔWᵣ is what svd keeps, for r = 1, 2, …
    up to the rank from which nothing is lost; nothing where the voices cancel each other out."""
    import numpy

    given = numpy.asarray(weights, dtype=float)
    squares = [gram.squares(given) for gram in known]
    tails = numpy.zeros(max(len(found) for found in squares))
    for found in squares:
        # From the smallest on, so that the small ones are not lost beside the large ones.
        tails[: len(found) - 1] += found[:0:-1].cumsum()[::-1]
    whole = float(sum(found.sum() for found in squares))
    return [float(root) for root in numpy.sqrt(tails / whole)] if whole else []


def _modules(voices: Sequence[Mapping[str, Factors]]) -> list[str]:
    return sorted({module for voice in voices for module in voice})


def _parts(voices: Sequence[Mapping[str, Factors]], module: str) -> tuple[list[Factors], list[int]]:
    """The factors of one module, and for each rank of them the number of its voice."""
    found = {number: voice[module] for number, voice in enumerate(voices) if module in voice}
    ranks = [number for number, pair in found.items() for _rank in range(pair.rank)]
    return list(found.values()), ranks


def _gram(pairs: Sequence[Factors], voices: Sequence[int]) -> Gram:
    import numpy

    a = numpy.concatenate([pair.a.read() for pair in pairs]).astype(float)
    b = numpy.concatenate([pair.b.read() for pair in pairs], axis=1).astype(float)
    values, vectors = numpy.linalg.eigh(b.T @ b)
    scales = [pair.scale for pair in pairs for _rank in range(pair.rank)]
    return Gram(
        root=vectors * numpy.sqrt(numpy.maximum(values, 0.0)),
        inner=a @ a.T,
        voices=numpy.asarray(voices),
        scales=numpy.asarray(scales),
    )
