"""What the processes of one training say to each other; alone, each word is true at once."""

from __future__ import annotations

from typing import Any, TypeVar

Value = TypeVar("Value")


def several() -> bool:
    """Whether this process is one of several that learn together."""
    import torch.distributed as group

    return group.is_available() and group.is_initialized() and group.get_world_size() > 1


def first() -> bool:
    """Whether this process is the one that speaks for all: it writes down, the others learn."""
    import torch.distributed as group

    return not several() or group.get_rank() == 0


def wait() -> None:
    """Until every process has come here."""
    import torch.distributed as group

    if several():
        group.barrier()


def agreed(value: Value) -> Value:
    """What the first process has for ``value``, so that all decide alike: a last digit that came
    out otherwise on one card must not let it end a step before the others."""
    import torch.distributed as group

    if not several():
        return value
    held: list[Any] = [value]
    group.broadcast_object_list(held, src=0)
    found: Value = held[0]
    return found


def each(value: Value) -> list[Value]:
    """The ``value`` of every process, in their order."""
    import torch.distributed as group

    if not several():
        return [value]
    found: list[Any] = [None] * group.get_world_size()
    group.all_gather_object(found, value)
    return found
