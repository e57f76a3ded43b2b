"""A base model folder becomes one GGUF file."""

from __future__ import annotations

from pathlib import Path

from studio.conversion import toolkit
from studio.conversion.process import launch
from studio.conversion.quantisation import (
    BEFORE,
    QUANTISATIONS,
    check_rows,
    quantise,
    tensor_shapes,
)
from studio.conversion.tokens import check_tokens
from studio.domain.findings import Finding
from studio.domain.specs import ConvertSpec
from studio.domain.workroom import Workroom


class BaseGguf:
    kind = "base-gguf"
    label = "Base model for llama.cpp"
    Spec = ConvertSpec

    def check(self, spec: ConvertSpec, model: Path, adapter: Path | None) -> Finding | None:
        """A finding where the model cannot be written in the kind that is asked for."""
        return check_rows(QUANTISATIONS[spec.quantisation], tensor_shapes(model))

    def run(self, spec: ConvertSpec, model: Path, adapter: Path | None, room: Workroom) -> Path:
        """Convert, quantise and compare the tokens; the path of the GGUF in ``room.folder``.

        Raises:
            LaunchError: the converter refused the model.
            StudioError: llama.cpp cannot open the result or reads other tokens than training.
            Stopped: the writer asked to stop.
        """
        wanted = QUANTISATIONS[spec.quantisation]
        whole = room.folder / "whole.gguf"
        arguments = [toolkit.SCRIPTS["base"], str(model), "--outfile", str(whole)]
        arguments += ["--outtype", wanted.script or BEFORE]
        launch(room, "convert", str(toolkit.find()), *arguments)
        if wanted.script:
            made = whole
        else:
            made = room.folder / "small.gguf"
            quantise(whole, made, wanted, room)
            whole.unlink()
        check_tokens(made, model)
        return made

    def kept_as(self, spec: ConvertSpec) -> str:
        return spec.quantisation


plugin = BaseGguf()
