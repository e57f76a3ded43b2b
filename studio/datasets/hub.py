"""What the Hub has of a dataset: which files at which commit, read over the line as they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from studio.datasets import tables
from studio.domain.recipes import HubRows
from studio.errors import StudioError
from studio.language import _
from studio.models.hub import RemoteFile, connection_errors, pieces
from studio.settings import settings

FORMATS = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv")
"""What is read where the same rows come in several forms, best first."""
SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval"),
}
NEAR = 1 << 20
"""Bytes to go forward in a file, up to which reading on is quicker than asking anew."""


class Found(NamedTuple):
    commit: str
    files: tuple[RemoteFile, ...]
    ids: dict[str, str]
    """Of each file: the sha256 of its content, or git's own id of it."""


def find(spec: HubRows) -> Found:
    """The files of the wanted subset and split, at the commit that the revision means now.

    Raises:
        StudioError: no such dataset, subset or split, or no table among its files.
    """
    from huggingface_hub import HfApi, hf_hub_url

    info = HfApi(endpoint=settings().hub).dataset_info(
        spec.repository, revision=spec.revision, files_metadata=True
    )
    siblings = {s.rfilename: s for s in info.siblings or [] if _is_wanted(s.rfilename)}
    names = _chosen(spec, sorted(siblings), getattr(info.card_data, "configs", None))
    files = tuple(
        RemoteFile(
            name=name,
            url=hf_hub_url(
                spec.repository,
                name,
                repo_type="dataset",
                revision=info.sha,
                endpoint=settings().hub,
            ),
            size=siblings[name].size or 0,
            sha256=siblings[name].lfs.sha256 if siblings[name].lfs else None,
        )
        for name in names
    )
    ids = {file.name: file.sha256 or str(siblings[file.name].blob_id) for file in files}
    return Found(str(info.sha), files, ids)


