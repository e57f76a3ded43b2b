"""Measuring a voice on a dataset of the studio: for those that were not taught here."""

from __future__ import annotations

from studio.domain.jobs import Job
from studio.domain.merges import MeasureSpec
from studio.domain.records import AdapterRecord, DatasetRecord
from studio.language import _
from studio.services import adapters, datasets, jobs


def suited(voice: AdapterRecord) -> list[DatasetRecord]:
    """The datasets in the language of the voice, the newest first."""
    return [record for record in datasets.list_all() if record.language == voice.language]


def measure(adapter_id: str, dataset_id: str) -> Job:
    """Measure a voice on what a dataset holds out, as a job; the figures are then those of the
    voice. Two clicks make one."""
    voice, dataset = adapters.get(adapter_id), datasets.get(dataset_id)
    spec = MeasureSpec(model=voice.model, adapter=voice.artifact, dataset=dataset.id)
    title = _("Measure the voice {name}").format(name=voice.name)
    return jobs.submit(spec, title=title, key=f"measure:{spec.model_dump_json()}")


def latest(adapter_id: str) -> Job | None:
    """The last measurement of a voice, however it stands."""
    artifact = adapters.get(adapter_id).artifact
    found = jobs.list_jobs(kinds=("measure",))
    return next((job for job in found if job.spec["adapter"] == artifact), None)
