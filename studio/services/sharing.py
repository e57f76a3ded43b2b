"""Voices that leave the studio, and voices that come from elsewhere."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from studio.conversion.folding import read_config
from studio.domain import naming
from studio.domain.base import Language, Model
from studio.domain.jobs import Job
from studio.domain.records import AdapterRecord, ModelRecord
from studio.domain.specs import AdoptSpec, DownloadSpec, PublishSpec
from studio.errors import StudioError
from studio.language import _
from studio.models import catalogue
from studio.services import adapters, jobs, lineage, models
from studio.services.context import store
from studio.settings import settings
from studio.sharing import checking, opening, portable
from studio.sharing.adoption import unknown_base
from studio.sharing.upload import repository_name


def export_to(adapter_id: str, target: Path, samples: bool = False) -> Path:
    """Write a voice as a folder that peft loads, or as a zip of it where ``target`` ends in .zip.

    Weights, description, lineage and a card, with the lines about the story that it was taught
    with; with ``samples`` also what it wrote in training. Nothing else of the writer's goes
    with it. Whole or not at all.

    Raises:
        StudioError: something is there already, or its place is not.
    """
    voice = adapters.get(adapter_id)
    _check_free(target)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.unfinished")
    try:
        folder = draft / target.stem if target.suffix == ".zip" else draft / "adapter"
        _lay_out(voice, folder, samples)
        made = folder
        if target.suffix == ".zip":
            made = draft / "adapter.zip"
            portable.pack(folder, made)
        _check_free(target)
        made.rename(target)
    except OSError as problem:
        raise _unwritten(target, problem) from problem
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def packed(adapter_id: str, samples: bool = False) -> bytes:
    """A voice as a zip to download."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"{file_name(adapters.get(adapter_id))}.zip"
        return export_to(adapter_id, Path(folder) / name, samples).read_bytes()


def file_name(voice: AdapterRecord) -> str:
    """The voice's name as a file may be called on any system; with a part of its id where an
    older voice's file would be the same on a disk that looks at neither case nor accents."""
    plain = naming.file_name(voice.name, voice.id[:12])
    older = (
        other
        for other in adapters.list_all()
        if (other.created_at, other.id) < (voice.created_at, voice.id)
    )
    if any(naming.same_file(plain, naming.file_name(each.name, each.id[:12])) for each in older):
        return f"{plain}-{voice.id[:8]}"
    return plain


def _lay_out(voice: AdapterRecord, folder: Path, samples: bool) -> None:
    portable.lay_out(
        store().fetch(voice.artifact),
        folder,
        voice.name,
        licence_of(voice.model),
        lineage.public_samples(voice.id) if samples else (),
    )


def _check_free(target: Path) -> None:
    if not target.parent.is_dir():
        raise StudioError(
            _("Nothing was written."),
            _("There is no folder {path}.").format(path=target.parent),
            _("Make the folder first, or choose another place."),
        )
    there = (path for path in target.parent.iterdir() if naming.same_file(path.name, target.name))
    if taken := next(there, target if target.is_symlink() else None):
        raise StudioError(
            _("Nothing was written."),
            _("There is something at {path} already.").format(path=taken)
            if taken == target
            else _("There is {path} already, which is the same file on many disks.").format(
                path=taken
            ),
            _("Choose another name, or move what is there away."),
        )


def _unwritten(target: Path, problem: OSError) -> StudioError:
    return StudioError(
        _("The voice could not be written to {path}.").format(path=target),
        _("The system says: {problem}.").format(problem=problem.strerror or problem),
        _("Free some space, or choose a place that you may write to."),
    )


def licence_of(model: Model) -> str | None:
    """The licence of a base model: as the Hub or the catalogue says."""
    record = next((r for r in models.list_all() if r.model == model), None)
    if record is None:
        return None
    listed = catalogue.entry(_names(record)[0])
    told = record.facts.get("licence")
    return listed.licence if listed else str(told) if told else None


