"""What every setting of a training is called, what it does, and in what it is counted.

One table for the form under Details, the YAML of a plan, the Compare page and the command line.
"""

from __future__ import annotations

from typing import NamedTuple

from studio.language import _


class Words(NamedTuple):
    """``label`` in plain words with the field's own term, ``unit`` where a number has one."""

    label: str
    help: str
    unit: str = ""


SET_BY_THE_STUDIO = frozenset(
    {
        "kind", "name", "dataset", "model.source", "model.name", "formatter.kind",
        "formatter.template", "preset", "objective.kind", "extends", "foreseen_memory",
        "parent", "sweep",
    }
)  # fmt: skip
"""Fields that are asked for elsewhere or follow from what was asked: no place in the table."""

ONLY_FOR = {"packing": ("sft", "pretrain")}
"""Settings that mean nothing to the other objectives. Options of an objective are its own."""


def groups() -> dict[str, dict[str, Words]]:
    """The settings by group, in the order in which a writer should meet them."""
    return {
        _("Learning"): {**_learning(), **_objective()},
        _("Adapter"): {**_adapter(), **_forms()},
        _("Computing"): _computing(),
        _("Watching"): _watching(),
    }


def words() -> dict[str, Words]:
    """Every setting; a field within a field is named ``lora.rank``."""
    return {field: said for group in groups().values() for field, said in group.items()}


def label(field: str) -> str:
    """What a setting is called; the field itself where the studio sets it."""
    every = {**words(), **_asked_elsewhere()}
    whole = field.rpartition(".")[0]
    found = every.get(field) or every.get(whole)
    return found.label if found else field


def _asked_elsewhere() -> dict[str, Words]:
    way = Words(_("Way of learning (objective)"), "")
    return {
        "name": Words(_("Name of the voice"), ""),
        "dataset": Words(_("Dataset"), ""),
        "model.name": Words(_("Base model"), ""),
        "model.source": Words(_("Where the base model is from"), ""),
        "formatter.kind": Words(_("How turns are written (chat template)"), ""),
        "preset": Words(_("Suggestion it began with"), ""),
        "objective": way,
        "objective.kind": way,
    }


def _learning() -> dict[str, Words]:
    return {
        "learning_rate": Words(
            _("Learning rate"),
            _("How far each step moves the voice. Too high and it stumbles, too low and it "
              "hardly changes."),
        ),
        "epochs": Words(
            _("Readings of the text (epochs)"),
            _("How often every passage is read. More make the voice stronger, then it begins to "
              "recite."),
        ),
        "max_steps": Words(
            _("Stop after so many steps (max steps)"),
            _("Ends the lesson early. Empty: after the readings above."),
        ),
        "batch_size": Words(
            _("Passages at once (batch)"),
            _("Passages read side by side. More of them need more memory."),
        ),
        "accumulation": Words(
            _("Batches a step (accumulation)"),
            _("Batches that are read before the voice moves: a larger batch without the memory."),
        ),
        "max_length": Words(
            _("Longest example, tokens"),
            _("What is longer loses its beginning. Memory grows with it (max length)."),
        ),
        "packing": Words(
            _("Share rows (packing)"),
            _("Fills every row with several short examples: saves time on a graphics card."),
        ),
        "warmup_share": Words(
            _("Gentle start (warm-up share)"),
            _("Share of the steps in which the learning rate rises from nothing."),
            _("share of all steps"),
        ),
        "weight_decay": Words(
            _("Pull towards zero (weight decay)"),
            _("Keeps the numbers of the voice small. 0: off."),
        ),
        "neftune_alpha": Words(
            _("Noise while reading (NEFTune)"),
            _("A little noise on the words, against learning by heart; 5 is usual. Empty: off."),
        ),
        "seed": Words(
            _("Seed"), _("The same seed and settings give the same voice on the same machine.")
        ),
    }  # fmt: skip


def _objective() -> dict[str, Words]:
    return {
        "objective.beta": Words(
            _("Weight of the preference (beta)"),
            _("ORPO: how much the comparison counts beside the text itself. DPO and KTO: how "
              "closely the voice is held to the base model. SimPO and CPO: how sharp the "
              "comparison is."),
        ),
        "objective.loss": Words(
            _("How pairs are compared (preference loss)"),
            _("Sigmoid is usual; IPO and hinge are steadier where pairs contradict each other."),
        ),
        "objective.gamma": Words(
            _("Wanted distance (gamma)"),
            _("How much likelier your text is to become than the model's own."),
            _("nats a token, times beta"),
        ),
        "objective.desirable_weight": Words(
            _("Weight of wanted texts"), _("Raise it where there are few of them.")
        ),
        "objective.undesirable_weight": Words(
            _("Weight of unwanted texts"), _("Raise it where there are few of them.")
        ),
    }  # fmt: skip


