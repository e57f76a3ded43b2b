"""Sends a folder to the Hub, for nobody else to see unless that was asked for."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from studio.domain.events import Progressed
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.hub import TIMEOUT, connection_errors
from studio.settings import settings

Kind = Literal["model", "dataset"]


class Sent(io.BufferedReader):
    """A file that tells how much of it was read, once it is on its way, and can be stopped.

    A file that is read from here goes over the line by the LFS protocol, which every mirror of
    the Hub speaks.
    """

    def __init__(self, path: Path, load: Load) -> None:
        super().__init__(io.FileIO(path))
        self._load = load
        self._furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if self._load.leaving and self.tell() > self._furthest:
            self._load.advance(self.tell() - self._furthest)
            self._furthest = self.tell()
        return piece


class Load:
    """All that is to be sent; raises Stopped when asked to stop."""

    def __init__(self, room: Workroom, total: int) -> None:
        self.leaving = False
        self._room, self._total, self._done = room, total, 0

    def advance(self, count: int) -> None:
        if self._room.stopped():
            raise Stopped({"bytes": self._done})
        self._done += count
        self.tell()

    def tell(self) -> None:
        self._room.emit(Progressed(step=self._done, steps=self._total, unit=_("bytes")))


def upload(
    folder: Path, repository: str, kind: Kind, private: bool, room: Workroom
) -> dict[str, Any]:
    """Put the folder's files into the repository, as one commit.

    What has arrived there already is not sent again. The result has ``address`` and ``commit``,
    and ``changed``: whether anything was new.

    Raises:
        StudioError: no access key, no connection, not allowed, or a repository that everybody
            can read where a private one was asked for.
        Stopped: on request.
    """
    key = _key()
    with _explained(repository), _patience():
        from huggingface_hub import CommitOperationAdd, HfApi

        hub = HfApi(endpoint=settings().hub, token=key)
        hub.create_repo(repository, repo_type=kind, private=private, exist_ok=True)
        known = hub.repo_info(repository, repo_type=kind, timeout=TIMEOUT)
        if private and not known.private:
            raise _seen_by_all(repository)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        load = Load(room, sum(path.stat().st_size for path in files))
        parts = [
            CommitOperationAdd(path.relative_to(folder).as_posix(), Sent(path, load))
            for path in files
        ]
        load.leaving = True
        load.tell()
        made = hub.create_commit(
            repository, parts, commit_message="Sent from Lorewright", repo_type=kind, num_threads=1
        )
    return {
        "address": str(made.commit_url), "commit": made.oid, "changed": made.oid != known.sha,
    }  # fmt: skip


def repository_name(given: str) -> str:
    """The name of a repository on the Hub, without what people copy along with it.

    Raises:
        StudioError: this is not how a repository is called.
    """
    name = re.sub(r"^https?://[^/]+/(datasets/)?", "", given.strip()).strip("/")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII):
        raise StudioError(
            _("“{name}” is no name of a repository.").format(name=given.strip()[:100]),
            _("On the Hub a name has an owner, a slash, and a title without spaces."),
            _("Write it as owner/name, as in quill/tide-voice."),
        )
    return name


def _key() -> str:
    found = settings().hub_token
    if found is None:
        raise StudioError(
            _("Nothing can be sent to the Hub yet."),
            _("The studio has no access key of yours."),
            _(
                "Make a key with write permission on the Hub (Settings, Access Tokens), set "
                "HF_TOKEN to it where the studio is started, and start it again."
            ),
        )
    return found.get_secret_value()


@contextmanager
def _patience() -> Iterator[None]:
    """A connection without a byte for a while counts as broken; the library would wait for ever.
    Bars of its own are for terminals."""
    import httpx2
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
        set_client_factory,
    )
    from huggingface_hub.utils._http import default_client_factory

    def client() -> Any:
        made = default_client_factory()
        made.timeout = httpx2.Timeout(TIMEOUT)
        return made

    silent = are_progress_bars_disabled()
    set_client_factory(client)
    disable_progress_bars()
    try:
        yield
    finally:
        set_client_factory(default_client_factory)
        if not silent:
            enable_progress_bars()


@contextmanager
def _explained(repository: str) -> Iterator[None]:
    """Turn the Hub's refusals and a broken connection into a StudioError. The library wraps what
    happens while a file is sent; what it wraps is what is told."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    known = (HfHubHTTPError, OfflineModeIsEnabled, Stopped, StudioError, *connection_errors())
    try:
        yield
    except Exception as error:
        root = next((e for e in _causes(error) if isinstance(e, known)), None)
        if root is None:
            raise
        if isinstance(root, Stopped | StudioError):
            raise root from None
        if isinstance(root, HfHubHTTPError):
            raise _refused(repository, root) from error
        raise _unreachable(repository) from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _refused(repository: str, error: Any) -> StudioError:
    status = error.response.status_code if error.response is not None else 0
    what = _("The Hub did not take {name}.").format(name=repository)
    if status == 401:
        return StudioError(
            what,
            _("It does not know the access key."),
            _("Make a new key with write permission on the Hub, and set HF_TOKEN to it."),
        )
    if status in (403, 404):
        return StudioError(
            what,
            _("The access key may not write there."),
            _(
                "Put your own name or your organisation's before the slash, and use a key with "
                "write permission."
            ),
        )
    why = _("It answered: {answer}").format(answer=str(error).splitlines()[0])
    if status == 429 or status >= 500:
        remedy = _("Wait a while, then press Retry; what has arrived is not sent again.")
        return StudioError(what, why, remedy)
    return StudioError(what, why, _("Check the repository's name, then try again."))


def _unreachable(repository: str) -> StudioError:
    return StudioError(
        _("{name} could not be sent: there is no connection.").format(name=repository),
        _("The Hub could not be reached from this machine, or it fell silent."),
        _("Check the network, then press Retry; files that have arrived are not sent again."),
    )


def _seen_by_all(repository: str) -> StudioError:
    return StudioError(
        _("Nothing was sent to {name}.").format(name=repository),
        _("The repository is there already, and everybody can read it."),
        _("Make it private on the Hub, choose another name, or publish it on purpose."),
    )
