"""Qwen 2.5: ChatML that begins with a system turn of its own where there is none."""

from __future__ import annotations

from studio.datasets.formatters.chatml import ChatMl


class Qwen(ChatMl):
    kind = "qwen"
    label = "Qwen 2.5"
    source = (
        "{% if messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. "
        "You are a helpful assistant.<|im_end|>\n' }}{% endif %}" + ChatMl.source
    )


plugin = Qwen()
