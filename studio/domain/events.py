"""What a worker tells the studio, in the order it happened.

An event is an envelope (job, attempt, sequence number, time) around one body. The triple
(job id, attempt, seq) is unique for ever; seq counts from 1 within an attempt.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Body(BaseModel):
    # A loss that became NaN must arrive as such: plain JSON would make it null.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Started(Body):
    type: Literal["started"] = "started"
    worker: str
    device: str
    host: str
    pid: int


class Progressed(Body):
    """``step`` of ``steps`` is done; ``rate`` is units a second over the recent past."""

    type: Literal["progressed"] = "progressed"
    step: int
    steps: int | None = None
    unit: str = ""
    note: str = ""
    rate: float | None = None


class MetricLogged(Body):
    type: Literal["metric"] = "metric"
    step: int
    values: dict[str, float]


class LogLine(Body):
    type: Literal["log"] = "log"
    level: Literal["info", "warning", "error"] = "info"
    text: str


class SampleWritten(Body):
    """A text sample from a fixed prompt, written by the model as it was at ``step``."""

    type: Literal["sample"] = "sample"
    step: int
    prompt: str
    text: str


class CheckpointSaved(Body):
    """``artifact`` holds everything needed to go on from ``step``."""

    type: Literal["checkpoint"] = "checkpoint"
    step: int
    artifact: str


class ArtifactProduced(Body):
    """``kind`` says which registry the artifact belongs to; ``facts`` fill its row."""

    type: Literal["artifact"] = "artifact"
    kind: Literal["manuscript", "dataset", "adapter", "gguf", "model", "report", "measurement"]
    artifact: str
    name: str
    facts: dict[str, Any] = {}


class Token(Body):
    """Newly written text: one token or the few that were ready together."""

    type: Literal["token"] = "token"
    text: str


class Finished(Body):
    type: Literal["finished"] = "finished"
    result: dict[str, Any] = {}


class Failed(Body):
    type: Literal["failed"] = "failed"
    what: str
    why: str
    remedy: str
    detail: str = ""
    cause: str = ""
    """What kind of thing went wrong: a studio.errors.Cause."""


class Cancelled(Body):
    """The worker stopped because it was asked to; ``result`` holds what was done so far."""

    type: Literal["cancelled"] = "cancelled"
    result: dict[str, Any] = {}


AnyBody = Annotated[
    Started
    | Progressed
    | MetricLogged
    | LogLine
    | SampleWritten
    | CheckpointSaved
    | ArtifactProduced
    | Token
    | Finished
    | Failed
    | Cancelled,
    Field(discriminator="type"),
]
TERMINAL = ("finished", "failed", "cancelled")


class Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    job_id: str
    attempt: int
    seq: int
    at: float
    body: AnyBody


EVENT: TypeAdapter[Event] = TypeAdapter(Event)
