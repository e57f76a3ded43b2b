import pytest

from studio.errors import StudioError
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
