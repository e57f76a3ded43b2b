"""The weighted sum of LoRA adapters, module by module: exact, or within a rank.

What an adapter consists of, and what its scale is, says ``studio.training.factors``. No base model
is needed for it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.conversion.folding import CONFIG, PREFIX, WEIGHTS, read_config
from studio.domain.merges import MergeSpec
from studio.training import factors

ROUNDS = 8
"""Power iterations of the truncated decomposition of a dense matrix (Halko et al. 2011)."""


@dataclass(frozen=True)
class Pair:
    """ΔW of one module as ``scale`` · b · a, in 32 bits."""

    a: Any
    b: Any
    scale: float = 1.0

    @property
    def rank(self) -> int:
        return int(self.a.shape[0])

    def times(self, weight: float) -> Pair:
        """The pair with its weight and its scale in b."""
        return Pair(self.a, self.b * (weight * self.scale))

    def dense(self) -> Any:
        """ΔW, of shape (outputs, inputs)."""
        return self.scale * (self.b @ self.a)

    def square(self) -> float:
        """‖ΔW‖² (Frobenius), without making ΔW: trace of (BᵀB)(AAᵀ)."""
        gram = (self.b.T @ self.b).double() * (self.a @ self.a.T).double()
        return float(gram.sum()) * self.scale**2


@dataclass(frozen=True)
class Mixed:
    """A module of the result. ``lost`` and ``whole`` are squared Frobenius norms: of what the
    result leaves out of what the method asks for, and of what it asks for."""

    pair: Pair
    lost: float
    whole: float


Weighted = tuple[float, Pair]
Voice = dict[str, Pair]


def read(folder: Path, name: str) -> Voice:
    """The pairs of an adapter by the names of their modules.

    Raises:
        StudioError: see ``factors.read``.
    """
    import torch

    return {
        module: Pair(torch.from_numpy(pair.a.read()), torch.from_numpy(pair.b.read()), pair.scale)
        for module, pair in factors.read(folder, name).items()
    }


def mixed(spec: MergeSpec, parts: Sequence[Weighted], rank: int) -> Mixed:
    """One module: ``parts`` are the weights and pairs of the voices that change it, and ``rank``
    is what svd, ties and dare keep."""
    if spec.method == "cat":
        exact = joined(parts)
        return Mixed(exact, 0.0, exact.square())
    if spec.method == "svd":
        return shortened(joined(parts), rank)
    if spec.method == "linear":
        return averaged(parts)
    return condensed(_trimmed(spec, parts), rank)


def joined(parts: Sequence[Weighted]) -> Pair:
    """The exact weighted sum; its rank is the sum of the ranks (peft's ``cat``)."""
    import torch

    scaled = [pair.times(weight) for weight, pair in parts]
    return Pair(torch.cat([p.a for p in scaled]), torch.cat([p.b for p in scaled], dim=1))


def shortened(exact: Pair, rank: int) -> Mixed:
    """The best approximation of at most ``rank`` (Eckart and Young 1936), found from the QR
    factors of both sides: nothing larger than the ranks is decomposed."""
    import torch

    left, inner_left = torch.linalg.qr(exact.b)
    right, inner_right = torch.linalg.qr(exact.a.T)
    u, values, vh = torch.linalg.svd(inner_left @ inner_right.T, full_matrices=False)
    root = values[:rank].sqrt()
    pair = Pair(root[:, None] * (vh[:rank] @ right.T), (left @ u[:, :rank]) * root)
    squares = values.double() ** 2
    return Mixed(pair, float(squares[rank:].sum()), float(squares.sum()))


def averaged(parts: Sequence[Weighted]) -> Mixed:
    """peft's ``linear``: A and B are summed each for itself, with the root of weight and scale.

    (ΣB)(ΣA) holds products of one voice's B with another's A, which no voice ever learned; what
    that does to the exact sum is reported as lost.
    """
    import torch

    widest = max(pair.rank for _weight, pair in parts)
    roots = [(math.sqrt(weight * pair.scale), pair) for weight, pair in parts]
    a = sum(root * _padded(pair.a, widest) for root, pair in roots)
    b = sum(root * _padded(pair.b.T, widest).T for root, pair in roots)
    pair, exact = Pair(a, b), joined(parts)
    apart = Pair(torch.cat([pair.a, exact.a]), torch.cat([pair.b, -exact.b], dim=1))
    return Mixed(pair, apart.square(), exact.square())


def _padded(matrix: Any, rows: int) -> Any:
    import torch

    return torch.nn.functional.pad(matrix, (0, 0, 0, rows - matrix.shape[0]))


def _trimmed(spec: MergeSpec, parts: Sequence[Weighted]) -> Any:
    """Ties (Yadav et al. 2023) or dare (Yu et al. 2023) of the dense ΔW, as peft computes it."""
    import torch
    from peft.utils import merge_utils

    methods: dict[str, Callable[..., Any]] = {
        "ties": merge_utils.ties,
        "dare_linear": merge_utils.dare_linear,
        "dare_ties": merge_utils.dare_ties,
    }
    weights = torch.tensor([weight for weight, _pair in parts])
    return methods[spec.method]([pair.dense() for _weight, pair in parts], weights, spec.density)


def condensed(dense: Any, rank: int) -> Mixed:
    """The leading ``rank`` of a dense matrix."""
    import torch

    wanted = min(rank, *dense.shape)
    reach = min(2 * wanted + 8, *dense.shape)
    u, values, v = torch.svd_lowrank(dense, q=reach, niter=ROUNDS)
    root = values[:wanted].sqrt()
    pair = Pair(root[:, None] * v[:, :wanted].T, u[:, :wanted] * root)
    lost = float((dense - pair.dense()).double().square().sum())
    return Mixed(pair, lost, float(dense.double().square().sum()))


def write(modules: dict[str, Pair], folder: Path, template: dict[str, Any]) -> int:
    """Store the result as a plain LoRA adapter that peft loads; its rank. ``template`` is the
    config of one of the voices."""
    from safetensors.torch import save_file

    rank = max(pair.rank for pair in modules.values())
    tensors = {}
    for module, pair in modules.items():
        tensors[f"{PREFIX}{module}.lora_A.weight"] = _padded(pair.a, rank).contiguous()
        tensors[f"{PREFIX}{module}.lora_B.weight"] = _padded(pair.b.T, rank).T.contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    _write_config(folder, sorted(modules), rank, template)
    return rank


def _write_config(folder: Path, modules: list[str], rank: int, template: dict[str, Any]) -> None:
    from peft import LoraConfig

    LoraConfig(
        base_model_name_or_path=template.get("base_model_name_or_path"),
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=rank,
        target_modules=modules,
        inference_mode=True,
    ).save_pretrained(str(folder))
    # peft keeps the names as a set, whose order is another in every process.
    config = read_config(folder) | {"target_modules": modules}
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
