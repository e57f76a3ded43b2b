from __future__ import annotations

from studio.domain.voices import FormattedExample
from studio.ui.prose import Run, runs_of


def test_neighbouring_tokens_of_one_kind_become_one_run() -> None:
    example = FormattedExample(
        ids=(1, 2, 3, 4, 5),
        mask=(False, False, True, True, True),
        pieces=("<|im_start|>", "user", "The ", "sea", "<|im_end|>"),
    )
    assert runs_of(example) == [
        Run("<|im_start|>", "given marker"),
        Run("user", "given"),
        Run("The sea", "learned"),
        Run("<|im_end|>", "learned marker"),
    ]


def test_no_character_is_lost() -> None:
    pieces = ("<b>", "你", "好", "\n", "<|x|>")
    example = FormattedExample(ids=(1, 2, 3, 4, 5), mask=(True,) * 5, pieces=pieces)
    assert "".join(run.text for run in runs_of(example)) == "".join(pieces)
