"""A training keeps as many checkpoints as it was asked to, whatever is killed meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from studio.domain.jobs import Job, JobState
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.jobs.artifacts import ArtifactStore
from studio.jobs.pruning import prune
from studio.services import context
from studio.services.context import db
from studio.settings import ROOT, Settings
from studio.store import checkpoints, events, jobs
from studio.store.database import write
from tests.jobrows import a_job, put
from tests.processes import Crew
from tests.waiting import until


@pytest.fixture
def store(home: Settings) -> ArtifactStore:
    return context.store()


def stored(store: ArtifactStore, content: str, scratch: Path) -> str:
    folder = scratch / "made"
    folder.mkdir(exist_ok=True)
    (folder / "state.json").write_text(content)
    return store.put(folder)


def a_training(job_id: str = "a", keep: int = 2, **changes: object) -> Job:
    spec = TrainSpec(name="Voice", dataset="d" * 64, keep_checkpoints=keep)
    given = {"kind": "train", "queue": "train", "spec": spec.model_dump(mode="json"), **changes}
    return put(db(), a_job(job_id, **given))


def saved(job: Job, artifact: str, step: int) -> None:
    """What the recorder writes when a checkpoint was saved."""
    with write(db()):
        events.add_checkpoint(db(), job.id, artifact, step, float(step))
        jobs.update(db(), job.id, checkpoint=artifact)


def trained(store: ArtifactStore, scratch: Path, job: Job, steps: int) -> list[str]:
    made = [stored(store, f"{job.id} {step}", scratch) for step in range(1, steps + 1)]
    for step, artifact in enumerate(made, 1):
        saved(job, artifact, step)
    return made


def kept(job: Job) -> list[str]:
    return [row["artifact"] for row in events.checkpoints(db(), job.id)]


def in_order(artifacts: list[str]) -> list[str]:
    return sorted(artifacts)


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_are_kept(store: ArtifactStore, tmp_path: Path, keep: int) -> None:
    job = a_training(keep=keep)
    made = trained(store, tmp_path, job, 5)
    assert in_order(prune(db(), store)) == in_order(made[:-keep])
    assert kept(job) == made[-keep:]
    assert store.ids() == in_order(made[-keep:])
    assert jobs.get(db(), job.id).checkpoint == made[-1]  # type: ignore[union-attr]
    assert prune(db(), store) == []


@pytest.mark.parametrize("state", [JobState.FINISHED, JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_has_ended_keeps_no_more(
    store: ArtifactStore, tmp_path: Path, state: JobState
) -> None:
    job = a_training(state=state)
    made = trained(store, tmp_path, job, 4)
    prune(db(), store)
    assert kept(job) == made[-2:]


def test_each_job_is_counted_by_itself(store: ArtifactStore, tmp_path: Path) -> None:
    one, other = a_training("a", 1), a_training("b", 3)
    made, others = trained(store, tmp_path, one, 3), trained(store, tmp_path, other, 4)
    prune(db(), store)
    assert (kept(one), kept(other)) == (made[-1:], others[-3:])


def test_what_a_job_goes_on_from_stays_though_it_is_older(
    store: ArtifactStore, tmp_path: Path
) -> None:
    """A worker on another machine may be fetching it at this moment."""
    job = a_training(keep=1)
    made = trained(store, tmp_path, job, 3)
    with write(db()):
        jobs.update(db(), job.id, checkpoint=made[0])
    prune(db(), store)
    assert kept(job) == [made[0]]
    assert store.fetch(made[0]).is_dir()


def test_what_another_job_saved_too_stays(store: ArtifactStore, tmp_path: Path) -> None:
    one, other = a_training("a", 1), a_training("b", 2)
    made = trained(store, tmp_path, one, 3)
    saved(other, made[0], 1)
    saved(other, made[1], 2)
    prune(db(), store)
    assert (kept(one), kept(other)) == (made[2:], made[:2])
    assert store.ids() == in_order(made)


def test_what_another_job_goes_on_from_stays(store: ArtifactStore, tmp_path: Path) -> None:
    job = a_training(keep=1)
    made = trained(store, tmp_path, job, 2)
    put(db(), a_job("b", checkpoint=made[0]))
    prune(db(), store)
    assert kept(job) == made[1:]
    assert made[0] in store


def test_work_that_has_no_such_wish_keeps_all(store: ArtifactStore, tmp_path: Path) -> None:
    job = put(db(), a_job("a"))
    made = trained(store, tmp_path, job, 5)
    assert prune(db(), store) == []
    assert kept(job) == made


def test_what_was_saved_anew_before_its_files_went_stays(
    store: ArtifactStore, tmp_path: Path
) -> None:
    job = a_training(keep=1)
    made = trained(store, tmp_path, job, 2)
    with write(db()):
        checkpoints.discard(db(), checkpoints.surplus(db()))
    saved(job, made[0], 3)
    prune(db(), store)
    assert kept(job) == [made[0]]
    assert store.ids() == [made[0]]


KILLED = """
import os, sys
from studio.jobs.artifacts import ArtifactStore
from studio.jobs.pruning import prune
from studio.services.context import db, store

class Struck(ArtifactStore):
    def delete(self, artifact):
        if sys.argv[1] == "half way":
            self._fs.rm_file(self._path(artifact))
        if sys.argv[1] == "afterwards":
            super().delete(artifact)
        os.kill(os.getpid(), 9)

prune(db(), Struck(store().url, store().cache))
"""


@pytest.mark.parametrize("moment", ["before", "half way", "afterwards"])
def test_killed_while_removing_it_goes_on_the_next_time(
    store: ArtifactStore, tmp_path: Path, moment: str
) -> None:
    job = a_training(keep=1)
    made = trained(store, tmp_path, job, 3)
    done = subprocess.run([sys.executable, "-c", KILLED, moment], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert all(artifact in store for artifact in kept(job)), "a row names what is not there"
    prune(db(), store)
    assert store.ids() == made[-1:]
    assert not [p for p in home_of(store).iterdir() if p.name in made[:-1]]
    assert checkpoints.discarded(db()) == []


def home_of(store: ArtifactStore) -> Path:
    assert store._local is not None
    return store._local


def test_what_the_store_refuses_to_remove_is_tried_again(
    store: ArtifactStore, tmp_path: Path
) -> None:
    job = a_training(keep=1)
    made = trained(store, tmp_path, job, 2)
    manifest = home_of(store) / made[0] / "manifest.json"
    manifest.unlink()
    manifest.mkdir()
    with pytest.raises(StudioError, match="could not be removed"):
        prune(db(), store)
    assert kept(job) == made[1:]
    manifest.rmdir()
    assert prune(db(), store) == made[:1]
    assert store.ids() == made[1:]


def test_it_works_in_a_bucket(home: Settings, tmp_path: Path, bucket: str) -> None:
    store = ArtifactStore(f"{bucket}/{tmp_path.name}", tmp_path / "cache")
    job = a_training(keep=1)
    made = trained(store, tmp_path, job, 3)
    assert in_order(prune(db(), store)) == in_order(made[:-1])
    assert store.ids() == made[-1:]


def test_the_recorder_does_it_while_it_records(
    people: Crew, store: ArtifactStore, tmp_path: Path
) -> None:
    job = a_training(state=JobState.FINISHED)
    made = trained(store, tmp_path, job, 4)
    people.recorder()
    until(lambda: len(store.ids()) == 2)
    assert kept(job) == made[-2:]
