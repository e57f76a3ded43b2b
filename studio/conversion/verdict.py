"""Whether what was found between llama.cpp and torch is rounding, or a fault."""

from __future__ import annotations

from studio.conversion.agreement import Agreement
from studio.errors import StudioError
from studio.language import _

BASE_NOISE = {"F32": 1e-3, "F16": 0.01, "Q8_0": 0.06, "Q5_K_M": 0.2, "Q4_K_M": 0.35}
"""‖llama.cpp − torch‖ ÷ ‖torch‖ of centred logits that a model may have in each precision: twice
the largest that was measured and more. In F32 that is of models with GELU, which llama.cpp looks
up in a table of 16 bits."""
UNKNOWN = 0.35
"""The same of a precision that is not made here."""
STRENGTH = (0.02, 0.15, 0.2)
"""What the strength may differ from 1 by: always, for each unit of noise ÷ change, and for each of
noise, since a coarser model answers to the same adapter a little less."""
REMAINDER = (0.02, 2.0, 0.0)
"""The same of the part of a change that is not the trained model's, ÷ the latter."""
MASKED, MASKED_WITHIN = 1.0, 4.0
"""Noise ÷ change up to which a change tells anything: of an adapter beside its base model, which
is judged at a strength at which it is heard, and of one within it, which cannot be turned up."""


def check(found: Agreement, precision: str, rounding: float, apart: bool) -> None:
    """Refuse what cannot be right. ``rounding`` is the relative error of the converted adapter's
    own numbers; ``apart`` says that the adapter is a file beside its base model.

    Raises:
        StudioError: the two do not agree.
    """
    if not found.is_finite():
        raise _refused(
            _("Where a number should be, the model or the voice computes none."),
            _("Look at how the lesson went, and teach the voice again at a smaller rate."),
        )
    remedy = _again(precision)
    _check_noise(found, precision, apart, remedy)
    if not is_masked(found, apart):
        _check_change(found, rounding, apart, remedy)


def is_masked(found: Agreement, apart: bool) -> bool:
    """Whether the adapter changes less than the precision rounds away, at whatever strength."""
    return found.masking > (MASKED if apart else MASKED_WITHIN)


def unheard(found: Agreement, apart: bool) -> str:
    """What is to be said of an adapter that changes nearly nothing; empty where it is heard."""
    if not is_masked(found, apart):
        return ""
    if not apart:
        return _(
            "The voice changes the model by less than this precision rounds away, and could not "
            "be told from the untaught model."
        )
    return _(
        "The voice changes next to nothing: it will write as the untaught model does. Its numbers "
        "were converted right."
    )


def _check_noise(found: Agreement, precision: str, apart: bool, remedy: str) -> None:
    limit = BASE_NOISE.get(precision, UNKNOWN)
    if found.noise <= limit:
        return
    who = _("without the voice") if apart else _("with the voice in it")
    raise _refused(
        _(
            "Already {who} llama.cpp differs from the model by {noise:.2%}; with weights in "
            "{precision} up to {limit:.2%} is rounding."
        ).format(who=who, noise=found.noise, precision=precision or "?", limit=limit),
        remedy,
    )


def _check_change(found: Agreement, rounding: float, apart: bool, remedy: str) -> None:
    if abs(found.applied - 1) > _allowed(STRENGTH, found, rounding):
        raise _refused(
            _("llama.cpp applies it {applied:.2f} times as strongly.").format(
                applied=found.applied
            ),
            remedy,
        )
    if apart and found.remainder > _allowed(REMAINDER, found, rounding):
        raise _refused(
            _("{share:.0%} of what it changes in llama.cpp is not what was learned.").format(
                share=min(found.remainder, 9.99)
            ),
            remedy,
        )


def _allowed(limits: tuple[float, float, float], found: Agreement, rounding: float) -> float:
    always, by_masking, by_noise = limits
    return always + by_masking * found.masking + by_noise * found.noise + 3 * rounding


def _again(precision: str) -> str:
    if precision in ("F32", "F16"):
        return _(
            "Convert the base model and the voice again. If that does not help, llama.cpp computes "
            "this model otherwise than it was taught: teach the voice on another one."
        )
    return _("Convert the base model in F16, and the voice again from the same base model.")


def _refused(why: str, remedy: str) -> StudioError:
    return StudioError(_("The converted voice does not write as it was taught."), why, remedy)
