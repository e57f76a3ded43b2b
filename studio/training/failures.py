"""What goes wrong while a model learns, in a writer's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _

HOST_SIGNS = ("can't allocate memory", "not enough memory", "bad_alloc", "cannot allocate memory")
GPU_SIGNS = ("cuda out of memory", "cuda error: out of memory", "cublas_status_alloc_failed")


def diverged(spec: TrainSpec, step: int) -> StudioError:
    """The loss is no number any more."""
    return StudioError(
        _("The training went astray at step {step}.").format(step=step),
        _("Its loss is no longer a number: the learning rate of {rate:g} is too high.").format(
            rate=spec.learning_rate
        ),
        _("Start again with a learning rate of {rate:g}.").format(rate=spec.learning_rate / 5),
    )


def no_numbers(spec: TrainSpec) -> StudioError:
    """The base model's own output is no number."""
    return StudioError(
        _("The model “{name}” gives no numbers.").format(name=spec.model.name or "starter"),
        _("Some of its weights are broken, although the files are whole."),
        _("Download or copy the model again, or choose another one."),
    )


@contextmanager
def explained(spec: TrainSpec) -> Iterator[None]:
    """Turn running out of memory, on the GPU or the machine, into a StudioError."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        place = _place_of(error)
        if place is None:
            raise
        raise StudioError(
            _("There was not enough memory on {place}.").format(place=place),
            _("The model, its adapter and {count} passages at a time do not fit together.").format(
                count=spec.batch_size
            ),
            _advice(spec),
        ) from error


def _place_of(error: BaseException) -> str | None:
    text = str(error).lower()
    if type(error).__name__ == "OutOfMemoryError" or any(sign in text for sign in GPU_SIGNS):
        return _("the graphics card")
    if isinstance(error, MemoryError) or any(sign in text for sign in HOST_SIGNS):
        return _("this machine")
    return None


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
