import pytest

from studio.errors import Overtaken, StudioError
from studio.services import lore

pytestmark = pytest.mark.usefixtures("home")


def test_an_entry_is_added_changed_and_found() -> None:
    entry = lore.add("character", " Mara ", "Keeps the light.", ("the keeper", " ", "the keeper"))
    assert (entry.name, entry.aliases) == ("Mara", ("the keeper",))
    changed = lore.edit(entry.id, text="Keeps the light and the log.")
    assert changed.name == "Mara"
    assert lore.search("log") == [changed]
    assert lore.list_all("place") == []


def test_an_entry_needs_a_name() -> None:
    with pytest.raises(StudioError, match="no name"):
        lore.add("place", "  ", "nowhere")
    assert lore.list_all() == []


def test_a_deleted_entry_comes_back() -> None:
    entry = lore.add("rule", "The lamp never goes out", "")
    lore.delete(entry.id)
    assert lore.list_all() == []
    lore.restore(entry.id)
    assert [e.id for e in lore.list_all()] == [entry.id]


def test_a_text_that_was_overtaken_is_not_lost() -> None:
    entry = lore.add("character", "Mara", "Keeps the light.")
    here = lore.edit(entry.id, text="Keeps the log.", base=entry.updated_at)
    assert here.updated_at > entry.updated_at
    with pytest.raises(Overtaken, match="another window"):
        lore.edit(entry.id, text="Keeps the boat.", base=entry.updated_at)
    assert lore.get(entry.id) == here
    assert lore.edit(entry.id, text="Keeps the log.", base=entry.updated_at) == here
    lore.edit(entry.id, text="Keeps the boat.", base=here.updated_at)
    assert [r.text for r in lore.revisions(entry.id)] == ["Keeps the log.", "Keeps the light."]
    assert lore.revised() == {entry.id}
    assert lore.as_of(entry.id, entry.updated_at).text == "Keeps the light."
    assert lore.as_of(entry.id, 1.0).text == "Keeps the boat."


def test_an_earlier_text_comes_back() -> None:
    entry = lore.add("place", "Harbour", "Four boats.", ("the port",))
    lore.edit(entry.id, name="Haven", text="Five boats.", aliases=())
    (kept,) = lore.revisions(entry.id)
    back = lore.take_back(entry.id, kept.id)
    assert (back.name, back.text, back.aliases) == ("Harbour", "Four boats.", ("the port",))
    assert [r.name for r in lore.revisions(entry.id)] == ["Haven", "Harbour"]
    with pytest.raises(StudioError, match="no earlier text"):
        lore.take_back(entry.id, 99)


def test_a_text_that_gives_way_is_kept_beside() -> None:
    entry = lore.add("place", "Harbour", "Four boats.")
    lore.set_aside(entry.id, "", "Six boats.")
    lore.set_aside(entry.id, "Harbour", "Four boats.")
    assert lore.get(entry.id) == entry
    assert [(r.name, r.text) for r in lore.revisions(entry.id)] == [("Harbour", "Six boats.")]


def test_what_another_window_deleted_comes_back_only_once_that_is_said() -> None:
    entry = lore.add("place", "Harbour", "Four boats.")
    lore.delete(entry.id)
    for text in ("Six boats.", "Four boats."):
        with pytest.raises(Overtaken, match="deleted in another window"):
            lore.edit(entry.id, text=text, base=entry.updated_at)
    assert lore.list_all() == []
    lore.edit(entry.id, text="Six boats.", base=lore.get(entry.id).touched_at)
    assert [e.text for e in lore.list_all()] == ["Six boats."]


def test_what_was_deleted_and_brought_back_was_not_changed() -> None:
    entry = lore.add("place", "Harbour", "Four boats.")
    lore.delete(entry.id)
    lore.restore(entry.id)
    assert lore.edit(entry.id, text="Six boats.", base=entry.updated_at).text == "Six boats."
