"""What a file holds beside the text that is read: counted by kind, and told in one note each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from studio.errors import StudioError
from studio.language import _, n_

Words = Callable[[int], str]

# One entry for each kind, in the order in which they are told.
KINDS: dict[str, Words] = {
    "change": lambda n: n_(
        "{count} tracked change was taken as accepted.",
        "{count} tracked changes were taken as accepted.", n),
    "footnote": lambda n: n_(
        "{count} footnote was left out.", "{count} footnotes were left out.", n),
    "table": lambda n: n_("{count} table was left out.", "{count} tables were left out.", n),
    "contents": lambda n: _("The table of contents was left out."),
    "running": lambda n: n_(
        "{count} header or footer was left out.", "{count} headers and footers were left out.", n),
    "comment": lambda n: n_("{count} comment was left out.", "{count} comments were left out.", n),
    "hidden": lambda n: n_(
        "{count} piece of hidden text was left out.",
        "{count} pieces of hidden text were left out.", n),
    "annotation": lambda n: n_(
        "{count} annotation was left out.", "{count} annotations were left out.", n),
    "placeholder": lambda n: n_(
        "{count} placeholder for compiling was left out.",
        "{count} placeholders for compiling were left out.", n),
    "prompt": lambda n: n_(
        "{count} prompt of a field that nobody has filled in was left out.",
        "{count} prompts of fields that nobody has filled in were left out.", n),
    "aside": lambda n: n_(
        "{count} synopsis, note or snapshot of a document was left out.",
        "{count} synopses, notes and snapshots of documents were left out.", n),
    "reading": lambda n: n_(
        "{count} reading aid above the characters (ruby) was left out.",
        "{count} reading aids above the characters (ruby) were left out.", n),
    "picture": lambda n: n_("{count} picture was left out.", "{count} pictures were left out.", n),
    "chart": lambda n: n_("{count} chart was left out.", "{count} charts were left out.", n),
    "diagram": lambda n: n_(
        "{count} diagram (SmartArt) was left out.",
        "{count} diagrams (SmartArt) were left out.", n),
    "ink": lambda n: n_(
        "{count} drawing in ink was left out.", "{count} drawings in ink were left out.", n),
    "object": lambda n: n_(
        "{count} embedded object was left out.", "{count} embedded objects were left out.", n),
    "subdocument": lambda n: n_(
        "{count} document that this one only refers to was left out.",
        "{count} documents that this one only refers to were left out.", n),
    "blocks": lambda n: _("The building blocks that are kept with the document were left out."),
    "formula": lambda n: n_(
        "{count} formula is written in one line.", "{count} formulas are written in one line.", n),
    "symbol": lambda n: n_(
        "{count} symbol of a font that is not known is shown as “\ufffd”.",
        "{count} symbols of fonts that are not known are shown as “\ufffd”.", n),
    "after": lambda n: _("What follows the end of the document in its file was left out."),
    "other": lambda n: n_(
        "{count} piece of text of a kind that is not known was left out.",
        "{count} pieces of text of kinds that are not known were left out.", n),
}  # fmt: skip


class Leftovers:
    """Counts what is left out while a document is read."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._said: dict[str, None] = {}

    def add(self, kind: str, count: int = 1) -> None:
        """Count something of one of the ``KINDS``."""
        self._counts[kind] += count

    def count(self, kind: str) -> int:
        return self._counts[kind]

    def say(self, note: str) -> None:
        """Tell something that is no matter of counting; once, however often it is said."""
        self._said[note] = None

    def say_unread(self, part: str, problem: StudioError) -> None:
        """Name a part of the file that is damaged, where the rest can be read without it."""
        note = _("The part “{part}” could not be read and was left out: {why}")
        self.say(note.format(part=part, why=problem.why))

    def update(self, other: Leftovers) -> None:
        """Count in what another part of the same file left out."""
        self._counts.update(other._counts)
        self._said |= other._said

    def notes(self) -> tuple[str, ...]:
        """What to tell the writer."""
        counted = (
            words(count).format(count=count)
            for kind, words in KINDS.items()
            if (count := self._counts[kind]) > 0
        )
        return (*counted, *self._said)
