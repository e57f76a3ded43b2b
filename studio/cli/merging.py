"""``adapters merge``: several voices become one."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from studio.cli import choose, output
from studio.cli.output import AsJson
from studio.cli.progress import follow
from studio.services import adapters, merging

Method = Literal["cat", "svd", "linear", "ties", "dare_linear", "dare_ties"]


def merge(
    voices: Annotated[
        list[str], typer.Argument(help="Voices by id or name, each with its weight: NAME=0.7.")
    ],
    method: Annotated[
        Method, typer.Option(help="How they are put together; cat is the exact sum.")
    ] = "cat",
    rank: Annotated[
        int | None, typer.Option(min=1, max=512, help="Of the result of svd, ties and dare.")
    ] = None,
    density: Annotated[
        float | None, typer.Option(min=0.01, max=1, help="What ties and dare keep of each.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of dare's dice.")] = None,
    into: Annotated[
        Literal["adapter", "model"], typer.Option(help="A new voice, or a model of its own.")
    ] = "adapter",
    name: Annotated[str | None, typer.Option(help="What to call the result.")] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Measure how much of each is left.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Mix voices of one base model, and convert the result for the desk."""
    weights = dict(_weighted(given) for given in voices)
    title = name or " + ".join(adapters.get(voice).name for voice in weights)
    spec = merging.plan(
        weights, title, method=method, rank=rank, density=density, seed=seed, into=into,
        measure=measure,
    )  # fmt: skip
    done = follow(lambda: merging.merge(spec), quiet=as_json)
    result = done[0].result or {}
    if as_json:
        output.show_json({"job_id": done[0].id, "name": title, **result})
        return
    output.show_facts({name: value for name, value in result.items() if name != "kept"})
    columns = ("Voice", "Weight", "Untaught", "Alone", "In the mix", "Left")
    output.show_table(columns, (_row(voice) for voice in result["kept"]))


def _weighted(given: str) -> tuple[str, float]:
    named, _sign, weight = given.rpartition("=")
    try:
        number = float(weight) if named else 1.0
    except ValueError:
        raise typer.BadParameter(f"{given}: write a voice and its weight as NAME=0.7.") from None
    return choose.one_of(adapters.list_all(), named or given, "voice").id, number


def _row(voice: dict[str, float | str | None]) -> tuple[object, ...]:
    left = "–" if voice["share"] is None else f"{voice['share']:.0%}"
    figures = (f"{voice[which]:.4f}" for which in ("base", "own", "merged"))
    return voice["name"], f"{voice['weight']:g}", *figures, left
