"""A Jinja template of one's own, held within time and length."""

from __future__ import annotations

from typing import Any

from studio.datasets.formatting import Turns, special_tokens
from studio.domain.recipes import CustomFormat, FormatterSpec, Template
from studio.errors import StudioError
from studio.language import _
from studio.models.guarded import broken
from studio.models.turns import ASKED, TOLD


class Custom(Turns):
    kind = "custom"
    label = "A template of your own (Jinja)"
    Spec = CustomFormat
    guarded = True

    def template(self, tokenizer: Any, spec: FormatterSpec | None = None) -> Template:
        """The template that the spec holds.

        Raises:
            StudioError: it holds none.
        """
        if not isinstance(spec, CustomFormat):
            raise broken(_("there is none"))
        return Template(source=spec.template, marks=special_tokens(tokenizer))

    def check(self, tokenizer: Any, spec: FormatterSpec | None = None) -> tuple[str, ...]:
        """Writes a short conversation with it.

        Raises:
            StudioError: the template is broken or endless, leaves the answer out, ends it with
                nothing, or does not ask in the words that a whole conversation begins with.
        """
        form = self.form(tokenizer, spec)
        form.told([ASKED, TOLD])
        if not form.asks_as_it_begins:
            raise StudioError(
                _("The template asks in other words than it teaches."),
                _("With add_generation_prompt it must write just what stands before the answer."),
                _("Correct what it writes when add_generation_prompt is set."),
            )
        return ()


plugin = Custom()
