"""A page at the desk, while what writes and carries it is killed."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator

import pytest

from studio.domain.jobs import Job, JobState
from studio.jobs import broker
from studio.services import context, jobs
from tests.faults.stack import Stack, ended, kill, standing
from tests.waiting import PATIENCE, seconds_until, until

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with standing(tmp_path_factory.mktemp("writing"), write=1) as started:
        yield started


def write_worker(stack: Stack) -> None:
    kill(stack.pid("write-0"))


def recorder(stack: Stack) -> None:
    kill(stack.pid("recorder"))


def the_broker(stack: Stack) -> None:
    kill(stack.pid("broker"))


def broker_and_its_folder(stack: Stack) -> None:
    kill(stack.pid("broker"))
    shutil.rmtree(broker.folder(stack.home))


@pytest.mark.parametrize(
    "strike",
    [write_worker, recorder, the_broker, broker_and_its_folder],
    ids=lambda strike: strike.__name__,
)
def test_a_half_written_page_is_finished_and_read_once(
    stack: Stack, strike: Callable[[Stack], None], record_recovery: Callable[[str, float], None]
) -> None:
    plan = stack.plan(strike.__name__, hold="half written", pace=0.002)
    job = jobs.submit(plan.page(), plan.name)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.extend(jobs.follow(job.id, PATIENCE)))
    reader.start()
    until(plan.mark("half written").exists, "half a page")
    strike(stack)
    plan.mark("go").touch()
    seconds = seconds_until(lambda: ended(job), "the page")
    record_recovery(f"page: kill -9 {strike.__name__}", seconds)
    found = jobs.get(job.id)
    assert found.state is JobState.FINISHED, found.failure
    assert found.attempt == (2 if strike is write_worker else 1)
    assert found.result is not None
    assert found.result["text"] == plan.text
    assert recorded(found) == plan.text
    reader.join(PATIENCE)
    assert "".join(read) == plan.text


def recorded(job: Job) -> str:
    """The text of the final attempt's events, of which none is missing or there twice."""
    rows = context.db().conn.execute(
        "SELECT seq, body FROM events WHERE job_id = ? AND attempt = ? ORDER BY seq",
        [job.id, job.attempt],
    )
    stored = [(seq, json.loads(body)) for seq, body in rows]
    assert [seq for seq, _ in stored] == list(range(1, len(stored) + 1))
    return "".join(body["text"] for _, body in stored if body["type"] == "token")
