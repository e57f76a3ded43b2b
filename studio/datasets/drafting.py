"""A row becomes a draft, by what its columns mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.datasets.columns import NEEDED
from studio.datasets.example import Draft, Messages
from studio.datasets.rows import Row, is_nothing, shown, unusable
from studio.domain.recipes import Columns, Shape
from studio.language import _

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
}
YES, NO = ("true", "1", "1.0", "yes", "good", "是"), ("false", "0", "0.0", "no", "bad", "否", "-1")


def draft(row: Row, columns: Columns) -> Draft | str:
    """A conversation, or for the shape ``text`` the prose itself, which is yet to be cut.

    Raises:
        StudioError: names the row, the column and the value that cannot be used.
    """
    if row.wrong:
        raise unusable(row.file, row.number, row.wrong)
    for field in NEEDED[columns.shape]:
        if field not in columns.fields:
            why = _("Nothing says which column is “{field}”.").format(field=field)
            raise unusable(row.file, row.number, why)
    return _Reading(row, columns).draft()


class _Reading:
    """One row, read by the names of its shape."""

    def __init__(self, row: Row, columns: Columns) -> None:
        self._row = row
        self._fields = columns.fields
        self._shape = columns.shape

    def draft(self) -> Draft | str:
        makers: dict[Shape, Callable[[], Draft | str]] = {
            "text": lambda: self._text("text"),
            "input-output": lambda: self._answered(self._text("input"), self._text("output")),
            "instruction": self._instruction,
            "preference": self._preference,
            "rated": self._rated,
            "messages": lambda: Draft(self._turns("messages", "role", "content")),
            "sharegpt": lambda: Draft(
                [*self._system(), *self._turns("conversations", "from", "value")]
            ),
        }
        return makers[self._shape]()

    def _answered(self, asked: str, answer: str) -> Draft:
        return Draft([*self._system(), _turn("user", asked), _turn("assistant", answer)])

    def _instruction(self) -> Draft:
        more = self._text("input", needed=False)
        asked = self._text("instruction") + (f"\n\n{more}" if more else "")
        return self._answered(asked, self._text("output"))

    def _rated(self) -> Draft:
        answered = self._answered(self._text("prompt"), self._text("completion"))
        return answered._replace(wanted=self._label())

    def _preference(self) -> Draft:
        asked = self._before()
        chosen, rejected = self._side("chosen", asked), self._side("rejected", asked)
        if len(chosen) < 2:
            raise self._wrong("chosen", chosen[-1]["content"], _("nothing is asked before it"))
        if [*chosen[:-1]] != [*rejected[:-1]]:
            why = _("“chosen” and “rejected” answer different conversations")
            raise self._wrong("rejected", rejected[-1]["content"], why)
        return Draft([*self._system(), *chosen], rejected=rejected[-1]["content"])

    def _before(self) -> Messages:
        column = self._fields.get("prompt", "")
        if isinstance(self._row.fields.get(column), list) and self._row.fields[column]:
            return self._turns("prompt", "role", "content", answered=False)
        asked = self._text("prompt", needed=False)
        return [_turn("user", asked)] if asked else []

    def _side(self, field: str, before: Messages) -> Messages:
        """A whole conversation; where it does not tell of the question, that is put before."""
        if isinstance(self._row.fields.get(self._fields[field]), str):
            return [*before, _turn("assistant", self._text(field))]
        turns = self._turns(field, "role", "content")
        return turns if len(turns) > 1 else [*before, *turns]

    def _system(self) -> Messages:
        text = self._text("system", needed=False)
        return [_turn("system", text)] if text else []

    def _label(self) -> bool:
        value = self._row.fields.get(self._fields["label"])
        plain = str(value).strip().lower()
        if plain in YES:
            return True
        if plain in NO:
            return False
        raise self._wrong("label", value, _("it is neither true nor false"))

    def _text(self, field: str, needed: bool = True) -> str:
        value = self._row.fields.get(self._fields.get(field, ""))
        if isinstance(value, str) and (value.strip() or not needed):
            return value
        nothing = is_nothing(value)
        if not needed and nothing:
            return ""
        why = _("it is empty") if nothing else ""
        raise self._wrong(field, value, why or _("it is no text"))

    def _turns(self, field: str, who: str, what: str, answered: bool = True) -> Messages:
        value = self._row.fields.get(self._fields[field])
        if not isinstance(value, list) or not value:
            raise self._wrong(field, value, _("it is no list of turns"))
        turns = [self._one(field, turn, who, what) for turn in value]
        if answered and turns[-1]["role"] != "assistant":
            why = _("its last turn is not the assistant's, so that there is nothing to learn")
            raise self._wrong(field, turns[-1]["content"], why)
        return turns

    def _one(self, field: str, turn: Any, who: str, what: str) -> dict[str, str]:
        if not isinstance(turn, dict):
            raise self._wrong(field, turn, _("it is no turn"))
        role = ROLES.get(str(turn.get(who)).strip().lower())
        if role is None:
            raise self._wrong(field, turn.get(who), _("there is no such speaker"))
        text = turn.get(what)
        if not isinstance(text, str) or (role == "assistant" and not text.strip()):
            why = _("it is empty") if text in (None, "") else _("it is no text")
            raise self._wrong(field, text, why)
        return _turn(role, text)

    def _wrong(self, field: str, value: Any, why: str) -> Exception:
        column = self._fields.get(field, field)
        told = _("The column “{column}” holds {value}: {why}.")
        return unusable(
            self._row.file,
            self._row.number,
            told.format(column=column, value=shown(value), why=why),
        )


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
