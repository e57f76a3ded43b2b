"""The shelf of voices: found, tagged, noted, put away, and telling where they come from."""

from __future__ import annotations

import time
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import pytest

from studio.domain.base import Model
from studio.domain.events import ArtifactProduced
from studio.domain.recipes import Template
from studio.domain.records import AdapterRecord, GgufRecord, Verification
from studio.domain.specs import AdoptSpec, PublishSpec
from studio.domain.voices import Voice
from studio.errors import StudioError
from studio.services import (
    adapters,
    carrying,
    datasets,
    jobs,
    lineage,
    sharing,
    stories,
    training,
    writing,
)
from studio.services.context import db, store
from studio.settings import Settings, settings
from studio.sharing import adoption
from studio.store import adapters as rows
from studio.store import database, events, registry
from studio.store.models import insert_gguf
from tests.services import shelf
from tests.services.shelf import StoreRoom
from tests.sharing import voices
from tests.sharing.voices import SECRET
from tests.training.material import small

HASH = "{:064x}"


def put(number: int = 1, **fields: Any) -> AdapterRecord:
    """A voice on the shelf, whose files need not be there."""
    given: dict[str, Any] = {
        "id": HASH.format(number), "name": f"Voice {number}", "artifact": HASH.format(number),
        "job_id": f"j{number}", "model": Model(), "dataset": None, "language": "en",
        "nll_before": 2.0, "nll_after": 1.5, "facts": {}, "created_at": float(number),
    }  # fmt: skip
    record = AdapterRecord(**given | fields)
    with database.write(db()) as connection:
        rows.insert(connection, record)
    return record


def real(voice: Path, number: int = 1, **fields: Any) -> AdapterRecord:
    """A voice whose files are in the store."""
    artifact = store().put(voice)
    return put(number, id=artifact, artifact=artifact, **fields)


def names(found: list[AdapterRecord]) -> list[str]:
    return [voice.name for voice in found]


def test_the_shelf_is_searched_in_names_tags_and_notes(home: Settings) -> None:
    one, two, three = put(1, name="Harbour"), put(2, name="渡口"), put(3, name="Plain")
    adapters.set_tags(one.id, ["sea", "dry"])
    adapters.note(three.id, "For the HARBOUR scenes.\n")
    adapters.favour(two.id)
    assert names(adapters.list_all()) == ["Plain", "渡口", "Harbour"]
    assert names(adapters.list_all("harbour")) == ["Plain", "Harbour"]
    assert names(adapters.list_all("harbour sea")) == ["Harbour"]
    assert names(adapters.list_all("“Harbour’s”, sea!")) == ["Harbour"]
    assert names(adapters.list_all("渡")) == ["渡口"]
    assert names(adapters.list_all(tag="dry")) == ["Harbour"]
    assert names(adapters.list_all(favourites=True)) == ["渡口"]
    assert adapters.tags() == ["dry", "sea"]
    assert adapters.get(three.id).note == "For the HARBOUR scenes."


def test_tags_are_tidy(home: Settings) -> None:
    voice = put()
    adapters.set_tags(voice.id, [" two  words ", "", "[odd", "two words"])
    assert adapters.get(voice.id).tags == ("two words", "[odd")
    adapters.set_tags(voice.id, ["[odd"])
    assert adapters.get(voice.id).tags == ("[odd",)
    assert adapters.set_tags(voice.id, ["x" * 99]).tags == ("x" * adapters.LONGEST_TAG,)


def test_what_is_put_away_or_deleted_comes_back(home: Settings) -> None:
    voice = put()
    adapters.archive(voice.id)
    assert adapters.list_all() == []
    assert names(adapters.list_all(archived=True)) == names(adapters.list_all(archived=None))
    adapters.unarchive(voice.id)
    adapters.delete(voice.id)
    assert adapters.list_all(archived=None) == []
    assert adapters.named(voice.id) == "Voice 1"
    adapters.restore(voice.id)
    assert names(adapters.list_all()) == ["Voice 1"]
    assert adapters.named("f" * 64) == "f" * 12


def test_a_voice_that_is_not_there_is_said(home: Settings) -> None:
    for act in (adapters.archive, adapters.favour, adapters.delete, lineage.lineage):
        with pytest.raises(StudioError, match="not on the shelf"):
            act("nobody")
    with pytest.raises(StudioError, match="not on the shelf"):
        adapters.set_tags("nobody", ["x"])


