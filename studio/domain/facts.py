"""What preflight and the presets go by: the dataset, the model and the machine in numbers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from studio.domain.base import Language
from studio.domain.jobs import Failure
from studio.domain.models import ModelFacts
from studio.domain.specs import ProbeSpec, TrainSpec


class Known(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class DatasetFacts(Known):
    """``train`` and ``validation`` count passages; lengths are in tokens, formatted."""

    train: int
    validation: int
    tokens: int
    """Of one pass over the training passages."""
    longest: int
    """The longest passage with what comes before it."""
    language: Language | None = None
    form: str = "completion"
    """What an example is: completion, preference (chosen and rejected), rated, text."""
    lengths: tuple[tuple[int, int], ...] = ()
    """Tokens of a passage and how many learned passages are about that long."""
    leakage: int | None = None
    """Characters of the longest span that is both learned and held out, where it was measured."""

    @classmethod
    def of(cls, statistics: dict[str, Any], language: Language | None = None) -> DatasetFacts:
        """From the statistics of a prepared dataset, with the form of its examples."""
        train, validation = statistics["train"], statistics["validation"]
        return cls(
            train=train["examples"],
            validation=validation["examples"],
            tokens=train["tokens"],
            longest=max(train["longest"], validation["longest"]),
            language=language,
            form=statistics["form"],
            lengths=tuple(
                ((found["from"] + found["to"]) // 2, found["train"])
                for found in statistics.get("histogram", ())
            ),
            leakage=statistics.get("leakage", {}).get("characters"),
        )


class DeviceFacts(Known):
    """Where the training will run. Sizes are bytes that are free for it; what is not known is
    empty or None."""

    kind: Literal["cpu", "cuda"] = "cpu"
    name: str = ""
    cards: int = 1
    """Graphics cards of this kind, of which a training takes one unless it is told otherwise."""
    cores: int = 1
    memory: int
    disk: int
    host_memory: int = 0
    """Of the machine itself, also where ``memory`` is that of its graphics card."""
    capability: float | None = None
    """Of a graphics card: its compute capability, as 8.6."""
    driver: str = ""
    watts: float | None = None
    """What it may draw at most."""
    worker: str = ""
    """The worker that would take the training."""
    host: str = ""
    """The machine that it runs on."""
    ahead: int = 0
    """Jobs that run or wait before it."""
    libraries: dict[str, str] = {}
    """Installed there, with their versions."""


class TrackRecord(Known):
    """How good the memory estimates have been here. Errors are shares of what was taken; less
    than nothing: too little was foreseen."""

    runs: int
    typical_error: float
    worst_under: float


class Probe(Known):
    """What two steps of a training took on the device that would take it. ``training`` is what
    was tried, as ``ProbeSpec.of`` gives it; bytes, seconds and tokens are those of its longest
    examples."""

    training: TrainSpec
    fits: bool
    peak_memory: int
    seconds_a_step: float | None = None
    tokens_a_second: float | None = None
    at: float = 0.0

    def of(self, spec: TrainSpec) -> bool:
        """Whether ``spec`` would take what was measured."""
        return ProbeSpec.of(spec).training == self.training


class Pace(Known):
    """How fast ``runs`` trainings of the same model were on this device, all included."""

    tokens_a_second: float
    runs: int


class Obstacle(Known):
    """What would keep a voice on a model from the desk: the converter refuses the model, llama.cpp
    cannot open the result, cuts text into other tokens, or would compute something else. ``said``
    is what it said, or what of the model it is."""

    kind: Literal[
        "refused", "unread", "tokens", "activation", "rope", "scores", "output", "untried"
    ]
    said: str = ""
    lacks: str = ""
    """A file that is missing from the model's folder and may be all that stands in the way."""


KeyState = Literal["absent", "untested", "works", "refused", "unreachable"]


class Access(Known):
    """Which keys the studio was given, and whether they work; never the keys. A key is tested
    where the training has a use for it. ``at`` is when that was, Unix seconds."""

    hub: KeyState = "absent"
    wandb: KeyState = "absent"
    at: float | None = None


class Facts(Known):
    """None where nothing is known; ``model_problem`` says why the model cannot be used."""

    model: ModelFacts | None = None
    model_problem: Failure | None = None
    dataset: DatasetFacts | None = None
    device: DeviceFacts | None = None
    licence: str | None = None
    for_money: bool = True
    """Whether the model's licence lets a writer sell what it wrote, as far as is known."""
    obstacle: Obstacle | None = None
    """Found when the model's conversion was rehearsed."""
    gated: bool = False
    """Whether the Hub hands the model out only to those who accepted its conditions."""
    access: Access | None = None
    record: TrackRecord | None = None
    probe: Probe | None = None
    pace: Pace | None = None
