"""ChatML: every turn between two marks, as OpenAI wrote it down and many models read it."""

from __future__ import annotations

from studio.datasets.formatting import Turns


class ChatMl(Turns):
    kind = "chatml"
    label = "ChatML"
    marks = ("<|im_start|>", "<|im_end|>")
    end = "<|im_end|>"
    source = (
        "{% for message in messages %}"
        "{{ '<|im_start|>' + message['role'] + '\n' }}"
        "{% if message['role'] == 'assistant' %}"
        "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
        "{% else %}{{ message['content'] + '<|im_end|>\n' }}{% endif %}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )


plugin = ChatMl()