def test_an_archived_voice_is_not_offered_and_keeps_its_name(home: Settings) -> None:
    voice = put()
    proof = Verification(
        job_id="j", adapter=voice.artifact, gguf_base="b" * 64, gguf_adapter="c" * 64,
        max_abs_logit_diff=0.0, top1_agreement=1.0, created_at=1.0,
    )  # fmt: skip
    with database.write(db()) as connection:
        rows.insert_verification(connection, proof)
    story = stories.create("Ferry", "en", "The lamp was out.")
    job = writing.continue_page(story.id, voice.id)
    adapters.archive(voice.id)
    assert writing.voices() == []
    with pytest.raises(StudioError, match="does not know this voice"):
        writing.continue_page(story.id, voice.id)
    (page,) = writing.pending(story.id)
    assert (page.job_id, writing.voice_name(page.voice)) == (job.id, "Voice 1")
    adapters.unarchive(voice.id)
    assert [v.id for v in writing.voices()] == [voice.id]


def test_a_voice_within_its_model_stands_at_the_desk_once_and_as_itself(home: Settings) -> None:
    voice, gguf = put(facts={"manner": {"builder": "raw"}}), "b" * 64
    within = GgufRecord(
        id=gguf, name="Voice 1", job_id="j", model=Model(source="artifact", name="c" * 64),
        adapter=None, quantisation="F16", bytes=1, created_at=1.0,
    )  # fmt: skip
    proof = Verification(
        job_id="j", adapter=voice.artifact, gguf_base=gguf, gguf_adapter=None,
        max_abs_logit_diff=0.0, top1_agreement=1.0, created_at=1.0,
    )  # fmt: skip
    with database.write(db()) as connection:
        insert_gguf(connection, within)
        rows.insert_verification(connection, proof)
    (known,) = writing.voices()
    assert (known.id, known.name, known.gguf_base, known.gguf_adapter) == (
        voice.id, "Voice 1", gguf, None,
    )  # fmt: skip
    story = stories.create("Ferry", "en", "The lamp was out.")
    assert writing.continue_page(story.id, voice.id).spec["raw"] == story.text
    adapters.archive(voice.id)
    assert writing.voices() == []


def test_a_merged_voice_is_asked_as_its_first_parent(home: Settings) -> None:
    dataset = shelf.put()
    taught = put(1, dataset=dataset.id)
    circle = put(2, parents=(HASH.format(3),))
    merged = put(3, parents=(circle.id, taught.id))
    assert adapters.taught_with(merged.id) == dataset.id
    assert adapters.taught_with(put(4).id) is None
    told = lineage.samples(merged)
    assert told == ()


def test_a_lineage_has_everything(home: Settings, voice: Path) -> None:
    first = shelf.put("Sea")
    second = shelf.put("Sea", parent=first.id, without="t1")
    record = real(
        voice, dataset=second.id, facts={"peak_memory": 200, "foreseen_memory": 180, "rank": 8}
    )
    with database.write(db()) as connection:
        for step, text in ((0, "It babbled."), (4, "It hummed."), (8, "It sang.")):
            connection.conn.execute(
                "INSERT INTO samples VALUES (?, ?, ?, ?, ?)", ("j1", step, "The sea", text, step)
            )
    found = lineage.lineage(record.id)
    assert (found.dataset_version, found.dataset) == (2, second)
    assert (found.foreseen_memory, found.taken_memory) == (180, 200)
    (heard,) = found.samples
    assert (heard.first, heard.last, heard.step) == ("It babbled.", "It sang.", 8)
    assert found.told.studio.version
    assert set(found.told.base.sha256) == {"config.json", "model.safetensors"}
    assert found.told.libraries["peft"]
    assert found.told.figure("best_step") == 6
    assert events.samples(db(), "nobody") == []


def test_a_voice_is_exported_whole_or_not_at_all(
    home: Settings, voice: Path, tmp_path: Path
) -> None:
    record = real(voice, name="Tide / 潮")
    assert sharing.file_name(record) == "Tide-潮"
    target = tmp_path / "tide"
    assert sharing.export_to(record.id, target) == target
    assert {p.name for p in target.iterdir()} == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "lineage.json",
    }  # fmt: skip
    before = sorted(tmp_path.iterdir())
    for taken in (target, tmp_path / "nowhere" / "tide"):
        with pytest.raises(StudioError, match="Nothing was written"):
            sharing.export_to(record.id, taken)
    assert sorted(tmp_path.iterdir()) == before
    with zipfile.ZipFile(sharing.export_to(record.id, tmp_path / "t.zip")) as archive:
        assert (
            archive.read("t/adapter_config.json") == (target / "adapter_config.json").read_bytes()
        )
    assert SECRET.encode() not in sharing.packed(record.id)


def test_samples_go_along_when_they_are_wanted(home: Settings, voice: Path, tmp_path: Path) -> None:
    record = real(voice)
    with database.write(db()) as connection:
        connection.conn.execute(
            "INSERT INTO samples VALUES (?, ?, ?, ?, ?)", ("j1", 8, "The sea", "It sang.", 1.0)
        )
    sharing.export_to(record.id, tmp_path / "without")
    sharing.export_to(record.id, tmp_path / "with", samples=True)
    assert "It sang." not in (tmp_path / "without" / "README.md").read_text()
    assert "It sang." in (tmp_path / "with" / "README.md").read_text()
    assert PublishSpec.model_validate(sharing.push(record.id, "quill/tide").spec).samples == ()


