"""The desk: which voices there are, and asking one of them for the next page."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from studio.domain.jobs import Job, JobState
from studio.domain.provenance import Manner, manner_of
from studio.domain.recipes import ContinuationSpec
from studio.domain.records import AdapterRecord, Generation, GgufRecord, StoryRecord
from studio.domain.voices import Voice
from studio.domain.writing import Sampling, WriteSpec
from studio.errors import StudioError
from studio.language import _
from studio.services import adapters, datasets, jobs, models, stories
from studio.services.context import db, store
from studio.store import Database, database
from studio.store import adapters as adapter_rows
from studio.store import models as model_rows
from studio.store import stories as story_rows
from studio.writing import prompt
from studio.writing.joining import joined

BASE = ContinuationSpec(context_tokens=256)
"""How a base model is asked that was taught nothing."""


def voices() -> list[Voice]:
    """What the desk can write with: verified adapters, the newest first, then bare bases. A model
    that was proved to be a voice is that voice, and no base."""
    shelf = {a.artifact: a for a in adapters.list_all()}
    proofs = adapter_rows.verifications(db())
    found: dict[str, Voice] = {}
    for proof in proofs:
        adapter = shelf.get(proof.adapter)
        if adapter and adapter.id not in found:
            found[adapter.id] = _trained(adapter, proof.gguf_base, proof.gguf_adapter)
    within = {proof.gguf_base for proof in proofs if proof.gguf_adapter is None}
    ggufs = model_rows.ggufs(db())
    bases = [_bare(g) for g in ggufs if g.adapter is None and g.id not in within]
    return [*(found[a.id] for a in shelf.values() if a.id in found), *bases]


def _trained(adapter: AdapterRecord, base: str, converted: str | None) -> Voice:
    return Voice(
        id=adapter.id,
        name=adapter.name,
        gguf_base=base,
        gguf_adapter=converted,
        language=adapter.language,
    )


def _bare(gguf: GgufRecord) -> Voice:
    said = (
        _("{model} ({quantisation})")
        if models.is_mixed(gguf.model)
        else _("{model}, untaught ({quantisation})")
    )
    name = said.format(model=models.named(gguf.model), quantisation=gguf.quantisation)
    return Voice(id=f"base:{gguf.id}", name=name, gguf_base=gguf.id)


def voice(voice_id: str) -> Voice:
    """A voice by its id.

    Raises:
        StudioError: the desk has no such voice.
    """
    for known in voices():
        if known.id == voice_id:
            return known
    raise StudioError(
        _("The desk does not know this voice."),
        _("It was deleted, or it is not converted and verified yet."),
        _("Choose another voice, or convert this one on the Convert page."),
    )


def voice_name(voice_id: str) -> str:
    """What to call the voice that wrote a page, also where the desk no longer offers it."""
    if voice_id.startswith("base:"):
        gguf = model_rows.gguf(db(), voice_id.removeprefix("base:"))
        return _bare(gguf).name if gguf else _("a base model")
    return adapters.named(voice_id)


def continue_page(
    story_id: str,
    voice_id: str,
    max_tokens: int = 256,
    sampling: Sampling | None = None,
) -> Job:
    """Ask a voice for what comes next in a story, as a job on the write queue.

    The text arrives in the story's pending generation whether or not anyone watches.

    Raises:
        StudioError: the story was deleted, or the desk has no such voice.
    """
    story, chosen = _on_the_desk(story_id), voice(voice_id)
    spec = WriteSpec(
        gguf_base=chosen.gguf_base,
        gguf_adapter=chosen.gguf_adapter,
        **_asked(chosen, story),
        max_tokens=max_tokens,
        sampling=sampling or Sampling(),
    )

    def remember(connection: Database, job: Job) -> None:
        story_rows.insert_generation(connection, _generation(job, story, chosen))

    title = _("Continue {title}").format(title=story.title)
    return jobs.submit(spec, title=title, key=f"write:{story_id}", alongside=remember)


def _generation(job: Job, story: StoryRecord, chosen: Voice) -> Generation:
    return Generation(
        job_id=job.id,
        story_id=story.id,
        voice=chosen.id,
        prompt=job.spec["messages"][-1]["content"],
        text="",
        state="pending",
        created_at=time.time(),
    )


def _asked(chosen: Voice, story: StoryRecord) -> dict[str, Any]:
    """The prompt in the form that the voice was taught in, with as much of the story as it saw
    then: turns, in the model's own format or another, or the text alone. A voice that an earlier
    studio taught never saw whether a line or paragraph had ended, and is not shown it."""
    manner = _manner(chosen)
    seen = story.text if manner.template or not chosen.taught else story.text.rstrip()
    shown = prompt.characters(manner.shown_tokens or BASE.context_tokens, story.language)
    turns = tuple(prompt.turns(seen, story.title, story.language, shown, manner.about))
    if manner.builder == "raw":
        return {"raw": prompt.tail(story.text, shown) or story.title, "messages": turns}
    template = manner.template
    if template is None and chosen.taught:
        template = datasets.template_for(manner.formatter, adapters.get(chosen.id).model)
    return {"messages": turns, "template": template, "about": manner.about}


def _manner(chosen: Voice) -> Manner:
    """How the voice tells that it was taught; a bare base model was taught nothing. What a voice
    that an earlier studio taught does not tell is known of its dataset."""
    if not chosen.taught:
        return Manner()
    record = adapters.get(chosen.id)
    told = record.facts.get("manner")
    manner = Manner.model_validate(told) if told else _from_folder(record)
    dataset = adapters.taught_with(chosen.id)
    if dataset is None or (manner and (manner.template or manner.builder == "raw")):
        return manner or Manner()
    recipe = datasets.recipe_of(dataset)
    return Manner(
        builder=recipe.builder.kind,
        shown_tokens=recipe.builder.shown_tokens,
        formatter=manner.formatter if manner else recipe.formatter,
        about=recipe.builder.about if isinstance(recipe.builder, ContinuationSpec) else "",
    )


def _from_folder(record: AdapterRecord) -> Manner | None:
    try:
        return manner_of(store().fetch(record.artifact))
    except StudioError:  # its files are on another machine, or were lost
        return None


def with_kept_pages() -> list[StoryRecord]:
    """The stories that have pages which a voice wrote and the writer kept."""
    found = stories.list_all()
    return [story for story in found if story_rows.generations(db(), story.id, "accepted")]


def kept_pages(story_ids: Sequence[str]) -> str:
    """The kept pages of stories with what was asked, as a table of conversations; the
    artifact's id for a FileRows.

    Raises:
        StudioError: no page of these stories was kept.
    """
    kept = [g for story in story_ids for g in story_rows.generations(db(), story, "accepted")]
    if not kept:
        raise StudioError(
            _("No page was kept in these stories."),
            _("Only pages that a voice wrote and you kept at the desk can be learned from."),
            _("Keep a page at the desk first, or choose another story."),
        )
    turns = (
        [{"role": "user", "content": g.prompt}, {"role": "assistant", "content": g.text.strip()}]
        for g in kept
    )
    lines = (json.dumps({"messages": each}, ensure_ascii=False) + "\n" for each in turns)
    return datasets.upload([("desk.jsonl", "".join(lines).encode())])


def pending(story_id: str) -> list[Generation]:
    """Pages that were asked for and neither kept nor discarded, oldest first."""
    return story_rows.generations(db(), story_id, "pending")


def accept(job_id: str) -> int:
    """Put a generated page at the end of its story; the number of the new revision.

    Raises:
        StudioError: it was kept or discarded before, in this window or another; it is not
            whole, or nothing was written; its story was deleted. The story is as it was.
    """
    with database.write(db()) as connection:
        page = _page(job_id)
        job = jobs.get(job_id)
        _must_be_whole(page, job)
        story = _on_the_desk(page.story_id)
        goes_on = prompt.goes_on(story.text, page.text, job.spec.get("raw"))
        text = joined(story.text, page.text, story.language, goes_on=goes_on)
        revision = stories.put(connection, story.id, text)
        story_rows.settle_generation(connection, job_id, "accepted")
    return revision


def discard(job_id: str) -> None:
    """Put a generated page aside; it stays in the story's history.

    Raises:
        StudioError: it was kept, and stands in the story.
    """
    with database.write(db()) as connection:
        if _page(job_id).state == "accepted":
            raise _kept_already()
        story_rows.settle_generation(connection, job_id, "discarded")


def _must_be_whole(page: Generation, job: Job) -> None:
    if page.state == "accepted":
        raise _kept_already()
    if page.state == "discarded":
        raise StudioError(
            _("This page is not kept."),
            _("It was discarded, here or in another window."),
            _("Ask for another page at the desk."),
        )
    if not job.ended:
        raise StudioError(
            _("This page is not kept."),
            _("It is still being written."),
            _("Wait until it is done, or stop it, and keep it then."),
        )
    if job.state is JobState.FAILED:
        raise StudioError(
            _("This page is not kept."),
            _("Something failed while it was written, and it is not whole."),
            _("Copy what you want of it into your story, or try again."),
        )
    if not page.text.strip():
        raise StudioError(
            _("This page is not kept."),
            _("Nothing is written on it."),
            _("Ask for another page at the desk."),
        )


def _on_the_desk(story_id: str) -> StoryRecord:
    story = stories.get(story_id)
    if story.deleted_at:
        raise StudioError(
            _("The story “{title}” is as it was.").format(title=story.title),
            _("It was deleted, here or in another window."),
            _("Bring it back with Undo, and do this again."),
        )
    return story


def _kept_already() -> StudioError:
    return StudioError(
        _("This page stands in the story already."),
        _("It was kept before, here or in another window."),
        _("Nothing has to be done. To take it out again, bring an earlier version back."),
    )


def discarded(story_id: str) -> list[Generation]:
    return story_rows.generations(db(), story_id, "discarded")


def _page(job_id: str) -> Generation:
    page = story_rows.generation(db(), job_id)
    if page is None:
        raise StudioError(
            _("This page is not at the desk."),
            _("No page was asked for under {id}.").format(id=job_id),
            _("Ask for a page at the desk."),
        )
    return page
