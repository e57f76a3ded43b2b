"""The options that say how a dataset is made, and by which writer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from pydantic import TypeAdapter, ValidationError

from studio.cli import output
from studio.datasets.estimate import Estimate
from studio.domain.base import Model
from studio.domain.recipes import BuilderSpec
from studio.domain.writers import EndpointWriter, LocalWriter
from studio.language import _

Kind = Literal["continuation", "raw", "chat", "instruction", "preference"]

Writer = Annotated[
    str | None,
    typer.Option(help="Who writes for it: local, or an OpenAI-compatible address."),
]
WriterModel = Annotated[
    str | None, typer.Option(help="The model's name at the address, or the local model.")
]
MayLeave = Annotated[
    bool, typer.Option("--may-leave", help="The address may be on another machine.")
]
MostRequests = Annotated[int, typer.Option(min=1, help="Requests that are never exceeded.")]
MostCost = Annotated[
    float | None, typer.Option(min=0, help="What is never exceeded, at the prices given.")
]
Price = Annotated[float, typer.Option(min=0, help="Price of a million tokens.")]


def writer_of(
    given: str | None, name: str | None, model: Model | None, more: dict[str, Any]
) -> LocalWriter | EndpointWriter | None:
    """The writer that the options name; ``more`` are those that an address needs."""
    if given is None:
        return None
    if given == "local":
        return LocalWriter(model=model or Model())
    if not name:
        raise typer.BadParameter("An address needs --writer-model, the model's name there.")
    try:
        return EndpointWriter(address=given, model=name, **more)
    except ValidationError as problem:
        raise typer.BadParameter(
            "--writer is local, or an address as http://127.0.0.1:8000/v1, without a key in it."
        ) from problem


def builder_of(kind: str, options: dict[str, Any]) -> BuilderSpec:
    """The recipe of a kind with those of the options that were given."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        made: BuilderSpec = TypeAdapter(BuilderSpec).validate_python({"kind": kind, **given})
    except ValidationError as problem:
        raise typer.BadParameter(f"{kind}: {_said(problem)}") from problem
    return made


def show_estimate(found: Estimate) -> None:
    output.show_facts(
        {
            _("Requests"): found.requests,
            _("Tokens to read"): found.read,
            _("Tokens to write"): found.written,
            _("Price"): found.price,
            _("Minutes"): round(found.seconds / 60, 1),
        }
    )
    for sentence in found.assumptions:
        output.out.print(sentence, markup=False)


def _said(problem: ValidationError) -> str:
    """What is wrong, without the values that were given."""
    return "; ".join(
        f"--{str(error['loc'][-1]).replace('_', '-')}: {error['msg']}" for error in problem.errors()
    )
