"""Changes wait until they become a version, and can be undone until then."""

from __future__ import annotations

import time

import pytest

from studio.domain.events import ArtifactProduced
from studio.domain.jobs import Job
from studio.domain.recipes import Edit, ReviseSpec
from studio.errors import Overtaken, StudioError
from studio.services import context, datasets, jobs, revisions
from studio.store import database, registry
from tests.processes import Crew
from tests.services import shelf
from tests.waiting import PATIENCE

NEW = "The clerk did not write that evening."


@pytest.fixture
def dataset(home: object) -> str:
    return shelf.put().id


def produced(job: Job, artifact: str) -> None:
    """What the recorder does when the worker has made the version."""
    record = datasets.get(artifact)
    facts = record.model_dump(include={"language", "train", "validation", "tokens", "statistics"})
    body = ArtifactProduced(
        kind="dataset", artifact=artifact, name="B", facts={**facts, "parent": job.spec["dataset"]}
    )
    with database.write(context.db()) as connection:
        registry.register(connection, job, body, time.time())


def test_changes_wait_and_outlive_the_tab(dataset: str) -> None:
    revisions.exclude(dataset, ["t0", "t2"])
    told = revisions.edit(dataset, "t1", NEW)
    context.close()
    assert revisions.pending(dataset) == told
    assert told.excluded == ("t0", "t2")
    assert told.edits == (Edit(id="t1", completion=NEW),)
    assert (told.steps, told.undone) == (2, 0)


def test_each_step_is_undone_and_redone_as_a_whole(dataset: str) -> None:
    revisions.exclude(dataset, ["t0", "t2"])
    revisions.include(dataset, ["t2"])
    assert revisions.pending(dataset).excluded == ("t0",)
    assert revisions.undo(dataset)
    assert revisions.pending(dataset).excluded == ("t0", "t2")
    assert revisions.undo(dataset)
    assert revisions.pending(dataset).excluded == ()
    assert not revisions.undo(dataset)
    assert revisions.redo(dataset)
    assert revisions.redo(dataset)
    assert not revisions.redo(dataset)
    assert revisions.pending(dataset).excluded == ("t0",)


def test_undoing_an_edit_brings_the_edit_before_it_back(dataset: str) -> None:
    revisions.edit(dataset, "t1", "First.")
    revisions.edit(dataset, "t1", "Second.")
    revisions.undo(dataset)
    (edit,) = revisions.pending(dataset).edits
    assert edit.completion == "First."


def test_a_new_step_after_undo_takes_the_place_of_what_was_undone(dataset: str) -> None:
    revisions.exclude(dataset, ["t0"])
    revisions.undo(dataset)
    assert revisions.pending(dataset).undone == 1
    revisions.exclude(dataset, ["t3"])
    assert not revisions.redo(dataset)
    assert revisions.pending(dataset).excluded == ("t3",)


def test_another_dataset_has_changes_of_its_own(dataset: str) -> None:
    other = shelf.put("Other", without="t5").id
    revisions.exclude(dataset, ["t0"])
    assert revisions.pending(other).excluded == ()
    assert not revisions.undo(other)


def test_all_can_be_dropped(dataset: str) -> None:
    revisions.exclude(dataset, ["t0"])
    revisions.edit(dataset, "t1", NEW)
    revisions.discard(dataset)
    assert revisions.pending(dataset) == revisions.Pending()


def test_what_is_not_there_is_refused_by_name_and_nothing_is_kept(dataset: str) -> None:
    with pytest.raises(StudioError, match="not in the dataset") as caught:
        revisions.exclude(dataset, ["t0", "nobody"])
    assert "nobody" in caught.value.why
    for empty in ("", " \n"):
        with pytest.raises(StudioError, match="cannot be empty"):
            revisions.edit(dataset, "t0", empty)
    with pytest.raises(StudioError, match="no rejected text"):
        revisions.edit(dataset, "t0", NEW, rejected="Worse.")
    with pytest.raises(StudioError, match="nothing to make a version of"):
        revisions.make_version(dataset)
    assert revisions.pending(dataset) == revisions.Pending()
    assert jobs.list_jobs() == []


def test_a_pair_can_be_changed_on_both_sides(home: object) -> None:
    dataset = shelf.put(rejected="Worse.").id
    told = revisions.edit(dataset, "t0", NEW, rejected="Much worse.")
    assert told.edits == (Edit(id="t0", completion=NEW, rejected="Much worse."),)


