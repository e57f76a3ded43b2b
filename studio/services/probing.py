"""Measuring a training instead of reckoning it: a probe as a job, and what it found."""

from __future__ import annotations

import hashlib

from studio.domain.facts import DeviceFacts, Probe
from studio.domain.jobs import Job, JobState
from studio.domain.specs import ProbeSpec, TrainSpec
from studio.language import _
from studio.services import jobs

MOST = 200


def start(spec: TrainSpec) -> Job:
    """Queue two steps of the training on its longest examples. Two clicks make one, and so do
    two trainings that take the same."""
    probe = ProbeSpec.of(spec)
    return jobs.submit(probe, title=_("Measure {name}").format(name=spec.name), key=_key(probe))


def latest(spec: TrainSpec) -> Job | None:
    """The last probe that was asked for of such a training, however it stands."""
    key = _key(ProbeSpec.of(spec))
    return next((job for job in _jobs() if job.key == key), None)


def found(spec: TrainSpec, device: DeviceFacts) -> Probe | None:
    """What the last finished probe of such a training took on a device as this one."""
    probe = ProbeSpec.of(spec)
    key = _key(probe)
    for job in _jobs(JobState.FINISHED):
        if job.key == key and job.result and _same(job, device):
            return Probe(training=probe.training, at=job.ended_at or job.created_at, **_told(job))
    return None


def _jobs(*states: JobState) -> list[Job]:
    return jobs.list_jobs(states=states, kinds=("probe",), limit=MOST)


def _told(job: Job) -> dict[str, float | bool | None]:
    return {name: value for name, value in (job.result or {}).items() if name != "device"}


def _same(job: Job, device: DeviceFacts) -> bool:
    """Of graphics cards the name counts too: another one has other memory and speed."""
    ran_on = (job.result or {}).get("device")
    return ran_on == device.kind and (device.kind == "cpu" or job.device == device.name)


def _key(probe: ProbeSpec) -> str:
    return f"probe:{hashlib.sha256(probe.model_dump_json().encode()).hexdigest()}"
