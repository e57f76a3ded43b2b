"""What the Hub has of a model, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from studio.domain.specs import DownloadSpec
from studio.errors import StudioError
from studio.language import _
from studio.settings import settings

WANTED = ("model*.safetensors", "*.json", "*.jinja", "tokenizer.model", "*.txt", "LICENSE*")
"""Files at the top of a repository that a model consists of."""
PIECE = 256 * 1024
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""


@dataclass(frozen=True)
class RemoteFile:
    name: str
    url: str
    size: int
    sha256: str | None


@dataclass(frozen=True)
class Listing:
    """The wanted files of one commit."""

    commit: str
    files: tuple[RemoteFile, ...]
    licence: str | None

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


def wanted(name: str) -> bool:
    return "/" not in name and "\\" not in name and any(fnmatch(name, p) for p in WANTED)


def listing(spec: DownloadSpec, is_wanted: Callable[[str], bool] = wanted) -> Listing:
    """Ask the Hub. Raises StudioError when the model has no safetensors."""
    from huggingface_hub import HfApi, hf_hub_url

    info = HfApi(endpoint=settings().hub).model_info(
        spec.repository, revision=spec.revision, files_metadata=True, timeout=TIMEOUT
    )
    files = tuple(
        RemoteFile(
            name=sibling.rfilename,
            url=hf_hub_url(
                spec.repository, sibling.rfilename, revision=info.sha, endpoint=settings().hub
            ),
            size=sibling.size or 0,
            sha256=sibling.lfs.sha256 if sibling.lfs else None,
        )
        for sibling in sorted(info.siblings or [], key=lambda s: s.rfilename)
        if is_wanted(sibling.rfilename)
    )
    if not any(file.name.endswith(".safetensors") for file in files):
        raise StudioError(
            _("The model {name} has no weights that can be used.").format(name=spec.repository),
            _("It is not published as safetensors, the format that cannot hold program code."),
            _("Choose another edition of the model, one with .safetensors files."),
        )
    return Listing(info.sha, files, _licence(info))


@contextmanager
def pieces(file: RemoteFile, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
    """The content of a file from byte ``start`` on, and the byte it really starts from: 0
    when the server cannot begin in the middle."""
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    # Not compressed: then the bytes on the line are the bytes of the file.
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with get_session().stream("GET", file.url, headers=headers, timeout=TIMEOUT) as answer:
        hf_raise_for_status(answer)
        yield (start if answer.status_code == 206 else 0), answer.iter_bytes(PIECE)


def connection_errors() -> tuple[type[Exception], ...]:
    """What a broken connection raises."""
    from httpx2 import TransportError

    return (TransportError,)


def _licence(info: Any) -> str | None:
    licence = getattr(info.card_data, "license", None)
    tags = (tag.partition(":")[2] for tag in info.tags or [] if tag.startswith("license:"))
    return str(licence) if licence else next(tags, None)


@contextmanager
def explained(spec: DownloadSpec) -> Iterator[None]:
    """Turn the Hub's refusals and a missing network into a StudioError."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    name = spec.repository
    try:
        yield
    except GatedRepoError as error:
        raise StudioError(
            _("The model {name} may not be fetched yet.").format(name=name),
            _("Its owner asks readers to accept conditions first."),
            _("Accept them on the model's page on the Hub, and set HF_TOKEN to your access key."),
        ) from error
    except RepositoryNotFoundError as error:
        raise StudioError(
            _("The Hub has no model {name}.").format(name=name),
            _("The name may be misspelt, or the model is private."),
            _("Check the name, written as owner/model; for a private one set HF_TOKEN."),
        ) from error
    except RevisionNotFoundError as error:
        raise StudioError(
            _("The model {name} has no revision {revision}.").format(
                name=name, revision=spec.revision
            ),
            _("The Hub knows the model, but not this version of it."),
            _("Use main, or a commit that the model's page shows."),
        ) from error
    except HfHubHTTPError as error:
        raise StudioError(
            _("The Hub refused to hand over {name}.").format(name=name),
            _("It answered: {answer}").format(answer=str(error).splitlines()[0]),
            _("Try again in a while; what has arrived is kept."),
        ) from error
    except (*connection_errors(), OfflineModeIsEnabled) as error:
        raise StudioError(
            _("The model {name} cannot be fetched: there is no connection.").format(name=name),
            _("The Hub could not be reached from this machine."),
            _(
                "Check the network and start again, it goes on where it stopped; or choose a"
                " model folder on this machine."
            ),
        ) from error
