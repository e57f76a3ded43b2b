"""Pages that were kept at the desk become conversations to learn from."""

from __future__ import annotations

import pytest

from studio.domain.records import Generation
from studio.errors import StudioError
from studio.services import datasets, stories, writing
from studio.services.context import db
from studio.settings import Settings
from studio.store import stories as rows
from studio.store.database import write


def page(story: str, job: str, state: str) -> None:
    with write(db()):
        rows.insert_generation(
            db(),
            Generation(
                job_id=job, story_id=story, voice="v", prompt=f"Go on ({job}).",
                text=f" The {job} page. ", state="pending", created_at=float(len(job)),
            ),
        )  # fmt: skip
        rows.settle_generation(db(), job, state)


def test_kept_pages_are_conversations(home: Settings) -> None:
    story, other = stories.create("Harbour", "en"), stories.create("Empty", "en")
    for job, state in (("a", "accepted"), ("bb", "discarded"), ("ccc", "accepted")):
        page(story.id, job, state)
    assert [s.id for s in writing.with_kept_pages()] == [story.id]
    found = datasets.first_rows(writing.kept_pages([story.id, other.id]))
    assert [row.fields["messages"] for row in found] == [
        [{"role": "user", "content": f"Go on ({job})."},
         {"role": "assistant", "content": f"The {job} page."}]
        for job in ("a", "ccc")
    ]  # fmt: skip


def test_without_kept_pages_it_is_said(home: Settings) -> None:
    story = stories.create("Empty", "en")
    with pytest.raises(StudioError, match="No page was kept"):
        writing.kept_pages([story.id])
