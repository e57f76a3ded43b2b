"""Alpaca: plain headings instead of marks, for base models that know no turns."""

from __future__ import annotations

from studio.datasets.formatting import Turns

PREAMBLE = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)


class Alpaca(Turns):
    kind = "alpaca"
    label = "Alpaca"
    source = (
        "{{ bos_token }}"
        "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] + '\n\n' }}"
        "{% else %}{{ '" + PREAMBLE + "\n\n' }}{% endif %}"
        "{% for message in messages %}"
        "{% if message['role'] == 'user' %}"
        "{{ '### Instruction:\n' + message['content'] + '\n\n### Response:\n' }}"
        "{% elif message['role'] == 'assistant' %}"
        "{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}{{ '\n\n' }}"
        "{% endif %}{% endfor %}"
    )


plugin = Alpaca()
