"""How formatters work: a template, the tokens it needs, and an exact mask of what is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.datasets import masking
from studio.datasets.example import Messages
from studio.domain.recipes import Format, FormatterSpec, Template
from studio.domain.voices import FormattedExample
from studio.errors import StudioError
from studio.language import _
from studio.models import templates
from studio.models.templates import Rendered
from studio.plugins import discover


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
        self,
        tokenizer: Any,
        messages: Messages,
        add_generation_prompt: bool = False,
        spec: FormatterSpec | None = None,
    ) -> FormattedExample:
        """Token ids of the conversation. The mask is True for what the assistant's turns
        consist of, the mark that ends a turn included, so that a model learns to stop.

        Raises:
            StudioError: the template is missing or broken, or does not take these turns.
        """
        if is_text(messages):
            return masking.raw(tokenizer, messages[0]["content"])
        whole = self._render(tokenizer, messages, add_generation_prompt, spec)
        return masking.masked(
            tokenizer, whole.text, self._learned(tokenizer, messages, whole, spec)
        )

    def lengths(
        self,
        tokenizer: Any,
        conversations: Sequence[Messages],
        spec: FormatterSpec | None = None,
    ) -> list[int]:
        """How many ids ``run`` gives for each conversation, counted many at once."""
        turns = [m for m in conversations if not is_text(m)]
        rendered = [self._render(tokenizer, m, False, spec) for m in turns]
        learned = [
            self._learned(tokenizer, m, r, spec) for m, r in zip(turns, rendered, strict=True)
        ]
        counted = masking.encoded(tokenizer, [r.text for r in rendered], learned)
        counts = iter([len(ids) for ids, _places in counted])
        return [
            len(masking.raw(tokenizer, m[0]["content"]).ids) if is_text(m) else next(counts)
            for m in conversations
        ]

    def _render(
        self, tokenizer: Any, messages: Messages, asking: bool, spec: FormatterSpec | None
    ) -> Rendered:
        template = self.template(tokenizer, spec)
        try:
            return templates.render(template.source, messages, template.marks, asking=asking)
        except templates.REFUSALS as error:
            raise StudioError(
                _("The template does not take this conversation."),
                _("It says: {why}").format(why=error),
                _("Leave out the system turn, or choose another format."),
            ) from error

    def _learned(
        self, tokenizer: Any, messages: Messages, whole: Rendered, spec: FormatterSpec | None
    ) -> masking.Spans:
        if whole.learned is not None:
            return whole.learned
        found = []
        for number, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            asked = self._render(tokenizer, messages[:number], True, spec).text
            told = self._render(tokenizer, messages[: number + 1], False, spec).text.rstrip()
            if whole.text.startswith(asked) and whole.text.startswith(told):
                found.append((len(asked), len(told)))
            elif number == len(messages) - 1:
                raise _rewritten()
        return found


def is_text(messages: Messages) -> bool:
    """Whether a conversation is raw text: one turn, the assistant's."""
    return len(messages) == 1 and messages[0]["role"] == "assistant"


def special_tokens(tokenizer: Any) -> dict[str, str]:
    """``bos_token``, ``eos_token`` and their like, as a template names them."""
    found = tokenizer.special_tokens_map.items()
    return {name: token for name, token in found if isinstance(token, str)}


def _rewritten() -> StudioError:
    return StudioError(
        _("The template does not say what is to be learned."),
        _("What it writes for a whole conversation does not begin with what asks for it."),
        _("Mark the answer with {% generation %} in the template, or choose another format."),
    )


@dataclass(frozen=True)
class Formatter:
    """A formatter with its options, as the rest of the studio uses it."""

    plugin: Turns
    spec: FormatterSpec

    def check(self, tokenizer: Any) -> tuple[str, ...]:
        return self.plugin.check(tokenizer, self.spec)

    def run(
        self, tokenizer: Any, messages: Messages, add_generation_prompt: bool = False
    ) -> FormattedExample:
        return self.plugin.run(tokenizer, messages, add_generation_prompt, self.spec)

    def lengths(self, tokenizer: Any, conversations: Sequence[Messages]) -> list[int]:
        return self.plugin.lengths(tokenizer, conversations, self.spec)

    def template(self, tokenizer: Any) -> Template | None:
        """What inference is to ask with; None: the model's own template, which it has."""
        own = self.spec.kind == "chat-template"
        return None if own else self.plugin.template(tokenizer, self.spec)


def formatter_of(spec: FormatterSpec) -> Formatter:
    """The formatter that a spec names."""
    return Formatter(discover("studio.datasets.formatters")[spec.kind], spec)
