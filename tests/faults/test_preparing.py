"""kill −9 of the worker while manuscripts are read and datasets made: nothing is there twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
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
from tests.prose import invented
from tests.waiting import seconds_until, until

pytestmark = pytest.mark.faults

FILES, CHAPTERS, EXAMPLES = 24, 24, 300


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


def strike(stack: Stack, record_recovery: Callable[[str, float], None], job: Job) -> Job:
    """Kill the worker and its work-horse; the job as it has ended."""
    assert not ended(job), "it was over before it could be struck"
    kill(*stack.workers(), *stack.horses())
    seconds = seconds_until(lambda: ended(job), f"{job.title} to come right")
    record_recovery(f"{job.title}: kill -9 of its worker", seconds)
    found = jobs.get(job.id)
    assert found.state is JobState.FINISHED, found.failure
    assert found.attempt == 2
    return found


def progress(job: Job) -> int:
    return jobs.get(job.id).step or 0


def test_an_import_of_many_files(
    stack: Stack, tmp_path: Path, record_recovery: Callable[[str, float], None]
) -> None:
    for number in range(FILES):
        (tmp_path / f"book-{number:02}.txt").write_bytes(novel(number))
    job = manuscripts.bring_in([manuscripts.found_at(tmp_path)])
    until(lambda: progress(job) >= FILES // 4, "some of the files to be read")
    found = strike(stack, record_recovery, job)
    kept = manuscripts.imported(found)
    assert [record.file for record in kept] == [f"book-{n:02}.txt" for n in range(FILES)]
    shelf = manuscripts.list_all()
    assert len(shelf) == len({record.artifact for record in shelf}) == FILES
    assert_artifacts_are_whole()


def test_a_dataset_while_near_copies_are_looked_for(
    stack: Stack, tmp_path: Path, record_recovery: Callable[[str, float], None]
) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(novel("long", chapters=CHAPTERS, paragraphs=40))
    read = manuscripts.bring_in([manuscripts.found_at(path)])
    until(lambda: ended(read), "the novel to be read")
    (record,) = manuscripts.imported(jobs.get(read.id))
    spec = PrepareSpec(
        name="Long", manuscripts=(record.artifact,), model=Model(),
        builder=ContinuationSpec(passage_tokens=64, context_tokens=64),
    )  # fmt: skip
    job = datasets.prepare(spec)
    until(lambda: progress(job) == CHAPTERS, "the chapters to be cut")
    made_once(strike(stack, record_recovery, job), "Long")


def storyteller(body: dict[str, Any], _before: int) -> Reply:
    """The same question gets the same answer, as far as a test can tell."""
    asked = body["messages"][-1]["content"]
    seed = hashlib.sha256(f"{asked}{body['seed']}".encode()).hexdigest()
    made = [
        {"instruction": f"Write {seed[:6]} {n}.", "response": invented(f"{seed} {n}", 6)}
        for n in range(5)
    ]
    return said(json.dumps(made))._replace(seconds=0.05)


def test_made_up_examples_of_an_endpoint(
    stack: Stack, record_recovery: Callable[[str, float], None]
) -> None:
    with Server(storyteller).running() as server:
        writer = EndpointWriter(address=server.address, model="m", at_once=2)
        builder = SyntheticSpec(topics=("the sea",), count=EXAMPLES, writer=writer, judged=False)
        job = datasets.prepare(datasets.plan([], "Sea", builder))
        until(lambda: checkpoints(job), "answers to be stored")
        stored = checkpoints(job)[-1]["step"]
        found = strike(stack, record_recovery, job)
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
