"""Keeps every answer of a writer, so that a job that ended early asks nothing twice."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import BaseModel, ConfigDict

from studio.datasets import writers
from studio.datasets.tools import Question, Usage, Writer
from studio.domain.events import CheckpointSaved, LogLine, Progressed
from studio.domain.workroom import Stopped, Workroom
from studio.domain.writers import EndpointWriter, LocalWriter
from studio.language import _

EVERY_ANSWERS = 30
EVERY_SECONDS = 60.0
ANSWERS, USAGE = "answers.jsonl", "usage.json"
_NOT_ASKED_FOR = {
    "may_leave",
    "timeout",
    "at_once",
    "most_requests",
    "price_in",
    "price_out",
    "most_cost",
}


class Answer(BaseModel):
    """A line of the journal; ``question`` is a sha256 of what was asked, and of whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    text: str


class Journal:
    """Stands between builders and their writer. Used in a ``with`` block: however that ends,
    the answers so far are stored in the room and announced as a checkpoint."""

    def __init__(self, spec: LocalWriter | EndpointWriter, writer: Writer, room: Workroom) -> None:
        self._of_whom = spec.model_dump_json(exclude=_NOT_ASKED_FOR)
        self._writer = writer
        self._room = room
        self._answers = _answers_of(room.fetch(room.checkpoint)) if room.checkpoint else {}
        self._stored = len(self._answers)
        self._stored_at = time.monotonic()
        self._planned = 0
        self._done = 0
        self._asked = 0
        self._began = time.monotonic()
        if room.checkpoint:
            writer.usage = Usage(*json.loads((room.fetch(room.checkpoint) / USAGE).read_bytes()))
            note = _("Going on with {count} answers that are there already.")
            room.emit(LogLine(text=note.format(count=self._stored)))

    @property
    def usage(self) -> Usage:
        """Of all attempts at the job, as far as they were stored."""
        return self._writer.usage

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if len(self._answers) > self._stored:
            self._store()

    def ask(self, questions: Sequence[Question]) -> list[str | None]:
        """The answer to each question, from an earlier attempt or from the writer; None where
        the hard cap left it unasked.

        Raises:
            StudioError: the writer cannot be loaded or reached.
            Stopped: the writer asked to stop; what was answered is kept.
        """
        keys = [question.digest(self._of_whom).hex() for question in questions]
        waiting = {
            key: question
            for key, question in zip(keys, questions, strict=True)
            if key not in self._answers
        }
        if waiting:
            self._fill(list(waiting), list(waiting.values()))
        return [self._answers.get(key) for key in keys]

    def settle(self, questions: Sequence[Question]) -> None:
        """Ask all that is known beforehand, so that it is answered many at once."""
        self._planned = len(questions)
        known = sum(q.digest(self._of_whom).hex() in self._answers for q in questions)
        self._done = known
        self._tell()
        self.ask(questions)

    def _fill(self, keys: Sequence[str], questions: Sequence[Question]) -> None:
        if self._room.stopped():
            raise Stopped({"answers": len(self._answers)})
        for group in self._writer.write(questions):
            self._keep({keys[place]: text for place, text in group.items()})
            self._tell()

    def _keep(self, answers: Mapping[str, str]) -> None:
        self._answers.update(answers)
        self._done += len(answers)
        self._asked += len(answers)
        fresh = len(self._answers) - self._stored
        late = time.monotonic() - self._stored_at >= EVERY_SECONDS
        if fresh >= EVERY_ANSWERS or (fresh and late):
            self._store()

    def _tell(self) -> None:
        seconds = time.monotonic() - self._began
        self._room.emit(
            Progressed(
                step=self._done,
                steps=max(self._planned, self._done),
                unit=_("answers"),
                rate=self._asked / seconds if self._asked and seconds else None,
            )
        )

    def _store(self) -> None:
        folder = self._room.folder / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        lines = (
            Answer(question=key, text=text).model_dump_json() + "\n"
            for key, text in self._answers.items()
        )
        (folder / ANSWERS).write_text("".join(lines), encoding="utf-8")
        (folder / USAGE).write_text(json.dumps(self.usage), encoding="utf-8")
        artifact = self._room.put(folder)
        shutil.rmtree(folder)
        self._stored, self._stored_at = len(self._answers), time.monotonic()
        self._room.emit(CheckpointSaved(step=self._stored, artifact=artifact))


def _answers_of(checkpoint: Path) -> dict[str, str]:
    lines = (checkpoint / ANSWERS).read_bytes().splitlines()
    return {a.question: a.text for a in map(Answer.model_validate_json, lines)}


def opened(
    spec: LocalWriter | EndpointWriter | None, room: Workroom, formatter: Any
) -> Journal | None:
    """The journal of the writer that a recipe names; None where it names none."""
    return Journal(spec, writers.opened(spec, room, formatter), room) if spec else None
