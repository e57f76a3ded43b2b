"""The trainers of trl, which nothing else in the studio imports.

Rows are handed over as ids and labels, and what trl would do to a dataset is switched off: what
is learned is what the formatter built, to the token. trl's experimental modules change without
notice; when they do, this is the file to look at.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from studio.domain.learning import (
    CpoSpec,
    DpoSpec,
    KtoSpec,
    OrpoSpec,
    PretrainSpec,
    SftSpec,
    SimpoSpec,
)
from studio.training import ranks
from studio.training.batches import columns_of, mismatched, pairs, rated, side_by_side
from studio.training.examples import IGNORED, Row


class Given(NamedTuple):
    """What every trainer is made from; ``arguments`` are those that all of them share."""

    model: Any
    tokenizer: Any
    rows: list[Row]
    arguments: dict[str, Any]
    callbacks: list[Any]


def sft(_spec: SftSpec | PretrainSpec, given: Given) -> Any:
    """Every labelled token is learned. Rows that were packed come packed: trl only sees to it
    that the examples in them do not read each other."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(
        **given.arguments,
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    return _made(SFTTrainer, config, given, Dataset.from_dict(columns_of(given.rows)))


def dpo(spec: DpoSpec, given: Given) -> Any:
    """Its reference is the same model with the adapter switched off (see ``_referring``)."""
    from trl import DPOConfig, DPOTrainer

    class Trainer(_evenly(DPOTrainer)):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_rest: Any) -> Any:
            return dataset

        @staticmethod
        def texts_of(batch: dict[str, Any]) -> int:
            return len(batch["input_ids"])

    config = DPOConfig(
        **given.arguments,
        max_length=None,
        beta=spec.beta,
        loss_type=[spec.loss],
        disable_dropout=False,
        remove_unused_columns=False,
    )
    collate = side_by_side(given.tokenizer.pad_token_id)
    return _referring(_made(Trainer, config, given, pairs(given.rows), collate))


def kto(spec: KtoSpec, given: Given) -> Any:
    """A batch is counted in rows, of which a pair has two texts. trl pairs each prompt with a
    neighbour's text once for all, and so wants a fixed order and two texts in a batch; here they
    are paired in each batch as it comes, or with a text of another row, and the order is drawn
    anew in every pass."""
    from trl import KTOConfig, KTOTrainer

    class Trainer(_evenly(KTOTrainer)):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_rest: Any) -> Any:
            return dataset

        @staticmethod
        def texts_of(batch: dict[str, Any]) -> int:
            return len(batch["label"])

    batch = given.arguments["per_device_train_batch_size"]
    config = KTOConfig(
        **(given.arguments | {"per_device_train_batch_size": max(2, batch)}),
        max_length=None,
        beta=spec.beta,
        desirable_weight=spec.desirable_weight,
        undesirable_weight=spec.undesirable_weight,
        disable_dropout=False,
        remove_unused_columns=False,
    )
    collate = mismatched(given.tokenizer.pad_token_id)
    trainer = _made(Trainer, config, given, rated(given.rows), collate)
    trainer.args.train_sampling_strategy = "random"
    trainer.args.per_device_train_batch_size = trainer._train_batch_size = batch
    return _referring(trainer)


def orpo(spec: OrpoSpec, given: Given) -> Any:
    """trl learns the prompt of the chosen text as well; here it is the text alone, as in the
    paper (Hong et al. 2024, equation 2)."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    return _contrasting(
        _counting(ORPOTrainer, mean_of_text=True), ORPOConfig, given, beta=spec.beta
    )


def cpo(spec: CpoSpec, given: Given) -> Any:
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.cpo import CPOConfig, CPOTrainer

    options = {"beta": spec.beta, "loss_type": spec.loss}
    return _contrasting(
        _counting(CPOTrainer, mean_of_text=spec.loss == "ipo"), CPOConfig, given, **options
    )


def simpo(spec: SimpoSpec, given: Given) -> Any:
    """CPO without its likelihood term, on the mean of a text's log probabilities."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.cpo import CPOConfig, CPOTrainer

    options = {
        "beta": spec.beta,
        "loss_type": "simpo",
        "simpo_gamma": spec.gamma,
        "cpo_alpha": 0.0,
    }
    return _contrasting(_counting(CPOTrainer, mean_of_text=True), CPOConfig, given, **options)


def best_fit(columns: dict[str, list[list[int]]], length: int) -> Any:
    """Rows put together into rows of at most ``length`` places, with ``seq_lengths``; one longer
    than that is cut."""
    from datasets import Dataset, disable_progress_bars
    from trl import pack_dataset

    disable_progress_bars()
    # All rows in one batch: trl packs each batch of a map by itself.
    return pack_dataset(Dataset.from_dict(columns), length, "bfd_split", {"batch_size": None})


def fused_answer(log_probs: Any, mask: Any, entropy: Any, right: Any) -> Any:
    """What a model answers to ``fused_lm_head=True``, from the log-probability of every label."""
    from trl.trainer.utils import FusedCausalLMOutput

    return FusedCausalLMOutput(
        loss=-log_probs.sum() / mask.sum().clamp(min=1),
        log_probs=log_probs,
        entropy=entropy,
        is_top1=right,
        label_mask=mask,
    )


