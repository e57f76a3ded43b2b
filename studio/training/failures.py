"""What goes wrong while a model learns, in a writer's words."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _

HOST_SIGNS = ("can't allocate memory", "not enough memory", "bad_alloc", "cannot allocate memory")
GPU_SIGNS = ("cuda out of memory", "cuda error: out of memory", "cublas_status_alloc_failed")
DEVICE_SIGNS = (
    "cuda error",
    "no cuda gpus",
    "device-side assert",
    "cublas_status",
    "cudnn_status",
    "nvml",
    "nccl error",
)
"""As torch says that a graphics card has gone, or broke off in the middle of its work."""
DISK_SIGNS = (
    "no space left on device",
    "disk quota exceeded",
    "pytorchstreamwriter failed",
    "unexpected pos",
)
"""As safetensors and torch, which raise no OSError, say that a disk is full."""
LOWER = 5
"""By how much the rate is lowered after a training went astray."""


class Astray(StudioError):
    """The training went astray: nothing good comes of going on. ``shown``: how one sees it."""

    shown: str


def lowered(rate: float) -> float:
    """The learning rate to try after ``rate`` was too high."""
    return float(f"{rate / LOWER:.2g}")


def diverged(spec: TrainSpec, step: int, why: str, kept: int | None = None) -> Astray:
    """``why`` says how it shows; ``kept`` is the step of the adapter that was kept, if any."""
    remedy = _("Go on from the last good checkpoint with a learning rate of {rate:g}.")
    if kept is not None:
        remedy += " " + _("What it had learned by step {step} is on the shelf.")
    found = Astray(
        _("The training went astray at step {step}.").format(step=step),
        why + " " + _("The learning rate of {rate:g} is too high.").format(rate=spec.learning_rate),
        remedy.format(rate=lowered(spec.learning_rate), step=kept),
        "diverged",
    )
    found.shown = why
    return found


def not_a_number() -> str:
    return _("Its loss is no longer a number.")


def climbed(now: float, start: float) -> str:
    return _("Its loss has climbed to {now:.1f}, from {start:.1f} at the start.").format(
        now=now, start=start
    )


def no_numbers(spec: TrainSpec) -> StudioError:
    """The base model's own output is no number."""
    return StudioError(
        _("The model “{name}” gives no numbers.").format(name=spec.model.name or "starter"),
        _("Some of its weights are broken, although the files are whole."),
        _("Download or copy the model again, or choose another one."),
        "base",
    )


@contextmanager
def explained(spec: TrainSpec, out_of_memory: Callable[[], None]) -> Iterator[None]:
    """Turn what the machine can do to a training into a StudioError: no memory, no disk, a
    graphics card that is gone. ``out_of_memory`` is called while its traces are still there."""
    try:
        yield
    except StudioError:
        raise
    except Exception as error:  # safetensors has an error of its own that is neither
        if place := _place_of(error):
            out_of_memory()
            raise _too_little(place, spec) from error
        if _disk_is_full(error):
            raise _full() from error
        if _device_is_gone(error):
            raise _gone(str(error)) from error
        raise


def _place_of(error: BaseException) -> str | None:
    text = str(error).lower()
    if type(error).__name__ == "OutOfMemoryError" or any(sign in text for sign in GPU_SIGNS):
        return _("the graphics card")
    if isinstance(error, MemoryError) or any(sign in text for sign in HOST_SIGNS):
        return _("this machine")
    return None


def _disk_is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(sign in str(error).lower() for sign in DISK_SIGNS)


def _device_is_gone(error: BaseException) -> bool:
    return isinstance(error, RuntimeError) and any(
        sign in str(error).lower() for sign in DEVICE_SIGNS
    )


def _too_little(place: str, spec: TrainSpec) -> StudioError:
    return StudioError(
        _("There was not enough memory on {place}.").format(place=place),
        _("The model, its adapter and {count} passages at a time do not fit together.").format(
            count=spec.batch_size
        ),
        _advice(spec),
        "memory",
    )


def _full() -> StudioError:
    return StudioError(
        _("A checkpoint could not be written down."),
        _("The disk of the studio's data folder is full."),
        _("Free some space there, then go on: what was saved before is whole."),
        "disk",
    )


def _gone(said: str) -> StudioError:
    first = said.strip().splitlines()[0] if said.strip() else ""
    return StudioError(
        _("The graphics card broke off in the middle of the work."),
        _("It, or its driver, said: {said}.").format(said=first.rstrip(".")),
        _(
            "Go on from the last checkpoint; if it happens again, restart the machine of the"
            " trainer, or look whether the card is too hot."
        ),
        "device",
    )


def _advice(spec: TrainSpec) -> str:
    if spec.batch_size > 1:
        return _(
            "Set the batch size to {batch} and the accumulation to {accumulation}; the result is"
            " the same, it only takes longer."
        ).format(
            batch=max(1, spec.batch_size // 4),
            accumulation=spec.accumulation * (spec.batch_size // max(1, spec.batch_size // 4)),
        )
    if spec.quantisation != "nf4":
        return _("Compress the model while training (nf4), or choose a smaller model.")
    return _("Choose a smaller model, or a shorter maximal length.")
