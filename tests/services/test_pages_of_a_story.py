"""A page that a voice wrote is kept once, whole, or not at all."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from studio.domain.jobs import JobState
from studio.domain.records import Generation
from studio.errors import StudioError
from studio.services import context, stories, writing
from studio.settings import Settings
from studio.store import database
from studio.store import stories as rows
from tests.jobrows import a_job, put

TEXT = "The tide came in."
PAGE = "She ran."
Page = Callable[..., str]


@pytest.fixture
def page(home: Settings) -> Page:
    """Makes a story with a page that a voice wrote for it; the page's job."""

    def made(
        state: JobState = JobState.FINISHED, text: str = PAGE, before: str = TEXT, **spec: str
    ) -> str:
        story = stories.create("Harbour", "en", before)
        job = a_job("write", kind="write", queue="write", state=state, spec=spec)
        put(context.db(), job)
        generation = Generation(
            job_id=job.id, story_id=story.id, voice="v", prompt="Go on.", text=text,
            state="pending", created_at=1.0,
        )  # fmt: skip
        with database.write(context.db()) as connection:
            rows.insert_generation(connection, generation)
        return job.id

    return made


def story() -> str:
    (only,) = stories.list_all()
    return only.text


@pytest.mark.parametrize("state", [JobState.FINISHED, JobState.CANCELLED])
def test_a_page_is_kept_once(page: Page, state: JobState) -> None:
    job = page(state)
    assert writing.accept(job) == 2
    assert story() == f"{TEXT} {PAGE}"
    with pytest.raises(StudioError, match="stands in the story already"):
        writing.accept(job)
    with pytest.raises(StudioError, match="stands in the story already"):
        writing.discard(job)
    assert story() == f"{TEXT} {PAGE}"


def test_a_page_of_a_deleted_story_waits_until_that_is_back(page: Page) -> None:
    job = page()
    (gone,) = stories.list_all()
    stories.delete(gone.id)
    with pytest.raises(StudioError, match="was deleted"):
        writing.accept(job)
    with pytest.raises(StudioError, match="was deleted"):
        writing.continue_page(gone.id, "v")
    stories.restore(gone.id)
    assert [each.job_id for each in writing.pending(gone.id)] == [job]
    writing.accept(job)
    assert story() == f"{TEXT} {PAGE}"


def test_a_discarded_page_is_not_kept(page: Page) -> None:
    job = page()
    writing.discard(job)
    writing.discard(job)
    with pytest.raises(StudioError, match="was discarded"):
        writing.accept(job)
    assert story() == TEXT
    assert len(stories.revisions(stories.list_all()[0].id)) == 1


@pytest.mark.parametrize(
    ("state", "text", "why"),
    [
        (JobState.QUEUED, "", "still being written"),
        (JobState.RUNNING, "She r", "still being written"),
        (JobState.LOST, "She r", "still being written"),
        (JobState.FAILED, "She r", "not whole"),
        (JobState.FINISHED, " \n", "Nothing is written"),
        (JobState.CANCELLED, "", "Nothing is written"),
    ],
)
def test_what_is_not_a_whole_page_is_not_kept(
    page: Page, state: JobState, text: str, why: str
) -> None:
    job = page(state, text)
    with pytest.raises(StudioError, match=why):
        writing.accept(job)
    assert story() == TEXT
    writing.discard(job)


@pytest.mark.parametrize(
    ("before", "raw", "text", "whole"),
    [
        ("He spoke to", "He spoke to", "morrow.", "He spoke tomorrow."),
        ("He spoke to", "He spoke to", " him.", "He spoke to him."),
        ("He spoke to her", "He spoke to", "morrow.", "He spoke to her morrow."),
        ("Ten years ago, and more", "ago, and more", "over.", "Ten years ago, and moreover."),
    ],
)
def test_a_page_asked_for_by_the_text_alone_says_whether_a_word_goes_on(
    page: Page, before: str, raw: str, text: str, whole: str
) -> None:
    writing.accept(page(text=text, before=before, raw=raw))
    assert story() == whole


def test_of_two_windows_one_keeps_the_page(page: Page) -> None:
    job = page()
    together = threading.Barrier(4)

    def keep(_number: int) -> bool:
        together.wait()
        try:
            writing.accept(job)
        except StudioError:
            return False
        finally:
            context.close()
        return True

    with ThreadPoolExecutor(4) as windows:
        assert sorted(windows.map(keep, range(4))) == [False, False, False, True]
    assert story() == f"{TEXT} {PAGE}"


def test_a_save_waits_while_another_holds_the_database(home: Settings) -> None:
    """Half a minute is promised; how long is asked of SQLite, and that it waits is tried."""
    kept = stories.create("Harbour", "en", TEXT)
    (busy,) = context.db().conn.execute("PRAGMA busy_timeout").fetchone()
    assert busy > 30_000
    with closing(sqlite3.connect(home.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = threading.Event()

        def saved() -> int:
            context.db()
            waiting.set()
            return stories.save(kept.id, "Later.")

        with ThreadPoolExecutor(1) as window:
            number = window.submit(saved)
            waiting.wait()
            assert not number.done()
            other.execute("COMMIT")
            assert number.result() == 2
            window.submit(context.close).result()
    assert story() == "Later."
