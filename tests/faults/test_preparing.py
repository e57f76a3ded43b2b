"""kill −9 of the worker while manuscripts are read and datasets made: nothing is there twice."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from studio.domain.base import Model
from studio.domain.jobs import Job, JobState
from studio.domain.recipes import ContinuationSpec, PrepareSpec, SyntheticSpec
from studio.domain.writers import EndpointWriter
from studio.services import context, datasets, jobs, manuscripts
from studio.store import events
from tests.datasets.server import Reply, Server, said
from tests.faults.stack import (
    Stack,
    assert_artifacts_are_whole,
    ended,
    kill,
    standing,
)
from tests.faults.test_training import caught
from tests.prose import invented
from tests.waiting import PATIENCE, seconds_until, until

pytestmark = pytest.mark.faults

FILES, CHAPTERS, EXAMPLES = 24, 24, 300
BEFORE_THE_BLOW = 40
"""Questions, of the 60 or more that the examples take."""


def novel(seed: object, chapters: int = 6, paragraphs: int = 30) -> bytes:
    parts: list[str] = []
    for number in range(1, chapters + 1):
        parts.append(f"Chapter {number}")
        parts += [invented(f"{seed} {number} {n}", 6) for n in range(paragraphs)]
    return "\n\n".join(parts).encode()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with standing(tmp_path_factory.mktemp("preparing"), cpu=1, real=True) as started:
        yield started


def worker_and_horse(stack: Stack) -> None:
    kill(*stack.workers(), *stack.horses())


def struck(
    record_recovery: Callable[[str, float], None],
    submit: Callable[[], Job],
    *stage: *tuple[str, Callable[[Job], bool], Callable[[], None]],
) -> Job:
    """A job that was struck at a stage, as it has ended."""
    job = caught(submit, stage)
    seconds = seconds_until(lambda: ended(job), f"{job.title} to come right")
    record_recovery(f"{job.title}: kill -9 of its worker", seconds)
    found = jobs.get(job.id)
    assert found.state is JobState.FINISHED, found.failure
    assert found.attempt == 2
    return found


def test_an_import_of_many_files(
    stack: Stack, tmp_path: Path, record_recovery: Callable[[str, float], None]
) -> None:
    folders: list[Path] = []

    def submit() -> Job:
        folders.append(tmp_path / str(len(folders)))
        folders[-1].mkdir()
        for number in range(FILES):
            written = novel(f"{len(folders)} {number}")
            (folders[-1] / f"book-{number:02}.txt").write_bytes(written)
        return manuscripts.bring_in([manuscripts.found_at(folders[-1])])

    found = struck(
        record_recovery, submit,
        "reading some of the files", lambda job: (job.step or 0) >= FILES // 4,
        partial(worker_and_horse, stack),
    )  # fmt: skip
    kept = manuscripts.imported(found)
    assert [record.file for record in kept] == [f"book-{n:02}.txt" for n in range(FILES)]
    shelf = manuscripts.list_all()
    assert len(shelf) == len({record.artifact for record in shelf}) == FILES * len(folders)
    assert_artifacts_are_whole()


def test_a_dataset_while_near_copies_are_looked_for(
    stack: Stack, tmp_path: Path, record_recovery: Callable[[str, float], None]
) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(novel("long", chapters=CHAPTERS, paragraphs=40))
    read = manuscripts.bring_in([manuscripts.found_at(path)])
    until(lambda: ended(read), "the novel to be read")
    (record,) = manuscripts.imported(jobs.get(read.id))
    names: list[str] = []

    def submit() -> Job:
        names.append(f"Long {len(names)}")
        spec = PrepareSpec(
            name=names[-1], manuscripts=(record.artifact,), model=Model(),
            builder=ContinuationSpec(passage_tokens=64, context_tokens=64 - len(names)),
        )  # fmt: skip
        return datasets.prepare(spec)

    found = struck(
        record_recovery, submit,
        "having cut the chapters", lambda job: job.step == CHAPTERS,
        partial(worker_and_horse, stack),
    )  # fmt: skip
    made_once(found, names[-1])


def storyteller(body: dict[str, Any]) -> Reply:
    """The same question gets the same answer, as far as a test can tell."""
    asked = body["messages"][-1]["content"]
    seed = hashlib.sha256(f"{asked}{body['seed']}".encode()).hexdigest()
    made = [
        {"instruction": f"Write {seed[:6]} {n}.", "response": invented(f"{seed} {n}", 6)}
        for n in range(5)
    ]
    return said(json.dumps(made))


def test_made_up_examples_of_an_endpoint(
    stack: Stack, record_recovery: Callable[[str, float], None]
) -> None:
    fallen = threading.Event()

    def answered(body: dict[str, Any], before: int) -> Reply:
        if before >= BEFORE_THE_BLOW:
            fallen.wait(PATIENCE)
        return storyteller(body)

    with Server(answered).running() as server:
        writer = EndpointWriter(address=server.address, model="m", at_once=2)
        builder = SyntheticSpec(topics=("the sea",), count=EXAMPLES, writer=writer, judged=False)
        job = datasets.prepare(datasets.plan([], "Sea", builder))
        until(lambda: checkpoints(job), "answers to be stored")
        stored = checkpoints(job)[-1]["step"]

        def reached(_job: Job) -> bool:
            return len(server.requests) > BEFORE_THE_BLOW

        def strike() -> None:
            worker_and_horse(stack)
            fallen.set()

        found = struck(record_recovery, lambda: job, "waiting for answers", reached, strike)
        asked = [json.dumps([r["messages"], r["seed"]]) for r in server.requests]
    made_once(found, "Sea")
    (record,) = (each for each in datasets.list_all() if each.name == "Sea")
    assert record.train + record.validation == EXAMPLES
    assert len(asked) - len(set(asked)) <= EXAMPLES // 5 - stored, (
        "what was stored was asked for again"
    )


def checkpoints(job: Job) -> list[dict[str, Any]]:
    return events.checkpoints(context.db(), job.id)


def made_once(job: Job, name: str) -> None:
    kept = [record for record in datasets.list_all() if record.name == name]
    assert [record.id for record in kept] == [(job.result or {})["dataset"]]
    assert_artifacts_are_whole()
