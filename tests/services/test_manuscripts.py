"""Manuscripts are read by a worker; what came in is kept as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.domain.jobs import JobState
from studio.domain.manuscripts import Decisions
from studio.domain.records import ManuscriptRecord
from studio.errors import StudioError
from studio.services import jobs, manuscripts
from studio.services.context import store
from studio.settings import ROOT, Settings
from studio.text.filesets import FileSet
from tests.running import running
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("studio")


def tale(weather: str) -> bytes:
    return f"CHAPTER I\n\nIt {weather} all day.\n\nCHAPTER II\n\nIt went on.\n".encode()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running(tmp_path_factory.mktemp("manuscripts") / "data") as found:
        yield found


def read(name: str, data: bytes) -> ManuscriptRecord:
    job = jobs.wait(manuscripts.bring_in([manuscripts.uploaded(name, data)]).id, PATIENCE)
    assert job.state is JobState.FINISHED, job.failure
    (record,) = manuscripts.imported(job)
    return record


def test_an_imported_manuscript_is_kept_cleaned_and_as_it_came() -> None:
    record = read("tale.txt", tale("rained"))
    assert [c.title for c in record.chapters] == ["CHAPTER I", "CHAPTER II"]
    assert (record.file, record.version, record.family) == ("tale.txt", 1, record.id)
    assert manuscripts.manuscript(record.id).chapters == record.chapters
    (original,) = store().fetch(record.original).iterdir()
    assert original.read_bytes() == tale("rained")


def test_the_same_text_is_kept_once() -> None:
    first = read("tale.txt", tale("snowed"))
    before = len(manuscripts.list_all())
    assert read("tale.txt", tale("snowed")).id == first.id
    assert len(manuscripts.list_all()) == before


def test_a_deleted_manuscript_comes_back() -> None:
    record = read("tale.txt", tale("hailed"))
    manuscripts.delete(record.id)
    assert record.id not in {m.id for m in manuscripts.list_all()}
    manuscripts.restore(record.id)
    assert manuscripts.get(record.id).deleted_at is None


@pytest.mark.parametrize("data", [b"", b"  \n ", bytes(range(256)) * 64])
def test_a_bad_file_alone_fails_in_plain_words(data: bytes) -> None:
    before = manuscripts.list_all()
    job = jobs.wait(manuscripts.bring_in([manuscripts.uploaded("bad.txt", data)]).id, PATIENCE)
    assert job.state is JobState.FAILED
    assert job.failure is not None
    assert "bad.txt" in job.failure.what
    assert job.failure.remedy
    assert manuscripts.list_all() == before


def test_a_bad_file_does_not_hold_up_the_others() -> None:
    files = {"one.txt": tale("thundered"), "bad.txt": b"", "two.txt": tale("cleared")}
    given = [manuscripts.uploaded(name, data) for name, data in files.items()]
    job = jobs.wait(manuscripts.bring_in(given).id, PATIENCE)
    assert job.state is JobState.FINISHED
    assert [m.file for m in manuscripts.imported(job)] == ["one.txt", "two.txt"]
    (problem,) = manuscripts.refused(job)
    assert "bad.txt" in problem.what
    assert (job.step, job.steps) == (3, 3)


def chapters(folder: Path) -> FileSet:
    """What is at a folder with two chapters and a picture."""
    for number, weather in ((10, "cleared up"), (2, "drizzled")):
        (folder / f"{number}.txt").write_bytes(f"It {weather} in the harbour.".encode())
    (folder / "map.png").write_bytes(b"\x89PNG")
    return manuscripts.found_at(folder)


def test_each_file_of_a_folder_is_a_manuscript(tmp_path: Path) -> None:
    job = jobs.wait(manuscripts.bring_in([chapters(tmp_path)]).id, PATIENCE)
    assert [m.file for m in manuscripts.imported(job)] == ["2.txt", "10.txt"]
    (note,) = manuscripts.notes(job)
    assert "map.png" in note


def test_a_folder_together_is_one_manuscript_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    place = tmp_path / "The Harbour"
    place.mkdir()
    job = jobs.wait(manuscripts.bring_in([chapters(place)], together=True).id, PATIENCE)
    (record,) = manuscripts.imported(job)
    assert (record.title, record.file) == ("The Harbour", "The Harbour.zip")
    text = manuscripts.manuscript(record.id).text
    assert 0 <= text.index("drizzled") < text.index("cleared up")
    assert any("map.png" in note for note in manuscripts.notes(job))


def test_several_files_are_read_as_one_in_the_order_that_was_chosen_and_again_so() -> None:
    names = ("2.txt", "Prologue.txt", "1.txt")
    given = [manuscripts.uploaded(n, f"It was {n} in the harbour.".encode()) for n in names]
    files = manuscripts.joined("Harbours.zip", given)
    assert files.names == ["Prologue.txt", "1.txt", "2.txt"]
    turned = manuscripts.reordered(files, ["2.txt", "1.txt", "Prologue.txt"])
    job = jobs.wait(manuscripts.bring_in([turned], together=True).id, PATIENCE)
    (record,) = manuscripts.imported(job)
    assert record.title == "Harbours"
    again = jobs.wait(manuscripts.reread(record.id, Decisions(), footnotes=True).id, PATIENCE)
    for found in (record, *manuscripts.imported(again)):
        titles = [chapter.title for chapter in manuscripts.manuscript(found.id).chapters]
        assert titles == ["2", "1", "Prologue"]


def test_reading_again_with_decisions_is_a_new_version() -> None:
    credit = "Produced by A. Reader and the Proofreaders"
    first = read("credits.txt", f"{credit}\n\n".encode() + tale("misted"))
    (removal,) = manuscripts.manuscript(first.id).removals
    assert removal.text == credit
    decisions = Decisions(keep=frozenset({removal.id}))
    job = jobs.wait(manuscripts.reread(first.id, decisions).id, PATIENCE)
    (second,) = manuscripts.imported(job)
    assert (second.family, second.version) == (first.family, 2)
    assert credit in manuscripts.manuscript(second.id).text
    assert [m.id for m in manuscripts.versions(first.id)] == [second.id, first.id]


def test_two_clicks_are_one_job() -> None:
    first, second = (
        manuscripts.bring_in([manuscripts.uploaded("twice.txt", tale("froze"))]) for _ in range(2)
    )
    assert second.id == first.id or jobs.get(first.id).ended
    jobs.wait(second.id, PATIENCE)


def test_nothing_to_bring_in_is_said() -> None:
    with pytest.raises(StudioError, match="nothing to bring in"):
        manuscripts.bring_in([])


def test_the_samples_can_be_brought_in() -> None:
    found = {}
    for sample in manuscripts.samples():
        job = jobs.wait(manuscripts.bring_in_sample(sample.kind).id, PATIENCE)
        (found[sample.language],) = manuscripts.imported(job)
    assert set(found) == {"en", "zh"}
    assert found["en"].words > 2_500
    assert found["zh"].characters > 5_000
    assert all(len(record.chapters) >= 4 for record in found.values())


@pytest.mark.parametrize("kind", ["nothing", "../starter/config", ""])
def test_an_unknown_sample_is_said_plainly(kind: str) -> None:
    with pytest.raises(StudioError, match="no sample"):
        manuscripts.bring_in_sample(kind)


def test_the_samples_are_part_of_the_project(studio: Settings) -> None:
    assert studio.samples.is_relative_to(ROOT)