def bring_in(
    given: Path,
    name: str | None = None,
    model: Model | None = None,
    language: Language | None = None,
) -> Job:
    """Take in an adapter from a folder or zip, as a job. ``model`` is the base model that it
    belongs to; None: the one that it names.

    Raises:
        StudioError: there is no adapter in it, it is not safe, of a kind that is not known, or
            it names a base model that is not in the studio.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "adapter"
        opening.take(given, folder)
        checking.checked(folder)
        named = str(read_config(folder).get("base_model_name_or_path") or "")
        bases = (model,) if model else _named_bases(named)
        spec = AdoptSpec(
            name=_name(
                name, _told(folder), given.stem if given.is_file() else given.resolve().name
            ),
            files=store().put(folder),
            bases=bases,
            language=language,
        )
    return _adopt(spec)


def bring_in_upload(
    files: Mapping[str, bytes],
    name: str | None = None,
    model: Model | None = None,
    language: Language | None = None,
) -> Job:
    """As ``bring_in``, of files that were uploaded: one zip, or the files of one adapter.

    Raises:
        StudioError: as ``bring_in``.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "uploaded"
        folder.mkdir()
        for given, content in files.items():
            (folder / (PurePosixPath(given.replace("\\", "/")).name or "file")).write_bytes(content)
        found = sorted(folder.iterdir())
        if len(found) == 1 and found[0].suffix.lower() == ".zip":
            return bring_in(found[0], name, model, language)
        return bring_in(
            folder, _name(name, _told(folder), _("Voice from elsewhere")), model, language
        )


def bring_in_from_hub(
    repository: str,
    revision: str = "main",
    name: str | None = None,
    model: Model | None = None,
    language: Language | None = None,
) -> Job:
    """Take in an adapter from the Hub, as a job; the commit that ``revision`` means now is kept
    in its lineage.

    Raises:
        StudioError: this is not how a repository is called.
    """
    place = repository_name(repository)
    return _adopt(
        AdoptSpec(
            name=_name(name, place.partition("/")[2]),
            as_told=not _name(name),
            source=DownloadSpec(repository=place, revision=revision or "main"),
            bases=(model,) if model else tuple(record.model for record in models.list_all()),
            language=language,
        )
    )


def push(adapter_id: str, repository: str, private: bool = True, samples: bool = False) -> Job:
    """Put a voice on the Hub as a job; its result has the ``address`` of the commit.

    Raises:
        StudioError: this is not how a repository is called.
    """
    voice = adapters.get(adapter_id)
    spec = PublishSpec(
        what="adapter",
        artifact=voice.artifact,
        name=voice.name,
        repository=repository_name(repository),
        private=private,
        licence=licence_of(voice.model),
        samples=lineage.public_samples(adapter_id) if samples else (),
    )
    title = _("Send {name} to the Hub").format(name=voice.name)
    return jobs.submit(spec, title=title, key=f"publish:{spec.model_dump_json()}")


def has_key() -> bool:
    """Whether the studio was given an access key for the Hub."""
    return settings().hub_token is not None


def _adopt(spec: AdoptSpec) -> Job:
    title = _("Bring in the voice {name}").format(name=spec.name)
    return jobs.submit(spec, title=title, key=f"adopt:{spec.model_dump_json()}")


def _name(*given: str | None) -> str:
    """The first of these names that is one."""
    return next(filter(None, (naming.tidy(name or "") for name in given)), "")


def _told(folder: Path) -> str | None:
    """The name that an adapter's lineage gives it."""
    known = opening.provenance(folder)
    return known.name if known else None


def _named_bases(named: str) -> tuple[Model, ...]:
    """The base models of this name.

    Raises:
        StudioError: none is called that.
    """
    wanted = named.rstrip("/").casefold()
    found = [r.model for r in models.list_all() if wanted in map(str.casefold, _names(r))]
    if not wanted or not found:
        raise unknown_base(named)
    return (found[0],)


def _names(record: ModelRecord) -> list[str]:
    """What a base model calls itself, and what it is called on the Hub."""
    facts = record.facts
    names = (facts.get("repository"), facts.get("model_facts", facts).get("name"), record.name)
    return [str(name) for name in names if name]
