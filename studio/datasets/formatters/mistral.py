"""Mistral Instruct: what is asked stands in brackets, a system turn at its head."""

from __future__ import annotations

from studio.datasets.formatting import Turns


class Mistral(Turns):
    kind = "mistral"
    label = "Mistral Instruct"
    marks = ("[INST]", "[/INST]")
    source = (
        "{{ bos_token }}"
        "{% set told = namespace(system='') %}"
        "{% for message in messages %}"
        "{% if message['role'] == 'system' %}"
        "{% set told.system = message['content'] + '\n\n' %}"
        "{% elif message['role'] == 'user' %}"
        "{{ '[INST] ' + told.system + message['content'] + '[/INST]' }}"
        "{% set told.system = '' %}"
        "{% else %}"
        "{% generation %}{{ ' ' + message['content'] | trim + eos_token }}{% endgeneration %}"
        "{% endif %}{% endfor %}"
    )


plugin = Mistral()
