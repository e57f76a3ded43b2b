"""What preflight and the presets go by: the dataset, the model and the machine in numbers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from studio.domain.base import Language
from studio.domain.jobs import Failure
from studio.domain.models import ModelFacts


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
        """From the statistics of a prepared dataset."""
        train, validation = statistics["train"], statistics["validation"]
        return cls(
            train=train["examples"],
            validation=validation["examples"],
            tokens=train["tokens"],
            longest=max(train["longest"], validation["longest"]),
            language=language,
            form=statistics.get("form", "completion"),
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
    cores: int = 1
    memory: int
    disk: int
    capability: float | None = None
    """Of a graphics card: its compute capability, as 8.6."""
    driver: str = ""
    watts: float | None = None
    """What it may draw at most."""
    worker: str = ""
    """The worker that would take the training."""
    ahead: int = 0
    """Trainings that run or wait before it."""
    libraries: dict[str, str] = {}
    """Installed there, with their versions."""


class TrackRecord(Known):
    """How good the memory estimates have been here. Errors are shares of what was taken; less
    than nothing: too little was foreseen."""

    runs: int
    typical_error: float
    worst_under: float


class Access(Known):
    """Which keys the studio was given. Only whether; never the keys."""

    hub: bool = False
    wandb: bool = False


class Facts(Known):
    """None where nothing is known; ``model_problem`` says why the model cannot be used."""

    model: ModelFacts | None = None
    model_problem: Failure | None = None
    dataset: DatasetFacts | None = None
    device: DeviceFacts | None = None
    licence: str | None = None
    for_money: bool = True
    """Whether the model's licence lets a writer sell what it wrote, as far as is known."""
    access: Access | None = None
    record: TrackRecord | None = None
