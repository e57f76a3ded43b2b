"""The model's own chat template."""

from __future__ import annotations

from typing import Any

from studio.datasets.formatting import Turns, special_tokens
from studio.domain.recipes import FormatterSpec, Template
from studio.errors import StudioError
from studio.language import _


class ChatTemplate(Turns):
    kind = "chat-template"
    label = "The model's chat template"

    def template(self, tokenizer: Any, spec: FormatterSpec | None = None) -> Template:
        """The template that came with the model.

        Raises:
            StudioError: the model has no chat template.
        """
        _check_there(tokenizer)
        return Template(source=tokenizer.get_chat_template(), marks=special_tokens(tokenizer))

    def check(self, tokenizer: Any, spec: FormatterSpec | None = None) -> tuple[str, ...]:
        """Raises StudioError when the model has no chat template, or one that ends no answer."""
        self.form(tokenizer, spec).check()
        return ()


def _check_there(tokenizer: Any) -> None:
    if tokenizer.chat_template:
        return
    raise StudioError(
        _("The model “{name}” has no chat template.").format(name=tokenizer.name_or_path or "?"),
        _(
            "It is a plain base model that was never taught to answer, so that nothing "
            "says where a request ends and the story begins."
        ),
        _(
            "Choose the “instruct” or “chat” edition of the model, add a "
            "chat_template.jinja to its folder, or choose the Alpaca or raw format."
        ),
    )


plugin = ChatTemplate()
