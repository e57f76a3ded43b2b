"""What a job is asked to do. Frozen, complete, and the same on every machine.

An input that another job will make is written ``job:<job id>/<name>``, where name is a key
of that job's result; it is replaced by the artifact's id before the job is queued.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from studio.domain.base import ArtifactRef, Language, Model, Spec
from studio.domain.exports import Shape
from studio.domain.learning import Compute, LoraSpec, ObjectiveSpec, SftSpec
from studio.domain.manuscripts import Decisions
from studio.domain.merges import MeasureSpec, MergeSpec
from studio.domain.naming import Name
from studio.domain.recipes import Format, FormatterSpec, PrepareSpec, ReviseSpec
from studio.domain.writers import LocalWriter
from studio.domain.writing import WriteSpec


class NamedFile(Spec):
    """A file as it was brought in: its name, and the artifact that holds it as ``original``."""

    name: str = Field(min_length=1)
    artifact: ArtifactRef


class ImportSpec(Spec):
    """Read files as manuscripts. Its result has ``manuscripts``, a list of artifact ids, and
    ``refused``, what was wrong with each of the other files."""

    kind: Literal["import"] = "import"
    files: tuple[NamedFile, ...] = Field(min_length=1)
    notes: tuple[str, ...] = ()
    """What was left out before any file was read."""
    footnotes: bool = False
    """Keep foot- and endnotes, where the format has them."""
    decisions: Decisions = Decisions()
    """What to put back, or take out, of what cleaning found; for a single file."""
    family: str | None = None
    """The manuscript that this is a new version of; for a single file."""


class TrainSpec(Spec):
    """Train a LoRA adapter. Its result has ``adapter``, an artifact id, and the figures."""

    kind: Literal["train"] = "train"
    name: Name
    dataset: ArtifactRef
    model: Model = Model()
    objective: ObjectiveSpec = SftSpec()
    formatter: FormatterSpec = Format()
    preset: str = "taste"
    lora: LoraSpec = LoraSpec()
    quantisation: Literal["none", "nf4", "int8"] = "none"
    learning_rate: float = Field(2e-3, gt=0, le=1)
    batch_size: int = Field(8, ge=1)
    accumulation: int = Field(1, ge=1)
    packing: bool = False
    """Put short examples together in one row, cut nowhere but where a row is full."""
    epochs: float = Field(3.0, gt=0)
    max_steps: int | None = Field(None, ge=1)
    warmup_share: float = Field(0.05, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0, le=1)
    neftune_alpha: float | None = Field(None, gt=0, le=100)
    """Noise on the embeddings while learning (Jain et al. 2023)."""
    compute: Compute = Compute()
    trackers: tuple[Literal["tensorboard", "wandb", "trackio"], ...] = ()
    max_length: int = Field(512, ge=16)
    evaluate_every: int = Field(20, ge=1)
    save_every: int = Field(20, ge=1)
    keep_checkpoints: int = Field(2, ge=1)
    patience: int = Field(4, ge=1)
    """Held-out measures without improvement after which the training ends early."""
    held_out_passages: int = Field(64, ge=1)
    """Most held-out passages that are measured, spread evenly over all there are."""
    sample_tokens: int = Field(80, ge=0, le=1024)
    samples: int = Field(2, ge=0, le=8)
    seed: int = 20
    extends: ArtifactRef | None = None
    """The checkpoint that an earlier training ended with, to learn on from."""
    parent: ArtifactRef | None = None
    """The adapter that the extended training made."""
    sweep: str | None = None
    """What the runs of one sweep have in common."""
    foreseen_memory: int | None = Field(None, ge=1)
    """Bytes that preflight reckoned at the start; the run stores it beside what it took."""


class ProbeSpec(Spec):
    """Try a training out: two steps on its longest examples, of which nothing is kept. Its
    result has ``fits``, ``device``, ``peak_memory`` (bytes), ``seconds_a_step`` and
    ``tokens_a_second`` (None where it does not fit)."""

    kind: Literal["probe"] = "probe"
    training: TrainSpec

    @classmethod
    def of(cls, training: TrainSpec) -> ProbeSpec:
        """With what decides memory and pace; all the rest is the same in every probe, so that
        one measures for all trainings that differ in nothing else."""
        kept = {name: getattr(training, name) for name in MEASURED}
        return cls(training=TrainSpec(name="", learning_rate=1e-6, samples=0, **kept))


MEASURED = (
    "dataset",
    "model",
    "objective",
    "formatter",
    "lora",
    "quantisation",
    "batch_size",
    "accumulation",
    "packing",
    "neftune_alpha",
    "compute",
    "max_length",
    "held_out_passages",
)
"""The fields of a training that its memory and its pace depend on."""


class ConvertSpec(Spec):
    """Convert a base model, or an adapter of it, to GGUF. Its result has ``gguf``."""

    kind: Literal["convert"] = "convert"
    name: str
    converter: Literal["base-gguf", "adapter-gguf"]
    model: Model = Model()
    adapter: ArtifactRef | None = None
    quantisation: Literal["F32", "F16", "Q8_0", "Q5_K_M", "Q4_K_M"] = "F16"
    kept: ArtifactRef | None = None
    """An earlier conversion of the base model: the result, if it was made of the same files."""


class RegisterSpec(Spec):
    """Prove that llama.cpp agrees with transformers + peft, which hold ``model`` and ``adapter``,
    on held-out text, and put the voice on the desk's shelf. Its result has ``max_abs_logit_diff``
    (logits) and ``top1_agreement`` (share of positions)."""

    kind: Literal["register"] = "register"
    name: str
    model: Model = Model()
    dataset: ArtifactRef | None = None
    """What the voice was taught with; None where that is not known: then both are held against
    each other on the sample story that ships in ``language``."""
    language: Language = "en"
    adapter: ArtifactRef
    gguf_base: ArtifactRef
    gguf_adapter: ArtifactRef | None = None
    """None where the voice is in ``gguf_base`` itself."""
    positions: int = Field(512, ge=16)


class DownloadSpec(Spec):
    """Fetch a model from the Hub. Its result has ``model``, an artifact id."""

    kind: Literal["download"] = "download"
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = "main"


class AdoptSpec(Spec):
    """Take in a voice from elsewhere, in peft's form. Its result has ``adapter``."""

    kind: Literal["adopt"] = "adopt"
    name: Name
    as_told: bool = False
    """Call it as its lineage does, where that gives a name."""
    files: ArtifactRef | None = None
    """A folder with the adapter's files ..."""
    source: DownloadSpec | None = None
    """... or where on the Hub they are."""
    bases: tuple[Model, ...] = Field(min_length=1)
    """The base models that it may belong to. A single one is taken at its word; of several,
    the one that the adapter names."""
    language: Language | None = None
    """What it writes; None: as its lineage says, else English."""

    @model_validator(mode="after")
    def _one_source(self) -> AdoptSpec:
        if (self.files is None) == (self.source is None):
            raise ValueError("Name either files or a source on the Hub.")
        return self


