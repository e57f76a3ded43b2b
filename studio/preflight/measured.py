"""What was measured of a training, where it was: better than any estimate of it."""

from __future__ import annotations

from studio.domain.facts import Facts, Probe
from studio.domain.specs import TrainSpec


def probe_of(spec: TrainSpec, facts: Facts) -> Probe | None:
    """What two steps of ``spec`` took; None where nobody tried, or something was changed since."""
    return facts.probe if facts.probe and facts.probe.of(spec) else None


def rate_of(spec: TrainSpec, facts: Facts) -> float | None:
    """Tokens a second as they were measured here: by a probe of ``spec``, else by earlier
    trainings of its model; None where there is neither."""
    probe = probe_of(spec, facts)
    if probe and probe.tokens_a_second:
        return probe.tokens_a_second
    return facts.pace.tokens_a_second if facts.pace else None
