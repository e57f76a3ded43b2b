"""A spec and facts in which nothing is wrong, to be changed one thing at a time."""

from __future__ import annotations

from typing import Any

from studio.domain.base import Model
from studio.domain.changes import applied
from studio.domain.facts import DatasetFacts, DeviceFacts, Facts
from studio.domain.findings import Finding, Report
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.models.source import validate
from studio.preflight.engine import examine
from studio.settings import ROOT

STARTER = validate(ROOT / "data" / "starter")
SEVEN_BILLION = ModelFacts(
    name="owner/seven",
    architecture="LlamaForCausalLM",
    model_type="llama",
    dtype="BF16",
    parameters=6_738_415_616,
    bytes=13_476_831_232,
    layers=32,
    hidden_size=4096,
    intermediate_size=11008,
    heads=32,
    kv_heads=32,
    head_dim=128,
    vocabulary=32000,
    context_length=4096,
    tied_embeddings=False,
    has_chat_template=True,
    weights=("model.safetensors",),
)
DATASET = DatasetFacts(train=120, validation=20, tokens=48_000, longest=430, language="en")
LAPTOP = DeviceFacts(kind="cpu", cores=8, memory=16 * 10**9, disk=100 * 10**9)
CARD = DeviceFacts(kind="cuda", name="Card", cores=8, memory=24 * 10**9, disk=100 * 10**9)
SPEC = TrainSpec(name="Mine", dataset="a" * 64, model=Model(source="local", name="m"))
FACTS = Facts(model=STARTER, dataset=DATASET, device=LAPTOP, cpu_worker=LAPTOP)


def spec(**changes: Any) -> TrainSpec:
    return TrainSpec.model_validate({**SPEC.model_dump(), **changes})


def facts(**changes: Any) -> Facts:
    return FACTS.model_copy(update=changes)


def found(report: Report, check: str) -> list[Finding]:
    return [f for f in report.findings if f.check == check]


def the_one(check: str, level: str, of_spec: TrainSpec = SPEC, of_facts: Facts = FACTS) -> Finding:
    """The only finding of a check that does more than tell, after looking at its form."""
    [finding] = [f for f in found(examine(of_spec, of_facts), check) if f.level != "tells"]
    assert finding.level == level
    for text in (finding.sentence, finding.reason, *(r.label for r in finding.remedies)):
        assert text
        assert not text[0].islower()
    assert finding.remedies
    cleared(finding, of_spec, of_facts)
    return finding


def cleared(finding: Finding, of_spec: TrainSpec, of_facts: Facts) -> None:
    """Every remedy that changes the spec makes the finding go away; the cheapest comes first."""
    costs = [remedy.cost for remedy in finding.remedies if remedy.changes]
    assert costs == sorted(costs)
    assert [bool(r.changes) for r in finding.remedies] == [True] * len(costs) + [False] * (
        len(finding.remedies) - len(costs)
    )
    for remedy in finding.remedies:
        if remedy.changes:
            after = examine(applied(of_spec, remedy), of_facts)
            assert finding.sentence not in [f.sentence for f in found(after, finding.check)]
