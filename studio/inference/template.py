"""The form in which a model is asked: its own template, or the one that a voice was taught with."""

from __future__ import annotations

from studio.domain.recipes import Template
from studio.errors import StudioError
from studio.inference.runtime import Runtime
from studio.language import _
from studio.models.forms import form
from studio.models.turns import Form

KEY = "tokenizer.chat_template"
NAMES = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}


def form_of(runtime: Runtime, template: Template | None = None) -> Form:
    """How this model is asked. A ``template`` brings the names of special tokens that it was
    taught with, and runs under guard unless it is the model's own.

    Raises:
        StudioError: there is no template, and the model has no chat template either.
    """
    own = runtime.head.facts.get(KEY)
    if template is not None:
        guarded = template.source != own
        return form(template.source, template.marks, runtime.marks, guarded=guarded)
    if not own:
        raise StudioError(
            _("The model {path} cannot be asked in turns.").format(path=runtime.head.path.name),
            _("Its file has no chat template, which says how turns are written."),
            _("Choose a model that was trained for chat, such as a Qwen or Llama Instruct."),
        )
    return form(str(own), _names(runtime), runtime.marks, guarded=False)


def _names(runtime: Runtime) -> dict[str, str]:
    facts = runtime.head.facts
    keys = {name: f"tokenizer.ggml.{key}_token_id" for name, key in NAMES.items()}
    return {name: runtime.name(facts[key]) for name, key in keys.items() if key in facts}