def _is_wanted(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return tables.is_table(name) and not any(part.startswith(".") for part in parts)


def _chosen(spec: HubRows, names: Sequence[str], configs: Any) -> list[str]:
    if not names:
        raise _nothing(
            spec,
            _("None of its files is Parquet, JSON or CSV, and a program beside it is never run."),
        )
    if isinstance(configs, list) and configs:
        found = _by_card(spec, names, configs)
    else:
        found = _by_split(spec, _of_subset(spec, names))
    best = next((end for end in FORMATS if any(n.lower().endswith(end) for n in found)), "")
    return [name for name in found if name.lower().endswith(best)]


def _by_card(spec: HubRows, names: Sequence[str], configs: list[Any]) -> list[str]:
    """As the dataset's own card says: a list of subsets, each with the files of its splits."""
    known = {str(c.get("config_name", "default")): c for c in configs if isinstance(c, dict)}
    subset = spec.subset or ("default" if "default" in known else "")
    if not subset and len(known) == 1:
        (subset,) = known
    if subset not in known:
        raise _nothing(spec, _("It has the subsets {names}.").format(names=", ".join(known)))
    data = known[subset].get("data_files")
    if data is None:
        folder = str(known[subset].get("data_dir", ""))
        return _by_split(spec, [n for n in names if n.startswith(f"{folder}/")] or list(names))
    entries = data if isinstance(data, list) else [data]
    patterns: list[str] = []
    splits: list[str] = []
    for entry in entries:
        split, path = ("train", entry)
        if isinstance(entry, dict):
            split, path = str(entry.get("split", "train")), entry.get("path", "")
        splits.append(split)
        if split == spec.split:
            patterns += path if isinstance(path, list) else [str(path)]
    found = [name for name in names if any(fnmatch(name, str(p)) for p in patterns)]
    if not found:
        raise _nothing(spec, _("It has the splits {names}.").format(names=", ".join(splits)))
    return found


def _of_subset(spec: HubRows, names: Sequence[str]) -> list[str]:
    if spec.subset is None:
        return list(names)
    found = [n for n in names if spec.subset in (*PurePosixPath(n).parts, *_words(n))]
    if not found:
        folders = sorted({n.split("/")[0] for n in names})
        raise _nothing(spec, _("It consists of {names}.").format(names=", ".join(folders[:8])))
    return found


def _by_split(spec: HubRows, names: Sequence[str]) -> list[str]:
    marks = {n: {s for s, words in SPLITS.items() if _words(n).intersection(words)} for n in names}
    wanted = SPLITS.get(spec.split, (spec.split.lower(),))
    found = [n for n in names if _words(n).intersection(wanted)]
    if not found and spec.split == "train":
        found = [n for n in names if not marks[n]]
    if not found:
        splits = sorted(set().union(*marks.values()) or {"train"})
        raise _nothing(spec, _("It has the splits {names}.").format(names=", ".join(splits)))
    return found


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", name.lower()))


def _nothing(spec: HubRows, why: str) -> StudioError:
    wanted = " / ".join(filter(None, (spec.subset, spec.split)))
    return StudioError(
        _("The dataset {name} has nothing to read as “{wanted}”.").format(
            name=spec.repository, wanted=wanted
        ),
        why,
        _("Choose another subset or split, or another dataset."),
    )


class Line(io.RawIOBase):
    """A file on the Hub that is read and sought in like one on the disk."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._at = 0
        self._open: ExitStack | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._reached = 0
        self._held = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._file.size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._file.size:
            return 0
        self._go_to(self._at)
        piece = self._held[: len(buffer)]
        buffer[: len(piece)] = piece
        self._held = self._held[len(piece) :]
        self._at += len(piece)
        self._reached = self._at
        return len(piece)

    def _go_to(self, place: int) -> None:
        """Have the bytes from ``place`` on in ``_held``."""
        if self._open is None or not 0 <= place - self._reached <= NEAR:
            self._ask(place)
        while True:
            skipped = min(len(self._held), place - self._reached)
            self._held, self._reached = self._held[skipped:], self._reached + skipped
            if self._held and self._reached == place:
                return
            self._held = next(self._pieces, b"")
            if not self._held:
                raise StudioError(
                    _("The file {name} ended early.").format(name=self._file.name),
                    _("The Hub sent fewer bytes than it has."),
                    _("Try again in a while."),
                )

    def _ask(self, place: int) -> None:
        self._let_go()
        self._open = ExitStack()
        self._reached, self._pieces = self._open.enter_context(pieces(self._file, place))
        self._held = b""

    def _let_go(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def close(self) -> None:
        self._let_go()
        super().close()


@contextmanager
def explained(name: str, revision: str) -> Iterator[None]:
    """Turn the Hub's refusals and a missing network into a StudioError."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise StudioError(
            _("The dataset {name} may not be read yet.").format(name=name),
            _("Its owner asks readers to accept conditions first."),
            _(
                "Sign in on the Hub, accept them on the dataset's page, make an access key there, "
                "and set HF_TOKEN to it on the machine that works."
            ),
        ) from error
    except RepositoryNotFoundError as error:
        raise StudioError(
            _("The Hub has no dataset {name}.").format(name=name),
            _("The name may be misspelt, or the dataset is private."),
            _("Check the name, written as owner/dataset; for a private one set HF_TOKEN."),
        ) from error
    except (RevisionNotFoundError, EntryNotFoundError) as error:
        raise StudioError(
            _("The dataset {name} has no revision {revision}.").format(
                name=name, revision=revision
            ),
            _("The Hub knows the dataset, but not this version of it."),
            _("Use main, or a commit that the dataset's page shows."),
        ) from error
    except HfHubHTTPError as error:
        raise StudioError(
            _("The Hub refused {name}.").format(name=name),
            _("It answered: {answer}").format(answer=str(error).splitlines()[0]),
            _("Check that HF_TOKEN holds a key that may do this, then try again."),
        ) from error
    except (*connection_errors(), OfflineModeIsEnabled) as error:
        raise StudioError(
            _("The Hub cannot be reached for {name}.").format(name=name),
            _("There is no connection from this machine, or it broke."),
            _("Check the network and try again, or use files on this machine."),
        ) from error
