"""Running out of memory is told with what to change; everything else passes through."""

from __future__ import annotations

from typing import Any

import pytest

from studio.errors import StudioError
from studio.training.failures import explained
from tests.training.material import small


def spec(**changes: Any) -> Any:
    return small("a" * 64, **changes)


def test_the_machine_ran_out_of_memory() -> None:
    import torch

    asked = spec(batch_size=8)
    with pytest.raises(StudioError, match="memory on this machine") as caught, explained(asked):
        torch.empty(1 << 60)
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
