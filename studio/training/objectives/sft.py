"""Supervised fine-tuning: learn to write the author's next passage after what came before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.domain.learning import SftSpec
from studio.errors import StudioError
from studio.language import _
from studio.training.examples import Row
from studio.training.packing import columns_of


@dataclass(frozen=True)
class Sft:
    kind: str = "sft"
    label: str = "Learn the author's next passage (supervised fine-tuning)"
    Spec: type[SftSpec] = SftSpec

    def check(self, rows: list[Row]) -> None:
        """Raises StudioError when there is nothing to learn from."""
        if not any(row.learned for row in rows):
            raise StudioError(
                _("The dataset has no passage that fits."),
                _("Every passage is longer than the longest one the training may read."),
                _("Raise the maximal length, or prepare the dataset with shorter passages."),
            )

    def run(
        self,
        model: Any,
        tokenizer: Any,
        rows: list[Row],
        arguments: dict[str, Any],
        callbacks: list[Any],
    ) -> Any:
        """A trl trainer for ``rows``, not started yet.

        The rows are handed over as ids and labels, and trl prepares nothing: what is learned
        is what the formatter built, to the token. Rows that were packed come packed: trl only
        sees to it that the examples in them do not read each other.
        """
        from datasets import Dataset
        from transformers import PrinterCallback
        from trl import SFTConfig, SFTTrainer

        config = SFTConfig(
            **arguments,
            max_length=None,
            packing=False,
            dataset_kwargs={"skip_prepare_dataset": True},
        )
        trainer = SFTTrainer(
            model=model,
            args=config,
            train_dataset=Dataset.from_dict(columns_of(rows)),
            processing_class=tokenizer,
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)
        return trainer


plugin = Sft()
