"""The form that makes a dataset's recipe: what of, in which way, with which numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from studio.domain.base import Language
from studio.domain.recipes import (
    BuilderSpec,
    ChatSpec,
    ContinuationSpec,
    CustomFormat,
    FileRows,
    Format,
    FormatterSpec,
    HubRows,
    InstructionSpec,
    PreferenceSpec,
    PrepareSpec,
    Quality,
    RawSpec,
    RowsSpec,
    SyntheticSpec,
)
from studio.domain.records import ManuscriptRecord, StoryRecord
from studio.language import _
from studio.services import datasets, writing
from studio.ui import again, asking, columns, live, words
from studio.ui.drafts import drafted
from studio.ui.given import valid

Source = Literal["manuscripts", "files", "desk", "hub", "topics"]


def sources() -> dict[Source, str]:
    return {
        "manuscripts": _("My manuscripts"),
        "files": _("Tables I have"),
        "desk": _("Pages I kept at the desk"),
        "hub": _("A dataset on the Hub"),
        "topics": _("Topics, for a model to write about"),
    }


def ways() -> dict[str, tuple[str, str]]:
    """What each way of making examples is called, and what it teaches."""
    return {
        "continuation": (
            _("Go on with the story"),
            _("The model sees what came before and learns your next passage. The usual choice."),
        ),
        "instruction": (
            _("Write what is asked for"),
            _("Each passage answers a request: the mood, who is there, how long."),
        ),
        "chat": (
            _("Tell it in a conversation"),
            _("You ask for the story piece by piece, and your passages are the answers."),
        ),
        "preference": (
            _("Prefer me to the model"),
            _("Beside each passage of yours stands the model's own attempt, as what not to do."),
        ),
        "raw": (_("Plain text"), _("Your text as it is, without any request. For base models.")),
    }


def recipe(records: Sequence[ManuscriptRecord]) -> PrepareSpec | None:
    """The form; the recipe it comes to, or None while something is missing.

    Raises:
        StudioError: what was given cannot be used.
    """
    kept = writing.with_kept_pages()
    missing = {"manuscripts": not records, "desk": not kept}
    offered = {k: v for k, v in sources().items() if not missing.get(k)}
    source = st.radio(
        _("Make it of"),
        list(offered),
        horizontal=True,
        format_func=offered.__getitem__,
        key="datasets_source",
    )
    with live.passing():
        chosen = _manuscripts(records) if source == "manuscripts" else []
        stories = _stories(kept) if source == "desk" else []
        pages = writing.kept_pages([story.id for story in stories]) if stories else None
        rows = FileRows(artifact=pages) if pages else _rows(source)
        if source == "topics":
            builder: BuilderSpec | None = _topics()
        else:
            if source == "hub" and rows:
                st.caption(
                    _("Prose is cut as you choose here; conversations and pairs stay as they are.")
                )
            builder = _way() if _is_prose(source, rows) else ContinuationSpec()
    if builder is None or not (chosen or rows or source == "topics"):
        return None
    with st.expander(_("Details")):
        given = details(several=len(chosen) > 1)
    name = " + ".join(story.title for story in stories) or None
    return datasets.plan(chosen, name, builder, rows, **given)


def _manuscripts(records: Sequence[ManuscriptRecord]) -> list[str]:
    again.keep("datasets_pick")
    by_id = {r.id: r for r in records}
    now = st.session_state.get("datasets_pick", [records[0].id])
    wanted = st.session_state.pop("datasets_chosen", now)
    st.session_state["datasets_pick"] = [i for i in wanted if i in by_id]
    return st.multiselect(
        _("Manuscripts to learn from"),
        list(by_id),
        key="datasets_pick",
        format_func=words.distinct(
            {i: f"{r.title} · {words.length(r)}" for i, r in by_id.items()}
        ).__getitem__,
    )


def _is_prose(source: str, rows: RowsSpec | None) -> bool:
    """Whether passages are still to be cut, so that the way of doing it matters."""
    if source == "desk":
        return False
    columns = rows.columns if isinstance(rows, FileRows) else None
    return columns is None or columns.shape == "text"


def _stories(kept: Sequence[StoryRecord]) -> list[StoryRecord]:
    by_id = {story.id: story for story in kept}
    chosen = st.multiselect(
        _("Stories"),
        list(by_id),
        default=list(by_id)[:1],
        format_func=words.distinct({i: s.title for i, s in by_id.items()}).__getitem__,
        key="datasets_stories",
    )
    st.caption(_("Each kept page is learned as the answer to what was asked. Five are the least."))
    return [by_id[i] for i in chosen]


def _rows(source: str) -> RowsSpec | None:
    if source == "files":
        return columns.uploaded()
    return _hub() if source == "hub" else None


def _hub() -> HubRows | None:
    left, right = st.columns([2, 1])
    repository = left.text_input(
        _("Name on the Hub"), placeholder="writer/short-stories", key="datasets_hub"
    )
    revision = right.text_input(_("Version"), "main", key="datasets_revision")
    left, middle, right = st.columns(3)
    subset = left.text_input(_("Subset"), key="datasets_subset")
    split = middle.text_input(_("Split"), "train", key="datasets_hub_split")
    most = right.number_input(_("Most rows"), 1, 1_000_000, 10_000, key="datasets_most")
    if not repository.strip():
        st.caption(_("The version is pinned to its commit when the dataset is made."))
        return None
    return valid(
        HubRows,
        repository=repository.strip(),
        revision=revision.strip() or "main",
        subset=subset.strip() or None,
        split=split.strip() or "train",
        most_rows=int(most),
    )


def _way() -> BuilderSpec | None:
    found = ways()
    kind = st.radio(
        _("So that the model learns to"),
        list(found),
        format_func=lambda k: found[k][0],
        captions=[what for _name, what in found.values()],
        key="datasets_way",
    )
    writer = asking.writer(kind)
    if kind == "preference" and writer is None:
        return None
    left, right = st.columns(2)
    passage = left.number_input(
        _("Longest passage to write, in tokens"), 32, 4096, 192, step=32,
        help=_("A token is a short piece of text: about three quarters of an English word, "
               "or one or two Chinese characters."),
        key="datasets_passage",
    )  # fmt: skip
    context = 192
    if kind in ("continuation", "preference"):
        context = right.number_input(
            _("Text before it that the model sees"), 32, 8192, 192, step=32, key="datasets_context"
        )
    overlap = 0
    if kind == "raw":
        overlap = right.number_input(
            _("Repeated from the passage before, in tokens"), 0, 4096, 0, step=16,
            help=_("Whole sentences, learned again as the beginning of the next passage."),
            key="datasets_overlap",
        )  # fmt: skip
    if kind == "continuation":
        about = drafted(
            _("About the story, if you like"),
            "datasets_about",
            placeholder=_("A summary, who is who, the rules of the world"),
            help=_("Stands before each passage, and before each page at the desk."),
            max_chars=4000,
        )
        return ContinuationSpec(passage_tokens=passage, context_tokens=context, about=about.strip())
    if kind == "preference":
        return PreferenceSpec(passage_tokens=passage, context_tokens=context, writer=writer)
    if kind == "instruction":
        return InstructionSpec(passage_tokens=passage, writer=writer)
    if kind == "raw":
        return valid(RawSpec, passage_tokens=passage, overlap_tokens=overlap)
    return ChatSpec(passage_tokens=passage)


def _topics() -> SyntheticSpec | None:
    forms = {
        "instruction": _("Requests and answers"),
        "dialogue": _("Dialogues"),
        "character": _("The voice of a character"),
    }
    form = st.radio(
        _("What is made up"), list(forms), horizontal=True, format_func=forms.__getitem__,
        key="datasets_form",
    )  # fmt: skip
    given = drafted(
        _("Topics, one a line"),
        "datasets_topics",
        placeholder=_("a lighthouse in winter\nletters that arrive too late"),
    )
    left, right = st.columns(2)
    count = left.number_input(_("How many examples"), 1, 100_000, 50, key="datasets_count")
    names: dict[Language, str] = {"en": words.language_name("en"), "zh": words.language_name("zh")}
    language = right.radio(
        _("Language"), list(names), format_func=names.__getitem__, horizontal=True,
        key="datasets_language",
    )  # fmt: skip
    writer = asking.writer("synthetic")
    topics = [line.strip() for line in given.splitlines() if line.strip()]
    if not topics or writer is None:
        return None
    return valid(
        SyntheticSpec, form=form, topics=topics, count=int(count), language=language,
        writer=writer,
    )  # fmt: skip


def details(*, several: bool) -> dict[str, Any]:
    """What seldom needs to be changed."""
    held_out = st.number_input(
        _("Share kept aside, in percent"), 1, 49, 15,
        help=_("The model never learns from it. It shows whether the model learned your voice "
               "or only your sentences (the validation split)."),
        key="datasets_held",
    )  # fmt: skip
    hold_back = "chapters"
    if several and st.checkbox(_("Keep whole books aside"), key="datasets_books"):
        hold_back = "books"
    near = st.checkbox(
        _("Leave out passages that say nearly the same as another"), value=True,
        key="datasets_near",
    )  # fmt: skip
    prose = st.checkbox(
        _("Leave out tables of contents and copyright pages"), value=True, key="datasets_prose"
    )
    quality = Quality(non_prose=prose) if near else Quality(near_duplicates=None, non_prose=prose)
    return {
        "validation_share": held_out / 100,
        "hold_back": hold_back,
        "quality": quality,
        "formatter": formatter(),
    }


def formatter() -> FormatterSpec:
    """How turns are written for the model."""
    labels = datasets.formats()
    kind = st.selectbox(
        _("How turns are written (chat template)"),
        list(labels),
        format_func=labels.__getitem__,
        index=list(labels).index("chat-template"),
        key="datasets_formatter",
    )
    if kind != "custom":
        return Format.model_validate({"kind": kind})
    template = drafted(
        _("The template (Jinja)"),
        "datasets_template",
        "{% for m in messages %}{{ m.content }}\n{% endfor %}",
    )
    return valid(CustomFormat, template=template)
