"""A Jinja template of one's own, held within time and length."""

from __future__ import annotations

from typing import Any

from studio.datasets.example import Messages
from studio.datasets.formatting import Turns, special_tokens
from studio.domain.recipes import CustomFormat, FormatterSpec, Template
from studio.errors import StudioError
from studio.language import _
from studio.models.guarded import GUARD, broken
from studio.models.templates import Rendered

ASKED = {"role": "user", "content": "What came in on the tide?"}
TOLD = {"role": "assistant", "content": "Nothing that anybody spoke of."}


class Custom(Turns):
    kind = "custom"
    label = "A template of your own (Jinja)"
    Spec = CustomFormat

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
            StudioError: the template is broken or endless, leaves the answer out, or does
                not ask in the words that a whole conversation begins with.
        """
        whole = self.run(tokenizer, [ASKED, TOLD], spec=spec)
        asked = self.run(tokenizer, [ASKED], add_generation_prompt=True, spec=spec)
        learned = [i for i, m in zip(whole.ids, whole.mask, strict=True) if m]
        if TOLD["content"] not in tokenizer.decode(learned):
            raise StudioError(
                _("The template leaves the answer out."),
                _("What a model would learn of a short conversation does not hold its answer."),
                _("Put {% generation %}…{% endgeneration %} around the assistant's content."),
            )
        if whole.ids[: len(asked.ids)] != asked.ids or whole.mask[len(asked.ids)] is not True:
            raise StudioError(
                _("The template asks in other words than it teaches."),
                _("With add_generation_prompt it must write just what stands before the answer."),
                _("Correct what it writes when add_generation_prompt is set."),
            )
        if learned[-1] in tokenizer.all_special_ids:
            return ()
        return (_("Nothing in the template ends the answer: the model will not learn to stop."),)

    def _render(
        self, tokenizer: Any, messages: Messages, asking: bool, spec: FormatterSpec | None
    ) -> Rendered:
        template = self.template(tokenizer, spec)
        return GUARD.render(template.source, messages, template.marks, asking=asking)


plugin = Custom()