def adopted(job_spec: dict[str, Any], tmp_path: Path) -> AdapterRecord:
    """What a worker and the recorder do with the job."""
    room = StoreRoom(tmp_path / "room")
    spec = AdoptSpec.model_validate(job_spec)
    adoption.run(spec, room)
    (produced,) = room.of_type("artifact")
    assert isinstance(produced, ArtifactProduced)
    (job,) = jobs.alive("adopt")
    with database.write(db()) as connection:
        registry.register(connection, job, produced, time.time())
    return adapters.get(produced.artifact)


def test_what_was_exported_comes_in_again(home: Settings, voice: Path, tmp_path: Path) -> None:
    record = real(voice)
    given = sharing.export_to(record.id, tmp_path / "tide.zip")
    job = sharing.bring_in(given, name="  Tide \n again ")
    assert (job.kind, job.queue) == ("adopt", "cpu")
    found = adopted(job.spec, tmp_path)
    assert (found.name, found.dataset, found.model) == ("Tide again", None, Model())
    assert found.job_id == job.id
    told = lineage.lineage(found.id)
    assert told.adopted
    assert told.told.manner is not None
    asked = carrying.convert(found.id)[-1].spec
    assert (asked["dataset"], asked["language"]) == (None, "en")


def test_a_voice_keeps_its_name_in_another_studio(
    home: Settings, voice: Path, tmp_path: Path
) -> None:
    record = real(voice, name="The Tide Clerk")
    given = sharing.export_to(record.id, tmp_path / "x.zip")
    job = sharing.bring_in(given, name="\u200b")
    assert job.spec["name"] == "The Tide Clerk"
    folder = sharing.export_to(record.id, tmp_path / "y")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sharing.bring_in_upload(files).spec["name"] == "The Tide Clerk"
    hub = AdoptSpec.model_validate(sharing.bring_in_from_hub("quill/v1").spec)
    assert (hub.name, hub.as_told) == ("v1", True)
    assert not AdoptSpec.model_validate(sharing.bring_in_from_hub("q/v", name="X").spec).as_told
    room = StoreRoom(tmp_path / "room")
    spec = AdoptSpec(name="v1", as_told=True, files=job.spec["files"], bases=(Model(),))
    adoption.run(spec, room)
    (produced,) = room.of_type("artifact")
    assert isinstance(produced, ArtifactProduced)
    assert produced.name == "The Tide Clerk"


def test_two_voices_are_never_one_file(home: Settings, voice: Path, tmp_path: Path) -> None:
    names = ["Zoë", unicodedata.normalize("NFD", "ZOË"), "zoë", "Zoé", "CON"]
    digests = [f"{number}{'ab' * 32}"[:64] for number in range(5)]
    found = [
        put(n, id=d, name=name) for n, (d, name) in enumerate(zip(digests, names, strict=True))
    ]
    files = [sharing.file_name(record) for record in found]
    assert (files[0], files[3:]) == ("Zoë", ["Zoé", "CON_"])
    assert len({file.casefold() for file in files}) == 5
    record = real(voice, 7)
    sharing.export_to(record.id, tmp_path / "Zoë.zip")
    for other in ("zoë.zip", unicodedata.normalize("NFD", "Zoë.zip")):
        with pytest.raises(StudioError, match="same file on many disks"):
            sharing.export_to(record.id, tmp_path / other)


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u202e"])
def test_a_name_that_nobody_can_see_is_refused(home: Settings, name: str) -> None:
    record = put()
    with pytest.raises(StudioError, match="nobody can see"):
        adapters.rename(record.id, name)
    with pytest.raises(StudioError, match="The voice has no name"):
        training.submit(small("d" * 64, name=name))
    assert adapters.rename(record.id, " Ti\u200bde\n ").name == "Tide"


def test_an_adopted_voice_is_asked_as_its_lineage_tells(home: Settings) -> None:
    manner = {"builder": "raw", "shown_tokens": 64, "formatter": {"kind": "raw"}}
    voice = put(facts={"adopted": True, "manner": manner})
    story = stories.create("Ferry", "en", "The lamp was out. " * 100)
    known = Voice(id=voice.id, name="x", gguf_base="b" * 64, gguf_adapter="c" * 64)
    raw = writing._asked(known, story)
    assert story.text.strip().endswith(raw["raw"].strip())
    chatty = put(2, facts={"manner": manner | {"builder": "chat", "formatter": {"kind": "chatml"}}})
    other = writing._asked(known.model_copy(update={"id": chatty.id}), story)
    assert "im_start" in other["template"].source
    bare = put(3, facts={"manner": None})
    assert writing._asked(known.model_copy(update={"id": bare.id}), story)["template"] is None


