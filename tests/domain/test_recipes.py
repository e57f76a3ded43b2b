"""What a recipe says of itself: its writer, its queue, what may stand in an address."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from studio.domain.recipes import (
    BuilderSpec,
    ChatSpec,
    ContinuationSpec,
    InstructionSpec,
    PreferenceSpec,
    PrepareSpec,
    RawSpec,
    SyntheticSpec,
)
from studio.domain.specs import TrainSpec, queue_of
from studio.domain.writers import EndpointWriter, LocalWriter
from studio.domain.writing import WriteSpec

HERE = EndpointWriter(address="http://127.0.0.1:8000/v1", model="m")
ARTIFACT = "0" * 64


@pytest.mark.parametrize(
    ("builder", "queue"),
    [
        (ContinuationSpec(), "cpu"),
        (InstructionSpec(), "cpu"),
        (InstructionSpec(writer=LocalWriter()), "train"),
        (InstructionSpec(writer=HERE), "cpu"),
        (PreferenceSpec(), "train"),
        (PreferenceSpec(writer=HERE), "cpu"),
        (SyntheticSpec(topics=("sea",), writer=LocalWriter()), "train"),
    ],
)
def test_a_model_on_the_worker_waits_with_the_trainings(builder: BuilderSpec, queue: str) -> None:
    assert queue_of(PrepareSpec(name="A", manuscripts=(ARTIFACT,), builder=builder)) == queue


def test_the_queues_of_other_jobs() -> None:
    assert queue_of(TrainSpec(name="A", dataset=ARTIFACT)) == "train"
    assert queue_of(WriteSpec(gguf_base=ARTIFACT, backend="vllm")) == "write-vllm"


@pytest.mark.parametrize(
    ("builder", "shown"),
    [
        (ContinuationSpec(context_tokens=99), 99),
        (PreferenceSpec(context_tokens=98), 98),
        (ChatSpec(passage_tokens=97), 97),
        (RawSpec(), None),
        (InstructionSpec(), None),
    ],
)
def test_how_much_of_the_story_a_prompt_shows(builder: BuilderSpec, shown: int | None) -> None:
    assert builder.shown_tokens == shown


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.8.9.1", True),
        ("http://localhost:1/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost.example.org/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://192.168.0.4:8000/v1", False),
        ("http://0x7f000001/v1", False),
        ("https://example.org", False),
    ],
)
def test_what_stays_on_this_machine(address: str, here: bool) -> None:
    assert EndpointWriter(address=address, model="m").on_this_machine is here


@pytest.mark.parametrize(
    "address",
    ["example.org", "ftp://a/b", "https://sk-key@example.org/v1", "https://a:b@example.org",
     "https://example.org/v1?key=sk", "https://example.org/#sk", "http://", "http://a b/", ""],
)  # fmt: skip
def test_no_address_carries_a_key(address: str) -> None:
    with pytest.raises(ValidationError):
        EndpointWriter(address=address, model="m")


@pytest.mark.parametrize("topics", [(), ("",), ("  ",), ("x" * 2001,)])
def test_topics_say_something(topics: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        SyntheticSpec(topics=topics, writer=HERE)
