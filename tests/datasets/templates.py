"""Chat templates that write what those of the catalogue's families write, in words of our own.

``FAMILIES`` maps a name to a ``Family``: its template, the special tokens that the template is
written with, how it begins and ends a text, and where its turns end.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Family(NamedTuple):
    source: str
    tokens: tuple[str, ...]
    """Special tokens that the template is written with, its own names for begin and end too."""
    end: str
    """The token at which an answer ends."""
    eos: str
    bos: str | None = None
    plain: tuple[str, ...] = ()
    """Tokens that are added and are not special."""
    strips: tuple[str, ...] = ()
    """On which sides its special tokens take white space along."""


_CHATML_ASK = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"

QWEN25 = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\n"
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}"
    "{% endfor %}" + _CHATML_ASK
)

QWEN3 = (
    # Answers after the last question show what was thought, those before it do not.
    "{% set seen = namespace(question=messages | length - 1, found=false) %}"
    "{% for m in messages[::-1] %}"
    "{% if not seen.found and m.role == 'user' and not (m.content.startswith('<tool_response>')"
    " and m.content.endswith('</tool_response>')) %}"
    "{% set seen.found = true %}{% set seen.question = messages | length - 1 - loop.index0 %}"
    "{% endif %}{% endfor %}"
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% set parts = m.content.split('</think>') %}"
    "{% set thought = parts[0].rstrip('\n').split('<think>')[-1].lstrip('\n')"
    " if parts | length > 1 else '' %}"
    "{% set said = parts[-1].lstrip('\n') if parts | length > 1 else m.content %}"
    "{{ '<|im_start|>assistant\n' }}"
    "{% if loop.index0 > seen.question and (loop.last or thought) %}"
    "{{ '<think>\n' + thought.strip('\n') + '\n</think>\n\n' + said.lstrip('\n') }}"
    "{% else %}{{ said }}{% endif %}{{ '<|im_end|>\n' }}"
    "{% else %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)

DEEPSEEK_R1 = (
    "{% set all = namespace(told='') %}{% for m in messages if m.role == 'system' %}"
    "{% set all.told = all.told + m.content %}{% endfor %}{{ bos_token + all.told }}"
    "{% for m in messages %}{% if m.role == 'user' %}{{ '<｜User｜>' + m.content }}"
    "{% elif m.role == 'assistant' %}"
    "{{ '<｜Assistant｜>' + m.content.split('</think>')[-1] + '<｜end▁of▁sentence｜>' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\n' }}{% endif %}"
)

LLAMA3 = (
    "{{ bos_token }}{% set told = '' %}{% set turns = messages %}"
    "{% if messages[0].role == 'system' %}"
    "{% set told = messages[0].content | trim %}{% set turns = messages[1:] %}{% endif %}"
    "{% set day = strftime_now('%d %b %Y') if strftime_now is defined else '26 Jul 2024' %}"
    "{{ '<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n'"
    " + 'Today Date: ' + day + '\n\n' + told + '<|eot_id|>' }}"
    "{% for m in turns %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' +"
    " m.content | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
    "{% endif %}"
)

_MISTRAL = (
    "{% set turns = messages %}{% if messages[0].role == 'system' %}"
    "{% set told = messages[0].content %}{% set turns = messages[1:] %}{% endif %}"
    "{{ bos_token }}{% for m in turns %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('After the "
    "optional system message, conversation roles must alternate user/assistant/...') }}{% endif %}"
    "{% if m.role == 'user' %}{{ '[INST]GAP' }}"
    # The system turn is written only where the last question is the last turn.
    "{% if loop.last and told is defined %}{{ told + '\n\n' }}{% endif %}"
    "{{ m.content + '[/INST]' }}{% else %}{{ ANSWER + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL_V3 = _MISTRAL.replace("GAP", " ").replace("ANSWER", "' ' + m.content | trim")
MISTRAL_NEMO = _MISTRAL.replace("GAP", "").replace("ANSWER", "m.content")

MISTRAL_SMALL = (
    "{% set turns = messages %}{% if messages[0].role == 'system' %}"
    "{% set told = messages[0].content %}{% set turns = messages[1:] %}{% else %}"
    "{% set told = 'You are Mistral Small 3. Today is ' + strftime_now('%Y-%m-%d') + '.' %}"
    "{% endif %}{{ bos_token + '[SYSTEM_PROMPT]' + told + '[/SYSTEM_PROMPT]' }}"
    "{% for m in turns %}{% if m.role == 'user' %}{{ '[INST]' + m.content + '[/INST]' }}"
    "{% elif m.role == 'assistant' %}{{ m.content + eos_token }}"
    "{% else %}{{ raise_exception('Only user, system and assistant roles are supported!') }}"
    "{% endif %}{% endfor %}"
)

_GEMMA = (
    "{% for m in turns %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
    "'Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' +"
    " (told if loop.first else '') + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
GEMMA2 = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% set turns = messages %}{% set told = '' %}" + _GEMMA
)
GEMMA3 = (
    "{{ bos_token }}{% set turns = messages %}{% set told = '' %}"
    "{% if messages[0].role == 'system' %}{% set told = messages[0].content + '\n\n' %}"
    "{% set turns = messages[1:] %}{% endif %}" + _GEMMA
)

PHI35 = (
    "{% for m in messages %}{% if m.role in ('system', 'user', 'assistant') and m.content %}"
    "{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endif %}{% endfor %}"
    "{{ '<|assistant|>\n' if add_generation_prompt else eos_token }}"
)
PHI4_MINI = (
    "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}"
    "{{ '<|assistant|>' if add_generation_prompt else eos_token }}"
)
PHI4 = (
    "{% for m in messages %}"
    "{{ '<|im_start|>' + m.role + '<|im_sep|>' + m.content + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
)

YI15 = (
    "{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}"
    "{{ '<|im_start|>user\n' + m.content + '<|im_end|>\n<|im_start|>assistant\n' }}"
    "{% elif m.role == 'assistant' %}{{ m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}"
)

GLM4_0414 = (
    "[gMASK]<sop>{% for m in messages if m.role == 'system' %}{{ '<|system|>\n' + m.content }}"
    "{% endfor %}{% for m in messages if m.role != 'system' %}"
    "{{ '<|' + m.role + '|>\n' + m.content.split('</think>')[-1].strip() }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

FAMILIES: dict[str, Family] = {
    "qwen2.5": Family(
        QWEN25, ("<|im_start|>", "<|im_end|>", "<|endoftext|>"), "<|im_end|>", "<|im_end|>"
    ),
    "qwen3": Family(
        QWEN3,
        ("<|im_start|>", "<|im_end|>", "<|endoftext|>"),
        "<|im_end|>",
        "<|im_end|>",
        plain=("<think>", "</think>", "<tool_call>", "</tool_call>"),
    ),
    "deepseek-r1": Family(
        DEEPSEEK_R1,
        ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
        "<｜end▁of▁sentence｜>",
        "<｜end▁of▁sentence｜>",
        "<｜begin▁of▁sentence｜>",
        plain=("<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"),
    ),
    "llama3": Family(
        LLAMA3,
        ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        "<|eot_id|>",
        "<|eot_id|>",
        "<|begin_of_text|>",
    ),
    "mistral-v0.3": Family(MISTRAL_V3, ("<s>", "</s>", "[INST]", "[/INST]"), "</s>", "</s>", "<s>"),
    "mistral-nemo": Family(
        MISTRAL_NEMO, ("<s>", "</s>", "[INST]", "[/INST]"), "</s>", "</s>", "<s>"
    ),
    "mistral-small": Family(
        MISTRAL_SMALL,
        ("<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
        "</s>",
        "</s>",
        "<s>",
    ),
    "gemma2": Family(
        GEMMA2,
        ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
        "<end_of_turn>",
        "<eos>",
        "<bos>",
    ),
    "gemma3": Family(
        GEMMA3,
        ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
        "<end_of_turn>",
        "<eos>",
        "<bos>",
    ),
    "phi3.5": Family(
        PHI35,
        ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"),
        "<|end|>",
        "<|endoftext|>",
        strips=("rstrip",),
    ),
    "phi4-mini": Family(
        PHI4_MINI,
        ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"),
        "<|end|>",
        "<|endoftext|>",
        strips=("rstrip",),
    ),
    "phi4": Family(
        PHI4,
        ("<|im_start|>", "<|im_sep|>", "<|im_end|>", "<|endoftext|>"),
        "<|im_end|>",
        "<|im_end|>",
        strips=("lstrip", "rstrip"),
    ),
    "yi1.5": Family(
        YI15, ("<|im_start|>", "<|im_end|>", "<|endoftext|>"), "<|im_end|>", "<|im_end|>"
    ),
    "glm4-0414": Family(
        GLM4_0414,
        (
            "[gMASK]",
            "<sop>",
            "<|system|>",
            "<|user|>",
            "<|assistant|>",
            "<|observation|>",
            "<|endoftext|>",
        ),
        "<|user|>",
        "<|endoftext|>",
    ),
}

OF_MODEL = {
    "Qwen/Qwen2.5": "qwen2.5",
    "Qwen/Qwen3": "qwen3",
    "deepseek-ai/": "deepseek-r1",
    "meta-llama/": "llama3",
    "mistralai/Mistral-7B": "mistral-v0.3",
    "mistralai/Mistral-Nemo": "mistral-nemo",
    "mistralai/Mistral-Small": "mistral-small",
    "google/gemma-2": "gemma2",
    "google/gemma-3": "gemma3",
    "microsoft/Phi-3.5": "phi3.5",
    "microsoft/Phi-4-mini": "phi4-mini",
    "microsoft/phi-4": "phi4",
    "01-ai/": "yi1.5",
    "THUDM/GLM-4": "glm4-0414",
}
"""Which family a model of the catalogue is of, by how its id begins."""


def family_of(model: str) -> Family:
    """The family of a model of the catalogue."""
    (name,) = {name for begin, name in OF_MODEL.items() if model.startswith(begin)}
    return FAMILIES[name]


def dressed(tokenizer: Any, family: Family) -> Any:
    """A copy of the tokenizer with the family's tokens and template."""
    import copy

    from tokenizers import AddedToken

    other = copy.deepcopy(tokenizer)
    sides = dict.fromkeys(family.strips, True)
    other.add_tokens(
        [AddedToken(t, special=True, normalized=False, **sides) for t in family.tokens]
    )
    other.add_tokens(list(family.plain))
    names = {"eos_token": family.eos} | ({"bos_token": family.bos} if family.bos else {})
    other.add_special_tokens(names)
    other.chat_template = family.source
    return other
