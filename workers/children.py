"""What the studio host runs: broker, recorder, workers and the page server."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

import redis

from studio.conversion import toolkit
from studio.errors import StudioError
from studio.jobs import broker, keys, live, processes, queue
from studio.language import _
from studio.settings import ROOT, Settings


@dataclass(frozen=True)
class Child:
    """One process to keep running.

    Children of a stage start when all of the stages below are ready, or out of ``patience``
    (seconds). ``ready`` is asked with the process id every ``look`` seconds while it starts;
    ``mend`` is called with the end of the log when it ended before it was ready. ``greeting``
    is what the person at the terminal reads the first time it is ready. It is not started before
    ``when`` holds, and not again after it has ended well where it is to run ``once``.
    """

    name: str
    stage: int
    launch: Callable[[IO[bytes]], subprocess.Popen[bytes]]
    ready: Callable[[int], bool] = lambda pid: True
    look: float = 0.05
    mend: Callable[[str], None] = lambda last_words: None
    patience: float = 30.0
    grace: float = 10.0
    greeting: str = ""
    when: Callable[[], bool] = lambda: True
    once: bool = False


def standard(settings: Settings, page: int | None = None) -> list[Child]:
    """The children of a data folder; ``page`` is the page server's port, where one is wanted."""
    own_broker = [] if settings.redis_url else [broker_child(settings)]
    pages = [] if page is None else [page_child(settings, page)]
    return [
        *own_broker, recorder_child(settings), *pages, *worker_children(settings),
        *builder_children(settings),
    ]  # fmt: skip


def broker_child(settings: Settings) -> Child:
    return Child(
        "broker",
        stage=0,
        launch=lambda log: broker.start(settings, log),
        ready=lambda pid: broker.answers(broker.broker_url(settings)),
        mend=partial(broker.set_aside_if_damaged, settings),
    )


def recorder_child(settings: Settings) -> Child:
    return Child("recorder", stage=1, launch=_module(settings, "recorder"), ready=recorder_is_up)


def worker_children(settings: Settings) -> list[Child]:
    return [
        worker_child("cpu", _module(settings, "cpu")),
        worker_child("train", _module(settings, "train")),
        replace(worker_child("write", _module(settings, "write")), when=toolkit.ready),
    ]


def worker_child(name: str, launch: Callable[[IO[bytes]], subprocess.Popen[bytes]]) -> Child:
    return Child(name, stage=2, launch=launch, ready=worker_is_up, look=0.5)


def builder_children(settings: Settings) -> list[Child]:
    """The builder of llama.cpp, where set-up has left that to the open studio; an environment that
    is not set-up's is its owner's to complete."""
    ours = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    if toolkit.ready() or not ours:
        return []
    return [Child("engine", stage=2, launch=_module(settings, "engine"), once=True)]


def recorder_is_up(pid: int) -> bool:
    """Whether the recorder that runs as ``pid``, or below it, has said that it is there."""
    try:
        told = queue.connect(patience=0.5).hget(keys.RECORDER, "pid")
    except (redis.RedisError, StudioError):
        return False
    return told is not None and int(told) in _below(pid)


def worker_is_up(pid: int) -> bool:
    """Whether the worker that runs as ``pid``, or below it, has said that it is there."""
    try:
        told = live.workers(queue.connect(patience=0.5))
    except (redis.RedisError, StudioError):
        return False
    mine = _below(pid)
    return any(info.host == socket.gethostname() and info.pid in mine for info in told)


def _below(pid: int) -> set[int]:
    return {process.pid for process in processes.family(pid)}


def page_child(settings: Settings, port: int) -> Child:
    options = ["--server.port", str(port), "--server.headless", "true"]
    command = [sys.executable, "-m", "studio.ui.serve", *options]
    return Child(
        "page",
        stage=1,  # before the workers, whose libraries keep the processors busy for a while
        launch=lambda log: processes.spawn(command, log, env=processes.environment(settings)),
        ready=lambda pid: page_answers(port),
        greeting=_("The studio is open: {url}").format(url=f"http://localhost:{port}"),
        grace=3.0,
    )


def page_answers(port: int) -> bool:
    """Whether the page server on this machine says that it is well."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=0.5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _module(settings: Settings, verb: str) -> Callable[[IO[bytes]], subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "workers", verb]
    return lambda log: processes.spawn(command, log, env=processes.environment(settings))
