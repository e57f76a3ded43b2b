"""Whether a voice is an author's own: novels of four authors, and an adapter of each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.bench import machine
from studio.bench.room import Room
from studio.domain.base import Model
from studio.domain.learning import LoraSpec
from studio.domain.recipes import ContinuationSpec, Format, PrepareSpec
from studio.domain.specs import ImportSpec, NamedFile, TrainSpec
from studio.domain.workroom import Workroom
from studio.jobs.artifacts import ArtifactStore
from studio.models.loading import Quantisation, load_model
from studio.models.source import folder_of, load_tokenizer
from studio.settings import ROOT
from studio.training import engine, likelihood
from studio.training.examples import Row, rows_of, spread

AUTHORS = {
    "Austen": "pride-and-prejudice.txt",
    "Doyle": "sherlock-holmes.txt",
    "Shelley": "frankenstein.txt",
    "Wells": "war-of-the-worlds.txt",
}
WAYS: dict[str, Quantisation] = {"lora": "none", "qlora": "nf4"}
PASSAGES = 24
"""Held-out passages of each author that are read."""
LONGEST = 144
STEPS = 40
UNTAUGHT = "untaught"

Table = dict[str, dict[str, float]]
"""Nats a character: by the author of the held-out chapters, then by whose adapter reads."""


def run(corpus: Path | None = None) -> dict[str, Any]:
    """Teach every author's voice with LoRA and with QLoRA (nf4), and read every author's
    held-out chapters with each.

    ``diagonal_wins`` is the share of pairs (author, another author's adapter) in which the
    author's own adapter foretells the held-out chapters better. ``tables`` holds all figures.

    Raises:
        FileNotFoundError: a novel is missing under ``corpus``/en.
    """
    novels = (corpus or ROOT.parent / "shared" / "corpus") / "en"
    tables, seconds = {}, {}
    with tempfile.TemporaryDirectory(prefix="lorewright-voices-") as scratch:
        store = ArtifactStore(str(Path(scratch) / "store"), Path(scratch) / "cache")
        books = datasets(novels, lambda name: _room(Path(scratch) / name, store))
        for way in WAYS:
            began = time.monotonic()
            voices = {
                author: teach(author, dataset, way, _room(Path(scratch) / way / author, store))
                for author, dataset in books.items()
            }
            seconds[way] = (time.monotonic() - began) / len(books)
            tables[way] = read(books, voices, way, _room(Path(scratch) / way / "read", store))
    results = {f"diagonal_wins_{way}": share(table) for way, table in tables.items()}
    results["diagonal_wins"] = min(results.values())
    results |= {f"closest_{way}": closest(table) for way, table in tables.items()}
    results |= {f"training_seconds_{way}": round(spent, 1) for way, spent in seconds.items()}
    found = machine.report("voices", results, at_most={}, at_least={"diagonal_wins": 1.0})
    return found | {"tables": tables}


def _room(folder: Path, store: ArtifactStore) -> Room:
    folder.mkdir(parents=True, exist_ok=True)
    return Room(folder, store)


def datasets(novels: Path, room_of: Any, authors: Iterable[str] = AUTHORS) -> dict[str, str]:
    """A dataset of each author's novel, its last chapters held out, by the author's name."""
    from studio.datasets import engine as preparing
    from studio.text import engine as reading

    found = {}
    for author in authors:
        name, room = AUTHORS[author], room_of(author)
        original = room.folder / "upload"
        original.mkdir()
        (original / reading.ORIGINAL).write_bytes((novels / name).read_bytes())
        file = NamedFile(name=name, artifact=room.put(original))
        (manuscript,) = reading.run(ImportSpec(files=(file,)), room)["manuscripts"]
        builder = ContinuationSpec(passage_tokens=96, context_tokens=32)
        spec = PrepareSpec(name=author, manuscripts=(manuscript,), builder=builder)
        found[author] = str(preparing.run(spec, room)["dataset"])
    return found


def teach(author: str, dataset: str, way: str, room: Workroom, steps: int = STEPS) -> str:
    """A short lesson; the adapter's artifact id."""
    spec = TrainSpec(
        name=author,
        dataset=dataset,
        quantisation=WAYS[way],
        lora=LoraSpec(rank=16, alpha=32),
        learning_rate=4e-3,
        batch_size=4,
        max_length=LONGEST,
        max_steps=steps,
        evaluate_every=steps,
        save_every=steps,
        held_out_passages=8,
        samples=0,
    )
    return str(engine.run(spec, room)["adapter"])


def read(books: Mapping[str, str], voices: Mapping[str, str], way: str, room: Workroom) -> Table:
    """What each adapter, and the untaught model, make of each author's held-out chapters."""
    from peft import PeftModel

    folder = folder_of(Model(), room.fetch)
    tokenizer = load_tokenizer(folder)
    base = load_model(folder, WAYS[way])
    rows = {author: _held_out(room.fetch(book), tokenizer) for author, book in books.items()}
    model: Any = None
    for author, adapter in voices.items():
        path = str(room.fetch(adapter))
        if model is None:
            model = PeftModel.from_pretrained(base, path, author)
        else:
            model.load_adapter(path, author)
    return {
        author: _row(model, passages, tuple(voices), tokenizer.pad_token_id)
        for author, passages in rows.items()
    }


def _row(model: Any, passages: list[Row], voices: tuple[str, ...], pad: int) -> dict[str, float]:
    with model.disable_adapter():
        found = {UNTAUGHT: likelihood.measure(model, passages, pad).per_character}
    for voice in voices:
        model.set_adapter(voice)
        found[voice] = likelihood.measure(model, passages, pad).per_character
    return {name: round(nll, 4) for name, nll in found.items()}


def _held_out(dataset: Path, tokenizer: Any) -> list[Row]:
    rows, _account = rows_of(dataset / "validation.jsonl", tokenizer, Format(), LONGEST)
    return spread(rows, PASSAGES)


def pairs(table: Table) -> list[float]:
    """By how many nats a character an author's own adapter is ahead of each other one."""
    return [
        nll - row[author]
        for author, row in table.items()
        for voice, nll in row.items()
        if voice not in (author, UNTAUGHT)
    ]


def share(table: Table) -> float:
    """Of the pairs, in how many the author's own adapter is ahead."""
    ahead = [margin > 0 for margin in pairs(table)]
    return round(sum(ahead) / len(ahead), 4)


def closest(table: Table) -> float:
    """The smallest lead, in nats a character."""
    return round(min(pairs(table)), 4)
