"""How formatters work: a template, the tokens it needs, and an exact mask of what is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from studio.datasets import masking
from studio.datasets.example import Messages
from studio.domain.recipes import Format, FormatterSpec, Template
from studio.domain.voices import FormattedExample
from studio.errors import StudioError
from studio.language import _, n_
from studio.models.forms import form
from studio.models.marks import marks_of
from studio.models.turns import Form
from studio.plugins import discover


class Length(NamedTuple):
    """Tokens of a conversation, and how many of its answers are not learned."""

    tokens: int
    unlearned: int = 0


def unlearned_note(count: int) -> str:
    """What is said of answers that are read and not learned."""
    return n_(
        "{count} answer within the conversations is read and not learned: the template leaves it "
        "out.",
        "{count} answers within the conversations are read and not learned: the template leaves "
        "them out.",
        count,
    ).format(count=count)


class Turns:
    """A way of writing turns, by a template. Each formatter is one of these.

    A conversation of a single turn, the assistant's, is raw text whatever the formatter.
    """

    kind: str
    label: str
    Spec: type[Any] = Format
    source = ""
    marks: tuple[str, ...] = ()
    """Special tokens that the template is written with."""
    guarded = False
    """Whether the template is a stranger's, and runs in a process that can be stopped."""
    end: str | None = None
    """The one that ends the assistant's turn; None: the model's own end of text."""

    def template(self, tokenizer: Any, spec: FormatterSpec | None = None) -> Template:
        """What inference needs to ask in the same words."""
        return Template(source=self.source, marks=special_tokens(tokenizer))

    def check(self, tokenizer: Any, spec: FormatterSpec | None = None) -> tuple[str, ...]:
        """What a person should know before using this format with this model.

        Raises:
            StudioError: the model has no token for the end of a turn, so that it could
                never learn to stop.
        """
        known = tokenizer.get_vocab()
        if (self.end or tokenizer.eos_token) not in known:
            raise StudioError(
                _("The format “{label}” does not fit this model.").format(label=self.label),
                _(
                    "It ends a turn with {mark}, and the model's tokenizer has no such token."
                ).format(mark=self.end or _("an end-of-text token")),
                _("Choose the model's own chat template, or the Alpaca format."),
            )
        missing = [mark for mark in self.marks if mark not in known]
        if not missing:
            return ()
        note = _(
            "The model has no token {marks}: the format spells it in pieces, which costs room "
            "and takes longer to learn."
        )
        return (note.format(marks=", ".join(missing)),)

    def run(
        self, tokenizer: Any, messages: Messages, spec: FormatterSpec | None = None
    ) -> FormattedExample:
        """Token ids of the conversation. The mask is True for what the assistant's turns
        consist of, the mark that ends a turn included, so that a model learns to stop.

        Raises:
            StudioError: the template is missing or broken, or does not take these turns.
        """
        if is_text(messages):
            return masking.raw(tokenizer, messages[0]["content"])
        return masking.masked(tokenizer, self.form(tokenizer, spec).told(messages))

    def asked(
        self,
        tokenizer: Any,
        messages: Messages,
        spec: FormatterSpec | None = None,
        *,
        untaught: bool = False,
    ) -> FormattedExample:
        """Token ids of what asks for an answer to these turns; see ``Form.asked``."""
        written = self.form(tokenizer, spec).asked(messages, untaught=untaught)
        return masking.masked(tokenizer, written)

    def lengths(
        self,
        tokenizer: Any,
        conversations: Sequence[Messages],
        spec: FormatterSpec | None = None,
    ) -> list[Length]:
        """What ``run`` gives for each conversation, counted many at once."""
        form = self.form(tokenizer, spec) if not all(map(is_text, conversations)) else None
        written = [form.told(m) for m in conversations if form and not is_text(m)]
        counted = masking.encoded(tokenizer, written)
        counts = iter(
            Length(len(ids), each.unlearned)
            for (ids, _places), each in zip(counted, written, strict=True)
        )
        return [
            Length(len(masking.raw(tokenizer, m[0]["content"]).ids)) if is_text(m) else next(counts)
            for m in conversations
        ]

    def form(self, tokenizer: Any, spec: FormatterSpec | None = None) -> Form:
        """The template at work with the tokenizer's marks."""
        template = self.template(tokenizer, spec)
        marks = marks_of(tokenizer)
        return form(template.source, template.marks, marks, guarded=self.guarded)


def is_text(messages: Messages) -> bool:
    """Whether a conversation is raw text: one turn, the assistant's."""
    return len(messages) == 1 and messages[0]["role"] == "assistant"


def special_tokens(tokenizer: Any) -> dict[str, str]:
    """``bos_token``, ``eos_token`` and their like, as a template names them."""
    found = tokenizer.special_tokens_map.items()
    return {name: token for name, token in found if isinstance(token, str)}


@dataclass(frozen=True)
class Formatter:
    """A formatter with its options, as the rest of the studio uses it."""

    plugin: Turns
    spec: FormatterSpec

    def check(self, tokenizer: Any) -> tuple[str, ...]:
        return self.plugin.check(tokenizer, self.spec)

    def run(self, tokenizer: Any, messages: Messages) -> FormattedExample:
        return self.plugin.run(tokenizer, messages, self.spec)

    def asked(
        self, tokenizer: Any, messages: Messages, *, untaught: bool = False
    ) -> FormattedExample:
        return self.plugin.asked(tokenizer, messages, self.spec, untaught=untaught)

    def lengths(self, tokenizer: Any, conversations: Sequence[Messages]) -> list[Length]:
        return self.plugin.lengths(tokenizer, conversations, self.spec)

    def template(self, tokenizer: Any) -> Template | None:
        """What inference is to ask with; None: the model's own template, which it has."""
        own = self.plugin.kind == "chat-template"
        return None if own else self.plugin.template(tokenizer, self.spec)


class AsTaught(Turns):
    """The template that a voice brings with it."""

    kind = "as-taught"
    label = "As the voice was taught"
    guarded = True

    def __init__(self, template: Template) -> None:
        self._template = template

    def template(self, tokenizer: Any, spec: FormatterSpec | None = None) -> Template:
        return self._template


def formatter_of(spec: FormatterSpec, template: Template | None = None) -> Formatter:
    """The formatter that a spec names, or the one that writes with the ``template`` of a voice."""
    plugin = discover("studio.datasets.formatters")[spec.kind]
    return Formatter(AsTaught(template) if template else plugin, spec)
