"""The content-addressed artifact store: a local folder, a shared folder or an S3 bucket.

An artifact is a folder of files; its id is the sha256 of the sorted list of their paths, sizes
and hashes. In the store it is ``<id>/files/…`` and ``<id>/manifest.json``; the manifest is
written last, so that its existence means the whole is there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import fsspec

from studio.errors import Damaged, StudioError
from studio.jobs import filing
from studio.jobs.manifests import Manifest, described, files_of, fingerprint, verify
from studio.language import _
from studio.settings import settings

FULL = (errno.ENOSPC, errno.EDQUOT)


class ArtifactStore:
    """``url`` is any fsspec URL; ``cache`` holds what was fetched from a store elsewhere."""

    def __init__(self, url: str, cache: Path) -> None:
        self.url = url
        self.cache = cache
        self._root = str(fsspec.core.strip_protocol(url)).rstrip("/")
        is_local = fsspec.utils.get_protocol(url) in ("file", "local")
        self._local = Path(self._root) if is_local else None

    @cached_property
    def _fs(self) -> Any:
        """Made when it is needed: remote stores start a thread, which no fork survives."""
        return fsspec.core.url_to_fs(self.url)[0]

    def put(self, folder: Path) -> str:
        """Store a finished folder; the id. Whole or not at all; storing it again does nothing.

        Raises:
            StudioError: the folder is empty, the disk is full, or the store cannot be reached.
        """
        if not any(path.is_file() for path in folder.rglob("*")):
            raise StudioError(
                _("There is nothing to store."),
                _("The folder {folder} holds no files.").format(folder=folder),
                _("Run the step again; if it happens again, it is a defect of the studio."),
            )
        with _told(_("What was made could not be stored."), self.url):
            return self._put_local(folder) if self._local else self._put_remote(folder)

    def fetch(self, artifact: str) -> Path:
        """A local folder with the artifact's files, verified by their hashes. Do not write there.

        Raises:
            Damaged: it is not in the store, or its files are not what was stored.
            StudioError: the store cannot be reached.
        """
        if self._local:
            return self._fetch_local(self._local / artifact, artifact)
        place = self.cache / artifact
        if not (place / "manifest.json").exists():
            with _told(_("A file of the studio could not be fetched."), self.url):
                self._download(artifact)
        return self._fetch_local(place, artifact)

    def at_hand(self, artifact: str) -> bool:
        """Whether ``fetch`` has nothing to bring here from elsewhere."""
        return bool(self._local) or (self.cache / artifact / "manifest.json").exists()

    def manifest(self, artifact: str) -> Manifest:
        """What the artifact consists of.

        Raises:
            StudioError: it is not in the store.
        """
        with _told(_("A file of the studio could not be read."), self.url):
            try:
                return Manifest.model_validate_json(self._fs.cat_file(self._path(artifact)))
            except FileNotFoundError:
                raise _missing(artifact, self.url) from None

    def __contains__(self, artifact: str) -> bool:
        return bool(self._fs.exists(self._path(artifact)))

    def ids(self) -> list[str]:
        """Every whole artifact in the store."""
        if not self._fs.exists(self._root):
            return []
        self._fs.invalidate_cache()
        names = [str(path).rsplit("/", 1)[-1] for path in self._fs.ls(self._root, detail=False)]
        return sorted(name for name in names if len(name) == 64 and name in self)

    def delete(self, artifact: str) -> None:
        """Remove it; the manifest goes first, so that no half artifact looks whole.

        Raises:
            StudioError: the store cannot be reached or does not allow it.
        """
        with _told(_("A file of the studio could not be removed."), self.url):
            with contextlib.suppress(FileNotFoundError):
                self._fs.rm_file(self._path(artifact))
            with contextlib.suppress(FileNotFoundError):
                self._fs.rm(f"{self._root}/{artifact}", recursive=True)
        shutil.rmtree(self.cache / artifact, ignore_errors=True)
        (self.cache / "verified" / artifact).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what a process that was killed while storing or fetching left behind."""
        for place in filter(None, (self._local, self.cache)):
            filing.sweep(place)

    def _path(self, artifact: str) -> str:
        return f"{self._root}/{artifact}/manifest.json"

    def _put_local(self, folder: Path) -> str:
        assert self._local is not None
        with filing.incoming(self._local) as staging:
            files = [
                filing.copy(path, staging / "files" / path.relative_to(folder), folder)
                for path in files_of(folder)
            ]
            manifest = Manifest.of(files)
            filing.settle(staging, self._local / manifest.id, manifest)
        return manifest.id

    def _put_remote(self, folder: Path) -> str:
        files = [described(path, folder) for path in files_of(folder)]
        manifest = Manifest.of(files)
        if manifest.id not in self:
            place = f"{self._root}/{manifest.id}/files"
            for file in manifest.files:
                self._fs.put_file(str(folder / file.path), f"{place}/{file.path}")
            self._fs.pipe_file(self._path(manifest.id), manifest.model_dump_json().encode())
        return manifest.id

    def _download(self, artifact: str) -> None:
        manifest = self.manifest(artifact)
        with filing.incoming(self.cache) as staging:
            for file in manifest.files:
                target = staging / "files" / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                self._fs.get_file(f"{self._root}/{artifact}/files/{file.path}", str(target))
                filing.sync(target)
            verify(staging / "files", manifest)
            filing.settle(staging, self.cache / artifact, manifest)

    def _fetch_local(self, place: Path, artifact: str) -> Path:
        """Hashes are computed once; after that a file's size, time and number vouch for it."""
        try:
            manifest = Manifest.model_validate_json((place / "manifest.json").read_bytes())
            seal = self.cache / "verified" / artifact
            print_ = fingerprint(place / "files", manifest)
            if _sealed(seal) != print_:
                verify(place / "files", manifest)
                filing.write(seal, print_.encode())
        except FileNotFoundError:
            raise _missing(artifact, self.url) from None
        return place / "files"


def _sealed(seal: Path) -> str | None:
    """What a seal says; another process may just have taken it away."""
    try:
        return seal.read_text()
    except FileNotFoundError:
        return None


@lru_cache(maxsize=4)
def _store_at(url: str, cache: Path, process: int) -> ArtifactStore:
    """One store for a URL and process: a forked one makes its own connections."""
    return ArtifactStore(url, cache)


def own() -> ArtifactStore:
    """The store that settings name."""
    return _store_at(settings().artifact_store, settings().cache / "artifacts", os.getpid())


def _missing(artifact: str, url: str) -> Damaged:
    return Damaged(
        _("Something this step needs is not there."),
        _("The artifact {id} is not in the store {url}.").format(id=artifact[:12], url=url),
        _("Make it again, or point LOREWRIGHT_ARTIFACTS at the store that holds it."),
    )


@contextmanager
def _told(what: str, url: str) -> Iterator[None]:
    """Failures of the disk or the network in a writer's words."""
    try:
        yield
    except StudioError:
        raise
    except OSError as problem:
        if problem.errno in FULL:
            raise StudioError(
                what,
                _("The disk that holds {url} is full.").format(url=url),
                _("Free some space there, then try again."),
            ) from problem
        raise _unreachable(what, url, problem) from problem
    except Exception as problem:  # each kind of store raises its own errors
        raise _unreachable(what, url, problem) from problem


def _unreachable(what: str, url: str, problem: Exception) -> StudioError:
    return StudioError(
        what,
        _("The store {url} answered: {problem}.").format(url=url, problem=problem),
        _("Check that the folder or bucket is there and that you may write to it."),
    )
