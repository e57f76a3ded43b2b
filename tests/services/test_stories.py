import sqlite3

import pytest

from studio.errors import StudioError
from studio.services import context, stories
from studio.settings import Settings, settings
from studio.store import database

pytestmark = pytest.mark.usefixtures("home")


def test_every_save_is_a_revision_and_the_same_text_is_not_saved_twice() -> None:
    story = stories.create("The Lamp")
    assert [stories.save(story.id, t) for t in ("a", "a", "ab")] == [2, 2, 3]
    assert [r.text for r in stories.revisions(story.id)] == ["ab", "a", ""]
    assert stories.get(story.id).text == "ab"


def test_an_old_revision_comes_back_as_a_new_one() -> None:
    story = stories.create("灯", "zh", "一")
    stories.save(story.id, "一二")
    assert stories.restore_revision(story.id, 1) == 3
    assert stories.get(story.id).text == "一"
    with pytest.raises(StudioError, match="no revision 9"):
        stories.restore_revision(story.id, 9)


def test_a_deleted_story_can_be_restored_with_all_its_revisions() -> None:
    story = stories.create("The Lamp", text="a")
    stories.delete(story.id)
    assert stories.list_all() == []
    stories.restore(story.id)
    assert [s.id for s in stories.list_all()] == [story.id]
    assert len(stories.revisions(story.id)) == 1


def test_a_save_that_another_process_keeps_out_is_said_and_leaves_all_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = stories.create("The Lamp", text="a")
    context.close()
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    other = sqlite3.connect(settings().database)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StudioError, match="could not write") as told:
        stories.save(story.id, "ab")
    assert "locked" in told.value.why
    other.close()
    assert stories.get(story.id).text == "a"
    assert stories.save(story.id, "ab") == 2
    context.close()


def test_a_text_is_set_aside_below_the_text_as_it_is() -> None:
    story = stories.create("The Lamp", text="a")
    stories.set_aside(story.id, "b")
    assert [r.text for r in stories.revisions(story.id)] == ["a", "b", "a"]
    assert stories.get(story.id).text == "a"


def test_a_story_without_a_title_is_untitled() -> None:
    assert stories.create("  ").title == "Untitled"


def test_an_unknown_story_is_said_plainly() -> None:
    with pytest.raises(StudioError, match="not on the desk"):
        stories.save("nobody", "text")


def test_a_saved_text_is_on_disk_when_save_returns(home: Settings) -> None:
    story = stories.create("The Lamp")
    stories.save(story.id, "kept")
    other = sqlite3.connect(home.database)
    assert other.execute("SELECT text FROM stories").fetchone() == ("kept",)
