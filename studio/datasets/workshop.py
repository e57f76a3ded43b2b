"""Cuts sections and rows into examples, with the tools that a recipe asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import get_args

from studio.datasets import estimate, given, quality, topics
from studio.datasets.cast import cast_of
from studio.datasets.counting import sizes_with
from studio.datasets.example import Draft, Example, Reason, Skipped
from studio.datasets.formatting import Formatter, formatter_of
from studio.datasets.given import Given, Table
from studio.datasets.journal import Journal
from studio.datasets.refilling import refilled
from studio.datasets.splits import Section, Split, split
from studio.datasets.tools import Question, Tools
from studio.domain.events import LogLine, Progressed
from studio.domain.manuscripts import Manuscript
from studio.domain.recipes import PrepareSpec, SyntheticSpec
from studio.domain.workroom import ReadingRoom, Stopped
from studio.language import _
from studio.models.source import folder_of, load_tokenizer
from studio.plugins import discover
from studio.text.packing import Sizes


class Workshop:
    """``left_out`` counts by reason what did not become an example, ``removed`` lists what was
    one and may not stay."""

    def __init__(
        self,
        spec: PrepareSpec,
        room: ReadingRoom,
        manuscripts: Sequence[Manuscript],
        journal_of: Callable[[Formatter], Journal | None] = lambda _formatter: None,
    ) -> None:
        """``journal_of`` opens the journal of the writer that the recipe asks, if it asks one.

        Raises:
            StudioError: the recipe's builder, formatter or writer refuses it.
        """
        self.spec = spec
        self.room = room
        self.manuscripts = manuscripts
        self.builder = discover("studio.datasets.builders")[spec.builder.kind]
        self.formatter = formatter_of(spec.formatter)
        self.tokenizer = load_tokenizer(folder_of(spec.model, room.fetch))
        self.builder.check(spec.builder)
        for note in self.formatter.check(self.tokenizer):
            room.emit(LogLine(level="warning", text=note))
        self.journal = journal_of(self.formatter)
        self.tools = _tools(sizes_with(self.tokenizer), self.journal, manuscripts)
        self.left_out: dict[str, int] = dict.fromkeys(get_args(Reason), 0)
        self.removed: list[quality.Removed] = []
        self.unlearned = 0
        """Answers of conversations that the template does not let be learned."""
        self._began = time.monotonic()
        self._done = 0

    def examples(self, table: Table | None) -> tuple[list[Example], list[Example]]:
        """What is learned and what is held back, of the manuscripts and the rows."""
        sections, builder = self._sections(), self.spec.builder
        more, checked = given.split(table.given, self.spec.validation_share) if table else ([], [])
        if self.journal:
            prose = [row.content for row in (*checked, *more) if isinstance(row.content, Section)]
            self._ask_beforehand(self.journal, [*sections.validation, *sections.train, *prose])
        if isinstance(builder, SyntheticSpec):
            train, validation = refilled(self.spec, builder, sections, self._made_up)
        else:
            train, validation = self._of_sections(sections)
        validation += self._of_rows(checked)
        train += self._of_rows(more)
        screened = quality.screen(train, validation, self.spec.quality)
        self.removed = screened.removed
        self.left_out |= screened.left_out
        return screened.train, screened.validation

    def _sections(self) -> Split:
        if isinstance(self.spec.builder, SyntheticSpec):
            return topics.sections(self.spec.builder, self.spec.validation_share)
        return split(self.manuscripts, self.spec.validation_share, self.spec.hold_back)

    def _of_sections(self, sections: Split) -> tuple[list[Example], list[Example]]:
        steps = len(sections.train) + len(sections.validation)
        validation = [e for s in sections.validation for e in self._of_chapter(s, "v", steps)]
        train = [e for s in sections.train for e in self._of_chapter(s, "t", steps)]
        return train, validation

    def _made_up(self, sections: Split) -> tuple[list[Example], list[Example]]:
        if self.journal:
            self.journal.ask(self._questions([*sections.validation, *sections.train]))
        return self._of_sections(sections)

    def _ask_beforehand(self, journal: Journal, sections: Sequence[Section]) -> None:
        questions = self._questions(sections)
        estimate.check_cap(self.spec.builder, len(questions))
        journal.settle(questions)

    def _questions(self, sections: Sequence[Section]) -> list[Question]:
        return [
            question
            for section in sections
            for question in self.builder.questions(section, self.tools, self.spec.builder)
        ]

    def _of_chapter(self, section: Section, mark: str, steps: int) -> list[Example]:
        number = f"{section.manuscript}.{section.chapter}{mark}"
        drafts = self.drafts(section)
        found = self.finished([(f"{number}.{i}", d, section.title) for i, d in enumerate(drafts)])
        if not self.journal:
            self._progress(section.title, steps)
        return found

    def _of_rows(self, rows: Sequence[Given]) -> list[Example]:
        """Prose is cut as a chapter is; all else is an example as it is."""
        drafts: list[tuple[str, Draft, str]] = []
        for row in rows:
            if isinstance(row.content, Draft):
                drafts.append((row.id, row.content, row.file))
            else:
                cut = self.drafts(row.content)
                drafts += [(f"{row.id}.{i}", d, row.content.title) for i, d in enumerate(cut)]
        return self.finished(drafts)

    def drafts(self, section: Section) -> list[Draft]:
        """The examples of a section, before they are counted."""
        if self.room.stopped():
            raise Stopped({})
        found = list(self.builder.run(section, self.tools, self.spec.builder))
        for each in found:
            if isinstance(each, Skipped):
                self.left_out[each.reason] += 1
        return [each for each in found if isinstance(each, Draft)]

    def finished(self, drafts: Sequence[tuple[str, Draft, str]]) -> list[Example]:
        """Drafts, each with its id and where it comes from, as examples with their tokens."""
        lengths = self.formatter.lengths(self.tokenizer, [d.messages for _id, d, _of in drafts])
        self.unlearned += sum(length.unlearned for length in lengths)
        return [
            Example(
                id=number,
                messages=draft.messages,
                rejected=draft.rejected,
                wanted=draft.wanted,
                chapter=title,
                tokens=length.tokens,
                characters=len(draft.messages[-1]["content"]),
                flags=draft.flags,
            )
            for (number, draft, title), length in zip(drafts, lengths, strict=True)
        ]

    def _progress(self, title: str, steps: int) -> None:
        self._done += 1
        seconds = time.monotonic() - self._began
        self.room.emit(
            Progressed(
                step=self._done,
                steps=steps,
                unit=_("chapters"),
                note=title,
                rate=self._done / seconds if seconds else None,
            )
        )


def _tools(sizes: Sizes, journal: Journal | None, manuscripts: Sequence[Manuscript]) -> Tools:
    @cache
    def cast(number: int) -> tuple[str, ...]:
        if number < 0:  # a row of a table belongs to no manuscript
            return ()
        return cast_of(manuscripts[number].text, manuscripts[number].language)

    return Tools(sizes, journal.ask, cast) if journal else Tools(sizes, cast=cast)
