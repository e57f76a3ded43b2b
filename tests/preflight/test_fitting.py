"""Which model fits a machine."""

from __future__ import annotations

import pytest

from studio.models.catalogue import catalogue, entry
from studio.preflight.fitting import GENTLE, TIGHT, fit, ranked

GB = 10**9


def of(name: str, memory: float, kind: str = "cuda") -> object:
    found = entry(name)
    assert found
    return fit(found, int(memory * GB), kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "memory", "way"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", 24, "none"),
        ("meta-llama/Llama-3.1-8B-Instruct", 12, "nf4"),
        ("meta-llama/Llama-3.1-8B-Instruct", 6, None),
        ("Qwen/Qwen2.5-14B-Instruct", 16, "nf4"),
        ("Qwen/Qwen2.5-0.5B-Instruct", 8, "none"),
        ("meta-llama/Llama-3.3-70B-Instruct", 24, None),
    ],
)
def test_well_known_answers(name: str, memory: float, way: str | None) -> None:
    assert of(name, memory).quantisation == way  # type: ignore[attr-defined]


@pytest.mark.parametrize("memory", [4, 8, 16, 24, 80])
def test_order(memory: int) -> None:
    found = ranked(catalogue(), memory * GB, "cuda")
    assert len(found) == len(catalogue())
    kinds = [(f.teachable, f.quantisation is not None) for f in found]
    assert kinds == sorted(kinds, reverse=True)
    fitting = [f.parameters for f in found if f.quantisation and f.teachable]
    assert fitting == sorted(fitting, reverse=True)
    missed = [f.needs for f in found if not f.quantisation and f.teachable]
    assert missed == sorted(missed)
    for f in found:
        assert (f.needs <= TIGHT * memory * GB) == (f.quantisation is not None)
        assert (f.longest >= 1024) == (f.quantisation is not None)
        assert f.longest <= max(f.context, 1024)


def test_more_memory_is_never_worse() -> None:
    for found in catalogue():
        small, large = (fit(found, gb * GB, "cuda") for gb in (12, 48))
        assert large.longest >= small.longest
        if small.quantisation:
            assert large.quantisation
            assert GENTLE.index(large.quantisation) <= GENTLE.index(small.quantisation)


def test_a_processor_computes_with_wider_numbers() -> None:
    name = "Qwen/Qwen2.5-1.5B-Instruct"
    assert of(name, 24, "cpu").needs > of(name, 24).needs  # type: ignore[attr-defined]
