"""A LoRA adapter becomes one GGUF file that llama.cpp lays over the base model."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePath
from typing import Any

from studio.conversion import toolkit
from studio.conversion.folding import (
    MERGE,
    fold,
    module_shapes,
    parts,
    peculiarities,
    read_config,
)
from studio.conversion.holding import check_holds
from studio.conversion.process import launch
from studio.conversion.quantisation import tensor_shapes
from studio.domain.findings import Finding, Remedy
from studio.domain.specs import ConvertSpec
from studio.domain.workroom import Workroom
from studio.language import _

TIED, TABLE = "lm_head", "model.embed_tokens.weight"
"""A module whose weights are those of the table of words in many models."""


class AdapterGguf:
    kind = "adapter-gguf"
    label = "Voice (LoRA adapter) for llama.cpp"
    Spec = ConvertSpec

    def check(self, spec: ConvertSpec, model: Path, adapter: Path | None) -> Finding | None:
        """A finding where llama.cpp cannot hold what the adapter is, or it fits another model."""
        if adapter is None:
            return _finding(
                _("There is no voice to convert."),
                _("No adapter was chosen."),
                _("Choose an adapter on the Adapters page."),
            )
        if found := peculiarities(read_config(adapter)):
            return _finding(
                _("This adapter cannot become a voice for llama.cpp as it is."),
                _("It uses {names}, which a GGUF adapter cannot hold.").format(
                    names=", ".join(found)
                ),
                _(MERGE),
            )
        return _misfit(adapter, model)

    def run(self, spec: ConvertSpec, model: Path, adapter: Path | None, room: Workroom) -> Path:
        """Fold the scales and convert; the path of the GGUF in ``room.folder``.

        Raises:
            LaunchError: the converter refused the adapter.
            StudioError: the result does not hold all of the adapter.
            Stopped: the writer asked to stop.
        """
        assert adapter is not None
        folded = room.folder / "adapter"
        shutil.rmtree(folded, ignore_errors=True)
        fold(adapter, folded)
        made = room.folder / "adapter.gguf"
        arguments = [toolkit.SCRIPTS["adapter"], str(folded), "--base", str(model)]
        arguments += ["--outfile", str(made), "--outtype", self.kept_as(spec).lower()]
        launch(room, "convert", str(toolkit.find()), *arguments)
        check_holds(made, parts(adapter))
        return made

    def kept_as(self, spec: ConvertSpec) -> str:
        """An adapter is small and decides the voice: never below 16 bits."""
        return "F32" if spec.quantisation == "F32" else "F16"


def _misfit(adapter: Path, model: Path) -> Finding | None:
    weights = tensor_shapes(model)
    for module, shape in module_shapes(adapter).items():
        theirs = weights.get(f"{module}.weight")
        if theirs is None and module == TIED and weights.get(TABLE) == shape:
            return _finding(
                _("This adapter cannot become a voice for llama.cpp as it is."),
                _(
                    "It changes {module}, which in this model is the table of the words itself; a"
                    " GGUF adapter has no place for that."
                ).format(module=module),
                _("Choose an adapter that leaves {module} as it is.").format(module=module),
            )
        if theirs != shape:
            return _finding(
                _("The adapter does not fit the model {model}.").format(model=model.name),
                _(
                    "It was trained on {origin}: its {module} is {shape}; the model's is {theirs}."
                ).format(
                    origin=_last_word(read_config(adapter)) or _("another"),
                    module=module,
                    shape="×".join(map(str, shape)),
                    theirs="×".join(map(str, theirs)) if theirs else _("not there"),
                ),
                _("Choose the model the adapter was trained on."),
            )
    return None


def _last_word(config: dict[str, Any]) -> str:
    """The base model's name without where it lies."""
    return PurePath(str(config.get("base_model_name_or_path") or "")).name


def _finding(sentence: str, reason: str, remedy: str) -> Finding:
    return Finding(
        check="adapter",
        level="blocks",
        sentence=sentence,
        reason=reason,
        remedies=(Remedy(label=remedy),),
    )


plugin = AdapterGguf()
