"""A base model that writes on this machine, on its GPU where it has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from studio.datasets.answers import without_thoughts
from studio.datasets.tools import Question, Usage
from studio.domain.workroom import Stopped, Workroom
from studio.domain.writers import LocalWriter
from studio.models.loading import best_device, load_model
from studio.models.source import folder_of, load_tokenizer, validate

AT_ONCE = {"cpu": 8, "cuda": 32}
"""Answers that are written together."""
TOP_P = 0.95


class Local:
    """Writes with transformers. The same question gets the same answer whatever is asked
    beside it, as far as the arithmetic of the machine allows: each draws from its own seed."""

    def __init__(self, spec: LocalWriter, room: Workroom, formatter: Any) -> None:
        self.usage = Usage()
        self._spec = spec
        self._room = room
        self._formatter = formatter

    def write(self, questions: Sequence[Question]) -> Iterator[Mapping[int, str]]:
        """Answers in groups that were written together.

        Raises:
            StudioError: the model cannot be loaded, or has no template to be asked by.
            Stopped: on request; the group that was being written is lost.
        """
        self._formatter.check(self._tokenizer)
        size = AT_ONCE[self._model.device.type]
        for first in range(0, len(questions), size):
            group = questions[first : first + size]
            yield dict(enumerate(self._answers(group), first))

    @cached_property
    def _folder(self) -> Path:
        return folder_of(self._spec.model, self._room.fetch)

    @cached_property
    def _tokenizer(self) -> Any:
        return load_tokenizer(self._folder)

    @cached_property
    def _model(self) -> Any:
        return load_model(self._folder, device=best_device())

    @cached_property
    def _longest(self) -> int:
        return validate(self._folder).context_length

    def _answers(self, questions: Sequence[Question]) -> list[str]:
        """One answer each; none is longer than its question allows."""
        import torch

        prompts = [self._prompt(question) for question in questions]
        ids, shown = _left_padded(prompts, self._tokenizer.pad_token_id, self._model.device)
        written = self._generated(ids, shown, questions)
        if self._room.stopped():
            raise Stopped({})
        fresh = [row[: q.max_tokens] for row, q in zip(written, questions, strict=True)]
        self.usage += Usage(
            len(questions),
            sum(map(len, prompts)),
            sum(int(torch.sum(row != self._tokenizer.pad_token_id)) for row in fresh),
        )
        said = (self._tokenizer.decode(row, skip_special_tokens=True) for row in fresh)
        return [without_thoughts(text) for text in said]

    def _prompt(self, question: Question) -> list[int]:
        """The end of the prompt, where the model cannot take the whole with the answer."""
        shown = self._formatter.asked(self._tokenizer, question.messages, untaught=True)
        return list(shown.ids)[-max(1, self._longest - question.max_tokens) :]

    def _generated(self, ids: Any, shown: Any, questions: Sequence[Question]) -> Any:
        import torch
        from transformers import GenerationConfig

        with torch.no_grad():
            rows = self._model.generate(
                input_ids=ids,
                attention_mask=shown,
                generation_config=GenerationConfig(
                    max_new_tokens=max(question.max_tokens for question in questions),
                    do_sample=False,
                    pad_token_id=self._tokenizer.pad_token_id,
                    eos_token_id=_ends(self._model, self._tokenizer),
                ),
                logits_processor=self._choosing(questions),
                stopping_criteria=_on_request(self._room.stopped),
            )
        return rows[:, ids.shape[1] :]

    def _choosing(self, questions: Sequence[Question]) -> Any:
        """Draws by the Gumbel-max rule (Gumbel 1954): the most likely token after noise of its
        own was added to each is a draw from their distribution. So each row of a batch has a
        seed to itself."""
        from transformers import (
            LogitsProcessorList,
            TemperatureLogitsWarper,
            TopPLogitsWarper,
        )

        if self._spec.temperature == 0:
            return LogitsProcessorList()
        seeds = [
            int.from_bytes(question.digest(str(self._spec.seed))[:7]) for question in questions
        ]
        return LogitsProcessorList(
            [
                TemperatureLogitsWarper(self._spec.temperature),
                TopPLogitsWarper(TOP_P),
                _noise(seeds, self._model.device),
            ]
        )


def _noise(seeds: Sequence[int], device: Any) -> Callable[[Any, Any], Any]:
    import torch

    sources = [torch.Generator(device=device).manual_seed(seed) for seed in seeds]

    def add(_ids: Any, scores: Any) -> Any:
        uniform = torch.stack(
            [
                torch.rand(scores.shape[1], generator=source, device=device, dtype=torch.float64)
                for source in sources
            ]
        )
        return scores.double() - torch.log(-torch.log(uniform.clamp(1e-300, 1 - 1e-16)))

    return add


def _left_padded(prompts: Sequence[Sequence[int]], pad: int, device: Any) -> tuple[Any, Any]:
    """Ids of one width, and which of them are text."""
    import torch

    width = max(map(len, prompts))
    gaps = [width - len(prompt) for prompt in prompts]
    ids = [[pad] * gap + list(prompt) for gap, prompt in zip(gaps, prompts, strict=True)]
    shown = [[0] * gap + [1] * (width - gap) for gap in gaps]
    return torch.tensor(ids, device=device), torch.tensor(shown, device=device)


def _ends(model: Any, tokenizer: Any) -> list[int]:
    own = model.generation_config.eos_token_id
    ends = own if isinstance(own, list) else [own]
    return sorted({end for end in (*ends, tokenizer.eos_token_id) if end is not None})


def _on_request(stopped: Callable[[], bool]) -> Any:
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class OnRequest(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, ids: Any, scores: Any, **_rest: Any) -> Any:
            return torch.full((ids.shape[0],), stopped(), dtype=torch.bool, device=ids.device)

    return StoppingCriteriaList([OnRequest()])
