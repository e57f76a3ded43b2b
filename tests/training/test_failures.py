"""Running out of memory is told with what to change; everything else passes through."""

from __future__ import annotations

from typing import Any

import pytest

from studio.errors import StudioError
from studio.training import failures
from tests.training.material import small


def spec(**changes: Any) -> Any:
    return small("a" * 64, **changes)


def explained(asked: Any, peaks: list[int] | None = None) -> Any:
    """``peaks`` gets an entry where the peak would have been stored."""
    return failures.explained(asked, lambda: (peaks if peaks is not None else []).append(1))


def test_the_machine_ran_out_of_memory() -> None:
    import torch

    asked, peaks = spec(batch_size=8), list[int]()
    with pytest.raises(StudioError, match="on this machine") as caught, explained(asked, peaks):
        torch.empty(1 << 60)
    assert (caught.value.cause, peaks) == ("memory", [1])
    assert "batch size to 2 and the accumulation to 4" in caught.value.remedy


def test_the_card_ran_out_of_memory() -> None:
    import torch

    with pytest.raises(StudioError, match="graphics card"), explained(spec(batch_size=1)):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": 1}, "Compress"),
        ({"batch_size": 1, "quantisation": "nf4"}, "smaller model"),
    ],
)
def test_the_advice_fits_the_spec(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StudioError) as caught, explained(spec(**changes)):
        raise MemoryError
    assert said in caught.value.remedy


def test_a_defect_stays_a_defect() -> None:
    with pytest.raises(RuntimeError, match="shapes"), explained(spec()):
        raise RuntimeError("shapes do not match")


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: unspecified launch failure",
        "CUDA error: device-side assert triggered\nCUDA kernel errors might be reported later.",
        "No CUDA GPUs are available",
        "CUDA error: an illegal memory access was encountered",
        "NCCL Error 1: unhandled cuda error",
    ],
)
def test_a_card_that_vanishes_is_named(said: str) -> None:
    peaks = list[int]()
    with pytest.raises(StudioError, match="broke off") as caught, explained(spec(), peaks):
        raise RuntimeError(said)
    assert (caught.value.cause, peaks) == ("device", [])
    assert said.splitlines()[0] in caught.value.why
    assert "last checkpoint" in caught.value.remedy


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        RuntimeError("[enforce fail] . PytorchStreamWriter failed writing file data/3"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 450304 vs 450196"),
        Exception("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_named_whoever_says_so(error: Exception) -> None:
    with pytest.raises(StudioError, match="could not be written") as caught, explained(spec()):
        raise error
    assert caught.value.cause == "disk"


def test_what_is_explained_already_stays_as_it_is() -> None:
    problem = StudioError("a", "no space left on device", "c")
    with pytest.raises(StudioError) as caught, explained(spec()):
        raise problem
    assert caught.value is problem