TEMPLATE = {"source": "{{ messages[0].content }}<|im_end|>", "marks": {"eos_token": "<|im_end|>"}}


def test_a_voice_is_asked_as_it_was_taught_and_not_as_its_dataset_says(home: Settings) -> None:
    """Its dataset has another format, and its base model may have another template by now."""
    manner = {"shown_tokens": 64, "about": "Ann keeps the locks.", "template": TEMPLATE}
    dataset = shelf.put()
    taught = put(dataset=dataset.id, facts={"manner": manner | {"formatter": {"kind": "chatml"}}})
    adopted_here = put(2, facts={"adopted": True, "manner": manner})
    story = stories.create("Ferry", "en", "The lamp was out. " * 100)
    assert (taught.about, put(3).about) == ("Ann keeps the locks.", "")
    for voice in (taught, adopted_here):
        asked = writing._asked(
            Voice(id=voice.id, name="x", gguf_base="b" * 64, gguf_adapter="c" * 64), story
        )
        assert asked["template"] == Template.model_validate(TEMPLATE)
        assert asked["about"] == "Ann keeps the locks."
        ended = story.model_copy(update={"text": f"{story.text.strip()}\n\n"})
        known = Voice(id=voice.id, name="x", gguf_base="b" * 64, gguf_adapter="c" * 64)
        assert writing._asked(known, ended)["messages"][0]["content"].endswith("out.\n\n")
        assert "\n\nAnn keeps the locks.\n\nThe lamp" in asked["messages"][0]["content"]


def test_a_voice_of_an_earlier_studio_is_asked_as_its_folder_and_its_dataset_tell(
    home: Settings, voice: Path, tmp_path: Path
) -> None:
    dataset, story = shelf.put(), stories.create("Ferry", "en", "The lamp was out.")
    folder = voices.put(tmp_path / "v", manner={"formatter": {"kind": "alpaca"}})
    for record, kind in ((put(2, dataset=dataset.id), None), (real(folder, dataset=dataset.id), 1)):
        known = Voice(id=record.id, name="x", gguf_base="b" * 64, gguf_adapter="c" * 64)
        template = writing._asked(known, story)["template"]
        assert (template is not None and "### Response" in template.source) == bool(kind)
        ended = story.model_copy(update={"text": f"{story.text}\n\n"})
        assert writing._asked(known, ended)["messages"] == writing._asked(known, story)["messages"]


def test_the_base_model_is_asked_for_where_it_is_not_known(
    home: Settings, voice: Path, tmp_path: Path
) -> None:
    given = voices.copied(voice, tmp_path / "afar")
    voices.change_config(given, base_model_name_or_path="meta/somebody")
    with pytest.raises(StudioError, match="Which base model"):
        sharing.bring_in(given)
    assert jobs.alive("adopt") == []
    files = {f"x/{p.name}": p.read_bytes() for p in given.iterdir()}
    job = sharing.bring_in_upload(files, "", Model(), "zh")
    spec = AdoptSpec.model_validate(job.spec)
    assert (spec.bases, spec.language, spec.name) == ((Model(),), "zh", "Voice from elsewhere")


def test_pickles_are_refused_before_anything_is_stored(home: Settings) -> None:
    files = {"adapter_config.json": b'{"peft_type": "LORA"}', "adapter_model.bin": b"x"}
    with pytest.raises(StudioError, match="unsafe form"):
        sharing.bring_in_upload(files)
    assert jobs.alive("adopt") == []


def test_names_on_the_hub_are_checked_before_a_job_is_made(home: Settings) -> None:
    dataset = shelf.put()
    voice = put()
    for act in (
        lambda: sharing.push(voice.id, "my voice"),
        lambda: sharing.bring_in_from_hub("my voice"),
        lambda: datasets.push(dataset.id, "my voice"),
    ):
        with pytest.raises(StudioError, match="no name of a repository"):
            act()
    assert jobs.alive("publish", "adopt") == []
    spec = PublishSpec.model_validate(datasets.push(dataset.id, "quill/sea").spec)
    assert (spec.what, spec.private, spec.artifact) == ("dataset", True, dataset.id)
    found = AdoptSpec.model_validate(sharing.bring_in_from_hub("quill/tide", "v2").spec)
    assert found.source is not None
    assert (found.source.revision, found.name) == ("v2", "tide")


def test_the_key_is_never_in_a_job(
    home: Settings, voice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not sharing.has_key()
    monkeypatch.setenv("HF_TOKEN", "hf_secret_key")
    settings.cache_clear()
    assert sharing.has_key()
    job = sharing.push(real(voice).id, "quill/tide")
    assert "hf_secret_key" not in job.model_dump_json()