def _adapter() -> dict[str, Words]:
    return {
        "lora.rank": Words(
            _("Size of the voice (LoRA rank)"),
            _("How much a voice can hold. 16 is enough for style; more needs more text."),
        ),
        "lora.alpha": Words(
            _("Strength (LoRA alpha)"),
            _("How strongly the voice speaks; usually twice its size."),
        ),
        "lora.dropout": Words(
            _("Dropout"),
            _("Share of the voice that is silent at each step, against learning by heart."),
            _("share"),
        ),
        "lora.target_modules": Words(
            _("Where the voice sits (target modules)"),
            _("all-linear, or ends of module names with commas between, as q_proj, v_proj."),
        ),
        "lora.layers": Words(
            _("Only these blocks (layers)"),
            _("Numbers of the model's blocks, counted from 0, with commas. Empty: all."),
        ),
        "lora.modules_to_save": Words(
            _("Learned whole (modules to save)"),
            _("Names of modules with commas. No adapter for llama.cpp can hold such a voice; the "
              "studio merges it into its base model."),
        ),
    }  # fmt: skip


def _forms() -> dict[str, Words]:
    return {
        "lora.rslora": Words(
            _("Scale by the root of the size (rsLoRA)"), _("Lets large sizes learn as steadily.")
        ),
        "lora.dora": Words(
            _("Strength and direction apart (DoRA)"),
            _("Slower; sometimes better at small sizes. For the desk the studio merges it into its "
              "base model."),
        ),
        "lora.start": Words(
            _("Where it begins (initialisation)"),
            _("From nothing is usual; PiSSA begins at the main directions of the weights and "
              "learns faster at first."),
        ),
        "lora.plus_ratio": Words(
            _("Faster second half (LoRA+ ratio)"),
            _("How much faster the B matrices learn than A; 16 is usual. Empty: alike."),
        ),
        "lora.rank_pattern": Words(
            _("Other sizes in places (rank pattern)"),
            _("Module and size, as q_proj=8, v_proj=32."),
        ),
        "lora.alpha_pattern": Words(
            _("Other strengths in places (alpha pattern)"),
            _("Module and strength, as q_proj=16."),
        ),
    }  # fmt: skip


def _computing() -> dict[str, Words]:
    return {
        "quantisation": Words(
            _("Weights of the base model in memory"),
            _("Compressed weights need a quarter (NF4) or half (int8) of the memory: QLoRA."),
        ),
        "compute.precision": Words(
            _("Precision of the sums"), _("The machine knows best; fp16 and bf16 need a GPU.")
        ),
        "compute.attention": Words(
            _("How words look at each other (attention)"),
            _("FlashAttention is fastest where it is installed, SDPA is everywhere."),
        ),
        "compute.loss": Words(
            _("How every next word is weighed (loss kernel)"),
            _("In pieces, or in Liger's kernel, needs far less memory for large vocabularies."),
        ),
        "compute.optimiser": Words(
            _("Optimiser"), _("With 8 bits it needs a quarter of the memory, on a GPU.")
        ),
        "compute.checkpointing": Words(
            _("Compute twice, keep less (gradient checkpointing)"),
            _("Needs far less memory and about a third more time."),
        ),
        "compute.compile": Words(
            _("Compile it first (torch.compile)"),
            _("Starts slowly, then steps are faster; for long lessons on a GPU."),
        ),
        "compute.processes": Words(
            _("Processes (GPUs at once)"),
            _("One for each graphics card that shall take part; each reads a batch of its own."),
        ),
        "compute.sharding": Words(
            _("How processes share the model"),
            _(
                "A whole model in each (DDP), or a share of its layers in each (FSDP), for models"
                " too large for one card."
            ),
        ),
    }


def _watching() -> dict[str, Words]:
    return {
        "evaluate_every": Words(
            _("Measure every … steps"),
            _("How often the chapters it has not read are read to it (evaluation)."),
        ),
        "held_out_passages": Words(
            _("Passages in a measure"),
            _("More are more exact and take longer."),
        ),
        "patience": Words(
            _("Patience"),
            _("The lesson ends when so many measures in a row were no better (early stopping)."),
            _("measures"),
        ),
        "save_every": Words(
            _("Save every … steps"),
            _("How often its state is saved (checkpoint) and a sample is written."),
        ),
        "keep_checkpoints": Words(
            _("Saved states to keep"), _("Older ones are deleted (checkpoint limit).")
        ),
        "samples": Words(
            _("Samples"), _("From how many of your chapter openings it writes on, to be heard.")
        ),
        "sample_tokens": Words(
            _("Length of a sample, tokens"),
            _("About three quarters of a word each."),
        ),
        "trackers": Words(
            _("Tell these trackers too"),
            _("TensorBoard writes files; W&B and trackio need their own set-up. None is needed."),
        ),
    }