class TextSample(Spec):
    """A text that a voice wrote, and what it was asked with."""

    prompt: str
    text: str


class PublishSpec(Spec):
    """Put a dataset or a voice on the Hub. Its result has ``address``, ``commit`` and
    ``changed`` (whether anything was not there already)."""

    kind: Literal["publish"] = "publish"
    what: Literal["dataset", "adapter"]
    artifact: ArtifactRef
    name: Name
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    private: bool = True
    shape: Shape = "messages"
    """Of a dataset's rows."""
    licence: str | None = None
    """Of a voice's base model, where it is known."""
    samples: tuple[TextSample, ...] = ()
    """What the writer lets everyone read of a voice."""


AnySpec = Annotated[
    ImportSpec
    | PrepareSpec
    | ReviseSpec
    | TrainSpec
    | ProbeSpec
    | ConvertSpec
    | RegisterSpec
    | DownloadSpec
    | AdoptSpec
    | PublishSpec
    | MergeSpec
    | MeasureSpec
    | WriteSpec,
    Field(discriminator="kind"),
]
SPEC: TypeAdapter[Any] = TypeAdapter(AnySpec)

LIGHT = {"import", "download", "adopt", "publish"}
"""Kinds of jobs that need none of the libraries a worker loads beforehand."""
CONVERT = "convert"
"""The queue of what needs llama.cpp's converters and library: served once they are there."""
_QUEUES: dict[str, str] = {
    "import": "cpu",
    "prepare": "cpu",
    "revise": "cpu",
    "convert": CONVERT,
    "register": CONVERT,
    "download": "cpu",
    "adopt": "cpu",
    "publish": "cpu",
    "merge": "train",
    "train": "train",
    "probe": "train",
    "measure": "train",
}


def queue_of(spec: AnySpec) -> str:
    """The queue that serves a job: long work with a model on this machine waits with the
    trainings, short work is never held up by it."""
    if isinstance(spec, WriteSpec):
        return f"write-{spec.backend}"
    if isinstance(spec, PrepareSpec) and isinstance(spec.builder.asks, LocalWriter):
        return "train"
    if isinstance(spec, MergeSpec) and spec.small:
        return "cpu"
    return _QUEUES[spec.kind]