def test_a_version_is_asked_for_once(dataset: str) -> None:
    revisions.exclude(dataset, ["t0", "t2"])
    revisions.edit(dataset, "t1", NEW)
    revisions.edit(dataset, "t2", NEW)
    job = revisions.make_version(dataset, "B")
    assert revisions.make_version(dataset, "B").id == job.id
    spec = ReviseSpec.model_validate(job.spec)
    assert (job.kind, job.queue, spec.name, spec.dataset) == ("revise", "cpu", "B", dataset)
    assert set(spec.exclude) == {"t0", "t2"}
    assert [edit.id for edit in spec.edits] == ["t1"]
    assert revisions.pending(dataset).steps == 3


def test_changes_are_forgotten_once_the_version_is_there(dataset: str) -> None:
    revisions.exclude(dataset, ["t0", "t3"])
    revisions.include(dataset, ["t3"])
    job = revisions.make_version(dataset)
    time.sleep(0.01)
    revisions.edit(dataset, "t5", NEW)
    produced(job, shelf.put("B", parent=dataset, without="t0").id)
    left = revisions.pending(dataset)
    assert left.excluded == ()
    assert [edit.id for edit in left.edits] == ["t5"]
    assert left.steps == 1


def test_changes_that_were_not_asked_for_go_on_waiting(dataset: str) -> None:
    revisions.exclude(dataset, ["t3"])
    job = revisions.revise(dataset, ["t0"], [])
    produced(job, shelf.put("B", parent=dataset, without="t0").id)
    assert revisions.pending(dataset).excluded == ("t3",)


def test_versions_stand_after_what_they_were_made_of(dataset: str) -> None:
    child = shelf.put("B", parent=dataset, without="t0").id
    grandchild = shelf.put("C", parent=child, without="t1").id
    sibling = shelf.put("D", parent=dataset, without="t2").id
    shelf.put("Alone", without="t4")
    datasets.delete(child)
    for member in (dataset, child, grandchild, sibling):
        line = revisions.versions(member)
        assert [(v.record.id, v.depth) for v in line] == [
            (dataset, 0), (child, 1), (grandchild, 2), (sibling, 1)
        ]  # fmt: skip
    assert [v.excluded for v in line] == [0, 1, 1, 1]


def test_two_versions_are_compared(dataset: str) -> None:
    child = shelf.put("B", parent=dataset, without="t0").id
    found = revisions.compare(dataset, child)
    figures = {name: (a, b) for name, a, b in found.figures}
    assert figures["train"] == (6, 5)
    assert figures["flags.email"] == (1, 1)
    assert {"leakage.characters", "speech_share", "vocabulary.words", "scripts.zh"} <= set(figures)
    assert [e.id for e in found.examples.only_in_a] == ["t0"]
    assert (found.examples.only_in_b, found.examples.same) == ([], 6)


def test_a_real_worker_makes_the_version(people: Crew) -> None:
    parent = shelf.put()
    people.recorder()
    people.start("cpu", module="workers")
    revisions.exclude(parent.id, ["t0"])
    revisions.edit(parent.id, "t1", NEW)
    job = jobs.wait(revisions.make_version(parent.id, "B").id, PATIENCE)
    assert job.state == "finished", job.failure
    assert job.result is not None
    made = datasets.get(job.result["dataset"])
    assert (made.name, made.parent, made.train) == ("B", parent.id, 5)
    assert made.statistics["revision"] == {"excluded": 1, "edited": 1}
    assert revisions.pending(parent.id) == revisions.Pending()
    assert datasets.recipe_of(made.id) == datasets.recipe_of(parent.id)
    (changed,) = revisions.compare(parent.id, made.id).examples.changed
    assert changed.after.completion == NEW
    assert datasets.examples(made.id, "train")[0]["id"] == "t1"


def test_what_another_window_made_of_an_example_is_not_overwritten_unseen(dataset: str) -> None:
    base = revisions.now(dataset, "t1")
    revisions.edit(dataset, "t1", "Theirs.", base=base)
    with pytest.raises(Overtaken, match="Theirs"):
        revisions.edit(dataset, "t1", "Mine.", base=base)
    revisions.edit(dataset, "t1", "Theirs.", base=base)
    revisions.edit(dataset, "t1", "Mine.", base=revisions.now(dataset, "t1"))
    assert revisions.now(dataset, "t1") == ("Mine.", None)
