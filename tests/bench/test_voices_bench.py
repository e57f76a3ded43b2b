"""The proof on real books: each author's own adapter knows the author's unseen chapters best.

Two authors and few steps here; ``python -m studio bench voices`` compares all four."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.bench import voices
from tests.workroom import LocalRoom

pytestmark = pytest.mark.whole_way
TWO = ("Austen", "Wells")
STEPS = 20


class Shared(LocalRoom):
    """A scratch folder of its own, on artifacts that all share."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder / name)
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir(exist_ok=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("voices")


@pytest.fixture(scope="module")
def books(corpus: Path, folder: Path) -> dict[str, str]:
    """Datasets of two novels, made as a job makes them."""
    return voices.datasets(corpus / "en", lambda name: Shared(folder, name), TWO)


@pytest.mark.parametrize("way", voices.WAYS)
def test_the_diagonal_wins(way: str, books: dict[str, str], folder: Path) -> None:
    taught = {
        author: voices.teach(author, dataset, way, Shared(folder, f"{way}-{author}"), STEPS)
        for author, dataset in books.items()
    }
    table = voices.read(books, taught, way, Shared(folder, f"{way}-read"))
    assert len(voices.pairs(table)) == 2
    assert voices.share(table) == 1.0, table
    assert all(row[author] < row[voices.UNTAUGHT] for author, row in table.items()), table


def test_a_table_in_which_another_voice_is_ahead_is_not_won() -> None:
    table = {
        "A": {"untaught": 1.5, "A": 1.0, "B": 1.2},
        "B": {"untaught": 1.5, "A": 1.1, "B": 1.2},
    }
    assert voices.share(table) == 0.5
    assert voices.closest(table) == pytest.approx(-0.1)
