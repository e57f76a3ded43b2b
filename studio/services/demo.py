"""The whole way, without a browser: from a manuscript to a page, as real jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.domain.base import Model
from studio.domain.jobs import Job, JobState
from studio.domain.records import ManuscriptRecord
from studio.errors import StudioError
from studio.language import _
from studio.services import (
    adapters,
    datasets,
    engine,
    jobs,
    manuscripts,
    models,
    runner,
    stories,
    training,
    writing,
)

Progress = Callable[[Job], None]
MAX_TOKENS = 160


def run(manuscript: Path | None, model: Path | None, on_progress: Progress) -> dict[str, Any]:
    """Walk the whole way on a manuscript (default: the English sample) and a base model
    (default: the starter); the figures of each step.

    Raises:
        StudioError: a step could not be done; what was made before it stays.
    """
    began = time.monotonic()
    _finish(reading := _import(manuscript), on_progress)
    (imported,) = manuscripts.imported(jobs.get(reading.id))
    base = models.add_local(model).model if model else Model()
    prepared = _finish(datasets.prepare(datasets.plan([imported.id], model=base)), on_progress)
    dataset = datasets.get(prepared["dataset"])
    spec = training.presets(dataset.id, base)["taste"]
    report = training.preflight(spec)
    teaching = training.teach(spec)
    trained = _finish(teaching.train, on_progress)
    converted, voice, verified = (_finish(job, on_progress) for job in teaching.carried)
    written = _write(imported, trained["adapter"], on_progress)
    return {
        "manuscript": {"characters": imported.characters, "chapters": len(imported.chapters)},
        "dataset": {
            "train": dataset.train,
            "validation": dataset.validation,
            "tokens": dataset.tokens,
        },
        "preflight": {"errors": len(report.at("blocks")), "warnings": len(report.at("warns"))},
        "training": {
            "job_id": teaching.train.id,
            **{k: trained[k] for k in ("steps", "seconds", "nll_before", "nll_after")},
        },
        "adapter": {
            "id": trained["adapter"],
            "sha256": adapters.get(trained["adapter"]).artifact,
        },
        "gguf": {
            "base": converted["gguf"],
            "adapter": voice["gguf"],
            **{k: verified[k] for k in ("max_abs_logit_diff", "top1_agreement")},
        },
        "generation": {
            k: written[k] for k in ("text", "tokens", "first_token_ms", "tokens_per_second")
        },
        "seconds": round(time.monotonic() - began, 1),
    }


def _import(manuscript: Path | None) -> Job:
    if manuscript is None:
        english = next(s for s in manuscripts.samples() if s.language == "en")
        return manuscripts.bring_in_sample(english.kind)
    return manuscripts.bring_in([manuscripts.found_at(manuscript)])


def _write(imported: ManuscriptRecord, voice: str, on_progress: Progress) -> dict[str, Any]:
    """Continue from the opening of the manuscript's last chapter, as at the desk."""
    text = manuscripts.manuscript(imported.id).text
    start = imported.chapters[-1].start
    story = stories.create(imported.title, imported.language, text[start : start + 600])
    return _finish(writing.continue_page(story.id, voice, max_tokens=MAX_TOKENS), on_progress)


def _finish(job: Job, on_progress: Progress) -> dict[str, Any]:
    """Follow a job to its end and return its result; workers that end meanwhile are started
    again."""
    while not job.ended:
        runner.ensure_running()
        on_progress(job)
        engine.check(job)
        time.sleep(0.2)
        job = jobs.get(job.id)
    on_progress(job)
    if job.failure:
        raise StudioError(job.failure.what, job.failure.why, job.failure.remedy)
    if job.state is not JobState.FINISHED:
        raise StudioError(
            _("{title} did not finish.").format(title=job.title),
            _("The job was stopped."),
            _("Run it again."),
        )
    return job.result or {}
