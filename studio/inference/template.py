"""Chat turns become one text by the model's own template, or by the one a voice was taught with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studio.domain.recipes import Template
from studio.errors import StudioError
from studio.inference.gguf import Head
from studio.language import _
from studio.models import templates
from studio.models.guarded import GUARD

KEY = "tokenizer.chat_template"


def render(
    head: Head,
    messages: Sequence[Mapping[str, str]],
    marks: Mapping[str, str],
    *,
    asking: bool = True,
    template: Template | None = None,
) -> str:
    """The text of the turns; when ``asking``, the beginning of the assistant's turn follows.

    ``marks`` are the names of the model's special tokens (``bos_token``, ``eos_token``); a
    ``template`` brings those it was taught with, and runs under guard.

    Raises:
        StudioError: the model has no chat template, or the template refuses these turns.
    """
    if template is not None:
        return GUARD.render(template.source, messages, template.marks, asking=asking).text
    source = head.facts.get(KEY)
    if not source:
        raise StudioError(
            _("The model {path} cannot be asked in turns.").format(path=head.path.name),
            _("Its file has no chat template, which says how turns are written."),
            _("Choose a model that was trained for chat, such as a Qwen or Llama Instruct."),
        )
    try:
        return templates.render(str(source), messages, marks, asking=asking).text
    except templates.REFUSALS as error:
        raise StudioError(
            _("The model {path} does not take these turns.").format(path=head.path.name),
            _("Its chat template says: {why}").format(why=error),
            _("Leave out the system turn, or let the turns of user and assistant alternate."),
        ) from error
