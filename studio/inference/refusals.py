"""Why a model cannot be written with, in a writer's words."""

from __future__ import annotations

from pathlib import Path

from studio.errors import StudioError
from studio.inference.gguf import Head
from studio.language import _


def cannot_load(path: Path) -> StudioError:
    """llama.cpp gave no model for the file."""
    return StudioError(
        _("The model file {path} cannot be loaded.").format(path=path),
        _("llama.cpp does not know its kind, the file is damaged, or memory does not suffice."),
        _("Convert the model again on the Convert page, or choose a smaller one."),
    )


def no_memory(path: Path, context: int) -> StudioError:
    """A context of this many tokens could not be made or filled."""
    return StudioError(
        _("There is no room to write with {path}.").format(path=path),
        _("A memory of {context} tokens for what came before did not fit.").format(context=context),
        _("Choose a smaller context or a smaller model, or close other programs."),
    )


def wrong_adapter(base: Head, adapter: Head) -> StudioError:
    """The adapter belongs to another model; both are named."""
    return StudioError(
        _("The voice {adapter} does not fit the model {base}.").format(
            adapter=adapter.path.name, base=base.path.name
        ),
        _("The voice was made for {theirs}, and the model is {ours}.").format(
            theirs=_portrait(adapter), ours=_portrait(base)
        ),
        _("Choose the model the voice was trained on, or train the voice again on this one."),
    )


def _portrait(head: Head) -> str:
    if not head.is_adapter:
        return _("{architecture} with {size} values a word").format(
            architecture=head.architecture, size=head.hidden_size
        )
    sizes = sorted({t.shape[0] for t in head.tensors if t.name.endswith(".lora_a")})
    return _("{architecture} with {size} values a word").format(
        architecture=head.architecture, size="/".join(map(str, sizes))
    )
