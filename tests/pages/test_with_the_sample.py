"""The pages of a studio that knows a manuscript and a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from studio.domain.base import Model
from studio.domain.records import AdapterRecord
from studio.services import adapters, context, datasets, jobs, lore, manuscripts, stories
from studio.store import adapters as store
from studio.store import database
from studio.ui import journey, words

Visit = Callable[[str], AppTest]


def labelled(page: AppTest, label: str) -> object:
    return next(b for b in page.button if b.label == label)


def test_the_manuscript_page_shows_what_was_understood(dataset: str, visit: Visit) -> None:
    page = visit("pages/prepare/manuscripts.py")
    text = " ".join(m.value for m in page.markdown)
    assert not page.exception
    assert "read as UTF\\-8" in text
    assert "chapters" in text


def test_a_deleted_manuscript_comes_back_by_undo(dataset: str, visit: Visit) -> None:
    before = {m.id for m in manuscripts.list_all()}
    page = visit("pages/prepare/manuscripts.py")
    labelled(page, "Delete").click().run()  # type: ignore[attr-defined]
    assert len(manuscripts.list_all()) == len(before) - 1
    labelled(page, "Undo").click().run()  # type: ignore[attr-defined]
    assert {m.id for m in manuscripts.list_all()} == before
    assert not page.exception


def test_the_dataset_page_counts_and_shows_an_example(dataset: str, visit: Visit) -> None:
    page = visit("pages/prepare/datasets.py")
    assert not page.exception
    assert not page.error
    shown = " ".join(m.value for m in page.markdown)
    assert f"{datasets.get(dataset).train} passages to learn from" in shown


def test_a_recipe_that_cannot_be_is_told_in_the_form(dataset: str, visit: Visit) -> None:
    page = visit("pages/prepare/datasets.py")
    page.radio(key="datasets_way").set_value("raw").run()
    page.number_input(key="datasets_overlap").set_value(96).run()
    assert not page.error
    page.number_input(key="datasets_passage").set_value(64).run()
    assert not page.exception
    assert "half of a passage" in " ".join(error.value for error in page.error)


def test_preflight_speaks_in_sentences(dataset: str, visit: Visit) -> None:
    page = visit("pages/teach/preflight.py")
    assert not page.exception
    assert [h.value for h in page.subheader]
    assert any(m.value.count("**") == 2 for m in page.markdown)


def test_a_changed_number_reaches_the_plan(dataset: str, visit: Visit) -> None:
    page = visit("pages/teach/preflight.py")
    rank = next(n for n in page.number_input if "rank" in n.label)
    rank.set_value(4)
    labelled(page, "Use these numbers").click().run()  # type: ignore[attr-defined]
    assert not page.exception
    assert next(n for n in page.number_input if "rank" in n.label).value == 4


def test_the_way_has_come_to_the_lesson(dataset: str) -> None:
    steps = journey.steps()
    assert [step.done for step in steps[:3]] == [True, True, False]
    assert journey.following(steps).address == "preflight"


def test_lore_is_added_found_changed_and_deleted(dataset: str, visit: Visit) -> None:
    lore.add("character", "林黛玉", "住在潇湘馆。", ("颦儿",))
    lore.add("place", "The harbour", "Four entries a day.")
    page = visit("pages/write/lore.py")
    page.text_input[0].input("颦儿").run()
    shown = " ".join(m.value for m in page.markdown)
    assert "林黛玉" in shown
    assert "harbour" not in shown
    next(b for b in page.button if b.label == "Delete").click().run()
    assert [e.name for e in lore.list_all()] == ["The harbour"]
    assert not page.exception


def test_the_jobs_page_lists_what_was_done(dataset: str, visit: Visit) -> None:
    page = visit("pages/system/jobs.py")
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table["Job"]) == [job.title for job in jobs.list_jobs()]


def test_settings_show_workers_models_and_no_secret(dataset: str, visit: Visit) -> None:
    page = visit("pages/system/settings.py")
    assert not page.exception
    assert any("Starter model" in m.value for m in page.markdown)


@pytest.fixture
def shelved(dataset: str, voice: Path) -> Iterator[AdapterRecord]:
    """A voice on the shelf, and another beside it."""
    artifact = context.store().put(voice)
    record = AdapterRecord(
        id=artifact, name="A voice", artifact=artifact, job_id="j", model=Model(), dataset=dataset,
        language="en", nll_before=2.0, nll_after=1.5, facts={"rank": 8}, created_at=2.0,
    )  # fmt: skip
    other = record.model_copy(
        update={"id": "v" * 64, "artifact": "v" * 64, "name": "另一个声音", "created_at": 1.0}
    )
    with database.write(context.db()) as connection:
        store.insert(connection, record)
        store.insert(connection, other)
    yield record
    for each in (record, other):
        adapters.delete(each.id)


def shown(page: AppTest) -> str:
    return " ".join(m.value for m in page.markdown)


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def test_a_voice_says_where_it_comes_from(shelved: AdapterRecord, visit: Visit) -> None:
    assert shelved.dataset is not None
    datasets.delete(shelved.dataset)
    try:
        page = press(visit("pages/models/adapters.py"), f"adapters_look_{shelved.id}_origin")
        assert not page.exception
        name = datasets.get(shelved.dataset).name
        assert words.plain(f"was taught with “{name}”") in shown(page)
        assert "25%" in shown(page)
        lineage = dict(page.dataframe[0].value.itertuples(index=False))
        assert lineage["Dataset"] == f"{name} ({shelved.dataset[:12]}), version 1"
        assert lineage["Content hash"] == shelved.artifact
        assert lineage["Spec: lora.rank"] == "4"
    finally:
        datasets.restore(shelved.dataset)


def test_voices_are_tagged_noted_starred_and_found(shelved: AdapterRecord, visit: Visit) -> None:
    page = press(visit("pages/models/adapters.py"), f"adapters_look_{shelved.id}_remember")
    next(m for m in page.multiselect if m.label == "Tags").set_value(["sea"]).run()
    page.text_area[0].set_value("For harbours.").run()
    kept = adapters.get(shelved.id)
    assert (kept.tags, kept.note) == (("sea",), "For harbours.")
    page = press(page, f"adapters_star_{'v' * 64}")
    assert adapters.get("v" * 64).favourite
    headings = [h.value for h in page.subheader]
    assert headings == ["另一个声音", "A voice"]
    page.text_input(key="adapters_search").set_value("harbours").run()
    assert [h.value for h in page.subheader] == ["A voice"]
    assert not page.exception


def test_an_archived_voice_stands_apart_and_comes_back(
    shelved: AdapterRecord, visit: Visit
) -> None:
    page = visit("pages/models/adapters.py")
    page.button(key=f"adapters_archive_{shelved.id}").click().run()
    assert [h.value for h in page.subheader] == ["另一个声音"]
    page.radio(key="adapters_which").set_value("archived").run()
    assert [h.value for h in page.subheader] == ["A voice"]
    page.button(key=f"adapters_archive_{shelved.id}").click().run()
    assert adapters.get(shelved.id).archived_at is None
    assert not page.exception


def test_sending_without_a_key_says_what_to_do(
    shelved: AdapterRecord, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = press(visit("pages/models/adapters.py"), f"adapters_look_{shelved.id}_hand")
    assert any("HF\\_TOKEN" in c.value or "HF_TOKEN" in c.value for c in page.caption)
    next(t for t in page.text_input if "Repository on" in t.label).set_value("no name").run()
    labelled(page, "Send it to the Hub").click().run()  # type: ignore[attr-defined]
    assert any("owner/name" in e.value for e in page.error)
    assert not page.exception


def test_two_stories_of_one_title_are_told_apart(dataset: str, visit: Visit) -> None:
    """Streamlit knows options by their labels: the writer must not land in the other story."""
    older = stories.create("Twins", "en", "The older one.")
    newer = stories.create("Twins", "en", "The newer one.")
    desk = visit("pages/write/desk.py")
    for label, story in (("Twins (2)", newer), ("Twins", older), ("Twins (2)", newer)):
        box = next(box for box in desk.selectbox if box.label == "Story")
        box.set_value(label).run()
        assert not desk.exception
        assert desk.session_state["desk_story"] == story.id


def test_a_name_that_another_window_gave_is_not_overwritten_unseen(
    shelved: AdapterRecord, visit: Visit
) -> None:
    page = visit("pages/models/adapters.py")
    adapters.rename(shelved.id, "Harbour")
    page.text_input(key=f"adapters_name_{shelved.id}").set_value("Ferry")
    saves = [b for b in page.button if b.label == "Save the name"]
    shelf = sorted(adapters.list_all(), key=lambda voice: not voice.favourite)
    mine = [voice.id for voice in shelf].index(shelved.id)
    page = saves[mine].click().run()
    assert adapters.get(shelved.id).name == "Harbour"
    assert any("Harbour" in error.value for error in page.error)
    assert page.text_input(key=f"adapters_name_{shelved.id}").value == "Ferry"
    page = [b for b in page.button if b.label == "Save the name"][mine].click().run()
    assert adapters.get(shelved.id).name == "Ferry"
    assert not page.error


def test_a_note_and_tags_of_two_windows_are_both_kept(shelved: AdapterRecord, visit: Visit) -> None:
    adapters.note(shelved.id, "")
    adapters.set_tags(shelved.id, [])
    page = press(visit("pages/models/adapters.py"), f"adapters_look_{shelved.id}_remember")
    adapters.note(shelved.id, "For ferries.")
    adapters.set_tags(shelved.id, ["dry"])
    page.text_area[0].set_value("For harbours.").run()
    next(m for m in page.multiselect if m.label == "Tags").set_value(["sea"]).run()
    kept = adapters.get(shelved.id)
    assert (kept.note, set(kept.tags)) == ("For harbours.\n\nFor ferries.", {"dry", "sea"})
    assert any("Both are kept" in info.value for info in page.info)
    assert page.text_area[0].value == kept.note
    assert not page.exception


def test_a_title_of_two_windows_is_told(dataset: str, visit: Visit) -> None:
    story = stories.create("One title", "en", "It rained.")
    desk = visit("pages/write/desk.py")
    desk.selectbox(key="desk_story_box").set_value("One title").run()
    stories.rename(story.id, "Their title")
    desk.text_input(key=f"desk_title_{story.id}").set_value("My title")
    labelled(desk, "Save the title").click().run()  # type: ignore[attr-defined]
    assert stories.get(story.id).title == "Their title"
    assert any("Their title" in error.value for error in desk.error)
    labelled(desk, "Save the title").click().run()  # type: ignore[attr-defined]
    assert stories.get(story.id).title == "My title"
