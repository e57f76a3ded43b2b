"""Stories at the desk: every save is a revision, and none is ever overwritten."""

from __future__ import annotations

import time
import uuid

from studio.domain import naming
from studio.domain.base import Language
from studio.domain.records import Revision, StoryRecord
from studio.errors import StudioError
from studio.language import _
from studio.services import overtaking
from studio.services.context import db
from studio.store import Database, database, rows, stories


def create(title: str, language: Language = "en", text: str = "") -> StoryRecord:
    now = time.time()
    story = StoryRecord(
        id=uuid.uuid4().hex,
        title=naming.tidy(title) or _("Untitled"),
        language=language,
        text=text,
        revision=1,
        created_at=now,
        updated_at=now,
    )
    with database.write(db()) as connection:
        stories.insert(connection, story)
    return story


def list_all() -> list[StoryRecord]:
    """The last touched first."""
    return stories.select(db())


def get(story_id: str) -> StoryRecord:
    story = stories.get(db(), story_id)
    if story is None:
        raise StudioError(
            _("This story is not on the desk."),
            _("No story has the id {id}.").format(id=story_id),
            _("Choose one at the desk, or begin a new one."),
        )
    return story


def save(story_id: str, text: str) -> int:
    """Keep the text as a new revision and return its number; an unchanged text keeps its own."""
    with database.write(db()) as connection:
        return put(connection, story_id, text)


def put(connection: Database, story_id: str, text: str) -> int:
    """``save``, within a transaction that holds more than this."""
    story = get(story_id)
    if text == story.text:
        return story.revision
    revision = story.revision + 1
    changes = [("text", text), ("revision", revision), ("updated_at", time.time())]
    rows.set_columns(connection, "stories", story_id, changes)
    stories.keep(connection, story_id, revision, text)
    return revision


def set_aside(story_id: str, text: str) -> None:
    """Keep a text among the earlier ones of a story, which stays as it is."""
    with database.write(db()) as connection:
        now = get(story_id).text
        put(connection, story_id, text)
        put(connection, story_id, now)


def rename(story_id: str, title: str, base: str | None = None) -> None:
    """Give a story another title.

    Raises:
        Overtaken: ``base`` is given, and is not its title any more.
    """
    wanted = naming.tidy(title) or _("Untitled")
    with database.write(db()) as connection:
        overtaking.refuse(get(story_id).title, base, wanted)
        rows.set_columns(connection, "stories", story_id, [("title", wanted)])


def revisions(story_id: str) -> list[Revision]:
    """The newest first."""
    return stories.revisions(db(), story_id)


def restore_revision(story_id: str, revision: int) -> int:
    """Make an old revision the text again, as a new revision; its number."""
    for kept in revisions(story_id):
        if kept.revision == revision:
            return save(story_id, kept.text)
    raise StudioError(
        _("The story stays as it is."),
        _("It has no revision {revision}.").format(revision=revision),
        _("Choose one of the revisions listed."),
    )


def delete(story_id: str) -> None:
    """Take a story off the desk; ``restore`` brings it back."""
    _mark(story_id, time.time())


def restore(story_id: str) -> None:
    _mark(story_id, None)


def _mark(story_id: str, deleted_at: float | None) -> None:
    get(story_id)
    with database.write(db()) as connection:
        rows.set_columns(connection, "stories", story_id, [("deleted_at", deleted_at)])
