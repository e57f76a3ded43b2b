"""No format at all: the turns' texts one after another, and the model's end of text."""

from __future__ import annotations

from studio.datasets.formatting import Turns


class Raw(Turns):
    kind = "raw"
    label = "Raw text"
    source = (
        "{{ bos_token }}{% for message in messages %}"
        "{% if message['role'] == 'assistant' %}"
        "{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}"
        "{% else %}{{ message['content'] + '\n\n' }}{% endif %}"
        "{% endfor %}"
    )


plugin = Raw()