def fuse_head(model: Any) -> None:
    """Let ``model`` work out its loss in pieces, as trl's trainers do, when it is called with
    ``fused_lm_head=True``."""
    from trl.trainer.utils import add_fused_lm_head

    add_fused_lm_head(model)


def _contrasting(trainer: Any, config: Any, given: Given, **options: Any) -> Any:
    longest = max(len(text.input_ids) for row in given.rows for text in row.texts)
    options |= {"max_length": longest, "disable_dropout": False, "remove_unused_columns": False}
    return _made(trainer, config(**given.arguments, **options), given, pairs(given.rows))


def _made(trainer: Any, config: Any, given: Given, dataset: Any, collate: Any = None) -> Any:
    from transformers import PrinterCallback

    # With several cards in sight, transformers would cut each batch among them (DataParallel).
    config._n_gpu = min(1, config.n_gpu)
    made = trainer(
        model=given.model,
        args=config,
        train_dataset=dataset,
        processing_class=given.tokenizer,
        callbacks=given.callbacks,
        data_collator=collate,
    )
    made.remove_callback(PrinterCallback)
    return made


def _evenly(trainer: Any) -> Any:
    """trl's trainer, in which every text of a step weighs the same, however the step is split
    into batches. trl takes the mean of each batch and transformers the mean of these, so that
    a text in a batch that is not full would weigh more.

    ``texts_of`` a batch is what its loss is the mean of; ``step_texts`` and ``step_tokens`` (of
    the chosen texts) are sums over all batches of the step, in all processes.
    """

    class Evenly(trainer):  # type: ignore[misc]
        step_texts = step_tokens = step_batches = 0

        @staticmethod
        def tokens_of(_batch: dict[str, Any]) -> int:
            return 0

        def get_batch_samples(self, *given: Any, **named: Any) -> Any:
            found = super().get_batch_samples(*given, **named)
            texts = sum(self.texts_of(batch) for batch in found[0])
            tokens = sum(self.tokens_of(batch) for batch in found[0])
            everywhere = ranks.each((texts, tokens, len(found[0])))
            self.step_texts, self.step_tokens, self.step_batches = map(
                sum, zip(*everywhere, strict=True)
            )
            return found

        def compute_loss(self, model: Any, inputs: dict[str, Any], *a: Any, **k: Any) -> Any:
            share = self.texts_of(inputs) * self.step_batches / self.step_texts
            return super().compute_loss(model, inputs, *a, **k) * share

    return Evenly


def _counting(trainer: Any, mean_of_text: bool) -> Any:
    """trl's experimental trainer, with rows left as they are, and the tokens it read counted.

    The likelihood of the chosen texts, which ORPO and CPO add, is the mean over all tokens of
    the step; trl's own is one of each batch, which weighs a short text more the smaller the
    batches are. ``mean_of_text`` says whether texts are compared by the mean of their tokens'
    log-probabilities, or by the sum.
    """

    class Counting(_evenly(trainer)):  # type: ignore[misc]
        tokens_read = 0

        @staticmethod
        def tokenize_row(row: dict[str, Any], model: Any = None) -> dict[str, Any]:
            return row

        @staticmethod
        def texts_of(batch: dict[str, Any]) -> int:
            return len(batch["chosen_labels"])

        @staticmethod
        def tokens_of(batch: dict[str, Any]) -> int:
            return int((batch["chosen_labels"][:, 1:] != IGNORED).sum())

        def concatenated_forward(self, model: Any, batch: dict[str, Any]) -> Any:
            both = self.concatenated_inputs(
                batch,
                padding_value=self.processing_class.pad_token_id,
                device=self.accelerator.device,
            )
            routed = {"output_router_logits": True} if self.aux_loss_enabled else {}
            answer = model(
                both["concatenated_input_ids"],
                attention_mask=both["concatenated_attention_mask"],
                use_cache=False,
                **routed,
            )
            logits, labels = answer.logits, both["concatenated_labels"]
            sums = self.get_batch_logps(logits, labels, average_log_prob=False)
            tokens = (labels[:, 1:] != IGNORED).sum(dim=1)
            half = len(sums) // 2
            # ``compute_loss`` takes the share of the batch's texts in those of the step.
            texts = self.step_texts / half
            loss = -sums[:half].sum() * texts / self.step_tokens
            found = sums / tokens if mean_of_text else sums
            parts = (found[:half], found[half:], logits[:half], logits[half:], loss)
            return (*parts, answer.aux_loss) if routed else parts

        def compute_loss(self, model: Any, inputs: dict[str, Any], *a: Any, **k: Any) -> Any:
            masks = (inputs["chosen_attention_mask"], inputs["rejected_attention_mask"])
            self.tokens_read += sum(int(mask.sum()) for mask in masks)
            return super().compute_loss(model, inputs, *a, **k)

        def log(self, logs: dict[str, float], *rest: Any, **named: Any) -> None:
            read = sum(ranks.each(self.tokens_read))
            super().log(logs | {"num_tokens": read}, *rest, **named)

    return Counting


def _referring(trainer: Any) -> Any:
    """trl copies the adapter as the reference it compares with. A new adapter changes nothing
    yet, so that switching it off gives the same, and the copy goes; unless the base itself was
    changed to make room for the adapter (PiSSA)."""
    from studio.training.model import changes_base

    if not changes_base(trainer.model):
        trainer.model.delete_adapter("ref")
    return trainer
