"""``python -m workers cpu|train|write|recorder|engine|supervise``: one process of one role."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before anything imports torch
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not survive a fork

from studio.domain.records import WorkerInfo
from studio.errors import StudioError
from studio.jobs import artifacts, queue
from workers import roles, tasks
from workers.readiness import Readiness
from workers.roles import Role
from workers.serving import ForkingWorker, PersistentWorker

log = logging.getLogger("workers")

WAIT = 1.0
ROLES = ("cpu", "train", "write", "recorder", "engine", "supervise")


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["supervise"]:
        from workers import supervisor

        return supervisor.main(given[1:])
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    parser = argparse.ArgumentParser(prog="python -m workers")
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--backend", default="llamacpp", help="inference backend to write with")
    chosen = parser.parse_args(given)
    if chosen.role == "recorder":
        from workers import recorder  # it alone opens the database

        return recorder.main()
    if chosen.role == "engine":
        from workers import builder

        return builder.main()
    serve(roles.role_of(chosen.role, chosen.backend))
    return 0


def serve(role: Role) -> None:
    """Offer this machine to the queue of a role, through every absence of the broker."""
    info = _introduce(role)
    tasks.desk.seat = tasks.Seat(info.name, info.device, info.host, role.pulse)
    readiness = Readiness(role.imports, role.always)
    kind = PersistentWorker if role.name == "write" else ForkingWorker
    artifacts.own().sweep()
    while True:
        _wait_for_broker()
        worker = kind(info, role, tasks.desk.seat, readiness)
        try:
            worker.work(logging_level="WARNING")
        except queue.AWAY as problem:
            log.warning("The broker went away: %s", problem)
        if worker.asked_to_leave:
            return
        if worker.asked_to_rest:  # in the same process, but without all that it has loaded
            os.execv(sys.executable, sys.orig_argv)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.sleep(WAIT)


def _introduce(role: Role) -> WorkerInfo:
    device = roles.device()
    return WorkerInfo(
        name=roles.name_of(role), role=role.name, device=device.name, memory=device.memory,
        host=socket.gethostname(), pid=os.getpid(), libraries=roles.libraries(), state="idle",
        capability=device.capability, driver=device.driver, watts=device.watts, cards=device.cards,
        cores=os.cpu_count() or 1, **roles.room(),
    )  # fmt: skip


def _wait_for_broker() -> None:
    told = False
    while True:
        try:
            queue.connect(patience=2.0).ping()
            return
        except (*queue.AWAY, StudioError) as problem:
            if not told:
                log.warning("Waiting for the broker: %s", problem)
            told = True
            time.sleep(WAIT)


if __name__ == "__main__":
    sys.exit(main())
