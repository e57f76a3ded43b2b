"""The form of a preflight check: a pure function from a spec and the facts to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from studio.domain.facts import Facts
from studio.domain.findings import Finding, Level, Remedy
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _

Need = Literal["model", "dataset", "device"]


class NoOptions(BaseModel):
    """A check has nothing to choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Check:
    """``needs`` are the facts without which ``find`` cannot say anything."""

    kind: str
    label: str
    find: Callable[[TrainSpec, Facts], Iterable[Finding]]
    needs: tuple[Need, ...] = ()
    Spec: type[BaseModel] = NoOptions

    def check(self, facts: Facts) -> bool:
        """Whether the facts suffice."""
        return all(getattr(facts, need) is not None for need in self.needs)

    def run(self, spec: TrainSpec, facts: Facts) -> list[Finding]:
        return list(self.find(spec, facts)) if self.check(facts) else []


def finding(check: str, level: Level, sentence: str, reason: str, *remedies: Remedy) -> Finding:
    """Remedies come in the order of what they cost; advice, which changes nothing, last."""
    ranked = tuple(sorted(remedies, key=lambda remedy: (not remedy.changes, remedy.cost)))
    return Finding(check=check, level=level, sentence=sentence, reason=reason, remedies=ranked)


def error(found: Finding) -> StudioError:
    """The same for where nothing can be chosen: with the first remedy."""
    label = found.remedies[0].label if found.remedies else _("Look at the Preflight page.")
    return StudioError(found.sentence, found.reason, label)


def remedy(label: str, cost: int = 0, /, **changes: Any) -> Remedy:
    return Remedy(label=label, changes=changes, cost=cost)
