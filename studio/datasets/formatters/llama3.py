"""Llama 3: a header with the speaker before every turn, a mark after it."""

from __future__ import annotations

from studio.datasets.formatting import Turns

HEADER = "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"


class Llama3(Turns):
    kind = "llama3"
    label = "Llama 3"
    marks = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    end = "<|eot_id|>"
    source = (
        "{{ bos_token }}{% for message in messages %}" + HEADER + ""
        "{% if message['role'] == 'assistant' %}"
        "{% generation %}{{ message['content'] | trim + '<|eot_id|>' }}{% endgeneration %}"
        "{% else %}{{ message['content'] | trim + '<|eot_id|>' }}{% endif %}"
        "{% endfor %}"
        "{% if add_generation_prompt %}"
        "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
    )


plugin = Llama3()
