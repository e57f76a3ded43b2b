"""Finding examples by what they say and are."""

from __future__ import annotations

from typing import Any

import pytest

from studio.errors import StudioError
from studio.services import examples, revisions
from studio.services.examples import Wanted, search
from tests.services import shelf


@pytest.fixture
def dataset(home: object) -> str:
    return shelf.put().id


def ids(page: examples.Page) -> list[str]:
    return [row.example.id for row in page.rows]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["t0", "t1", "t2", "t3", "t4", "t5", "v0"]),
        ({"split": "validation"}, ["v0"]),
        ({"text": "THE LEDGER"}, ["t3"]),
        ({"text": "ｌｅｄｇｅｒ"}, ["t3"]),
        ({"text": "渡船"}, ["t4"]),
        ({"text": "go on"}, ["t0", "t1", "t2", "t3", "t4", "t5", "v0"]),
        ({"text": "nowhere"}, []),
        ({"chapters": ("Two", "三")}, ["t2", "t3", "t4", "t5"]),
        ({"flags": ("email", "phone")}, ["t1"]),
        ({"least_tokens": 50}, ["t1", "t3"]),
        ({"most_tokens": 20}, ["t4", "t5"]),
        ({"least_tokens": 16, "most_tokens": 19}, ["t5"]),
        ({"split": "train", "text": "the", "chapters": ("One",)}, ["t0", "t1"]),
    ],
)
def test_what_fits_is_found(dataset: str, wanted: dict[str, Any], found: list[str]) -> None:
    page = search(dataset, Wanted(**wanted))
    assert ids(page) == found
    assert page.total == len(found)


def test_pages_tile_what_is_found(dataset: str) -> None:
    pages = [search(dataset, offset=start, limit=3) for start in (0, 3, 6, 9)]
    assert [len(page.rows) for page in pages] == [3, 3, 1, 0]
    assert {page.total for page in pages} == {7}
    assert [i for page in pages for i in ids(page)] == ids(search(dataset))


def test_changes_that_wait_are_shown(dataset: str) -> None:
    revisions.exclude(dataset, ["t0"])
    revisions.edit(dataset, "t2", "A new sentence.")
    row = search(dataset, Wanted(state="edited")).rows[0]
    assert (row.example.completion, row.example.characters) == ("A new sentence.", 15)
    assert row.stored.completion == shelf.TRAIN[2][2]
    assert ids(search(dataset, Wanted(state="excluded"))) == ["t0"]
    assert "t0" not in ids(search(dataset, Wanted(state="kept")))
    assert ids(search(dataset, Wanted(text="new sentence"))) == ["t2"]
    revisions.undo(dataset)
    assert search(dataset, Wanted(state="edited")).total == 0


def test_an_example_is_named(dataset: str) -> None:
    assert [e.id for e in examples.named(dataset, ["v0", "t3"])] == ["v0", "t3"]
    with pytest.raises(StudioError, match="not in the dataset") as caught:
        examples.named(dataset, ["t0", "t9"])
    assert "t9" in caught.value.why


def test_a_dataset_that_is_not_there(home: object) -> None:
    with pytest.raises(StudioError, match="not in the studio"):
        search("0" * 64)
