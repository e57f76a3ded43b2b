"""The script behind the starter model, up to the point where hours begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import starter_card, train_starter
from studio.settings import ROOT

SAMPLES = ROOT / "data" / "samples"


def test_books_are_read_as_the_studio_reads_them(tmp_path: Path) -> None:
    wrapped = "The ferry left at dusk, and nobody on the quay could have said who\nwas aboard.\n\n"
    (tmp_path / "ferry.txt").write_text(wrapped * 40, encoding="utf-8")
    (tmp_path / "clerk.txt").write_text("潮汐司的书记每天记三次水位。\n" * 60, encoding="utf-8")
    clerk, ferry = train_starter.read_books(tmp_path)
    assert (clerk.language, ferry.language) == ("zh", "en")
    assert "who was aboard" in ferry.train
    assert 0.02 < len(ferry.held_out) / len(ferry.train + ferry.held_out) < 0.04


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"No \.txt files"):
        train_starter.read_books(tmp_path)


def test_rows_are_full_and_some_are_chat_turns() -> None:
    books = train_starter.read_books(SAMPLES)
    tokenizer = train_starter.train_tokenizer(books)
    rows = train_starter.Batches(books, tokenizer, seed=1).draw(40, "cpu")
    assert rows.shape == (40, train_starter.CONTEXT + 1)
    turns = [train_starter.TURN_START in tokenizer.decode(row) for row in rows]
    assert 2 <= sum(turns) <= 20


def test_the_card_says_what_it_was_trained_on(tmp_path: Path) -> None:
    facts = {
        "parameters": 7_212_288, "steps": 10, "tokens": 61_440, "minutes": 0.1, "device": "cpu",
        "held_out_nats_per_character": {"en": 1.5, "zh": 4.25},
        "books": [{"name": "ferry", "language": "en", "characters": 12_000}],
        "babble": {"en": "The old house stood and stood."}, "date": "2026-11-20",
    }  # fmt: skip
    starter_card.write_card(tmp_path, facts)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    for said in ("7,212,288", "| ferry | en | 12,000 |", "Chinese | 4.250 nats", "> The old house"):
        assert said in card
    assert card.startswith("---\nlicense: apache-2.0\n")
