"""Runs one training in several processes, a graphics card each, which ``accelerate launch`` starts.

Each process runs the engine (``rank.py``) and all see the same: passages, measures, decisions.
This one computes nothing. It holds the room, and lets them into it through a socket: the first
process tells and stores for all of them. When this process dies, theirs end with the socket; when
one of theirs dies, the others are ended, and all begin again at the last checkpoint.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
from pydantic import TypeAdapter

from studio.domain.events import AnyBody, CheckpointSaved, LogLine
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Stopped, Workroom
from studio.errors import Damaged, StudioError
from studio.language import _
from studio.settings import ROOT

BODY: TypeAdapter[Any] = TypeAdapter(AnyBody)
LOOK = 0.1
"""Seconds between two looks for a request to stop."""
LEAVE = 10.0
"""Seconds in which the processes may end after the last word."""
TRIES = 3
"""Times that they are started without a new checkpoint."""
TOLD = 2000
"""Characters of what a process that died said last."""
CONFIG = """\
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
num_machines: 1
num_processes: {processes}
machine_rank: 0
main_process_ip: 127.0.0.1
main_process_port: 0
mixed_precision: "no"
use_cpu: false
"""
"""For ``accelerate launch``, which asks for no graphics card by this: the processes find out by
themselves what they compute on, and without a card speak through gloo instead of NCCL. DDP and
FSDP begin alike; ``sharding.py`` makes the difference."""


class Struck(StudioError):
    """A process was ended that had not said its last word."""


def run(spec: TrainSpec, room: Workroom) -> dict[str, Any]:
    """The result of ``engine.teach`` in ``spec.compute.processes`` processes. When one of them is
    ended from outside, all go on from the newest checkpoint, ``TRIES`` times without a new one.

    Raises:
        StudioError: what one of them raised, or that they were ended once too often.
        Stopped: on request, after all had stopped at the same step.
    """
    kept = [room.checkpoint, *room.earlier] if room.checkpoint else []
    tries = TRIES
    while True:
        known = len(kept)
        try:
            return _attempt(spec, room, kept)
        except Struck as problem:
            tries = TRIES if len(kept) > known else tries - 1
            if tries == 0:
                raise
            del kept[spec.keep_checkpoints :]
            text = _("{what} All of them begin again at the last checkpoint.")
            room.emit(LogLine(level="warning", text=text.format(what=problem.what)))


def _attempt(spec: TrainSpec, room: Workroom, kept: list[str]) -> dict[str, Any]:
    """``kept``: artifact ids of checkpoints, the newest first; new ones are added."""
    order = {"spec": spec.model_dump(mode="json"), "folder": str(room.folder), "kept": kept}
    (room.folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
    with (
        tempfile.TemporaryDirectory(prefix="lorewright-") as place,
        socket.socket(socket.AF_UNIX) as door,
        (room.folder / "processes.log").open("w+b") as log,
    ):
        address = Path(place) / "room"  # a socket's path may have no more than 100 letters
        door.bind(str(address))
        door.listen(spec.compute.processes)
        launcher = _launch(spec.compute.processes, room.folder, address, log)
        try:
            with _Reception(door, room, kept) as reception:
                return _served(reception, launcher, log)
        finally:
            _end(launcher)


def _launch(processes: int, folder: Path, address: Path, log: Any) -> subprocess.Popen[bytes]:
    config = folder / "accelerate.yaml"
    config.write_text(CONFIG.format(processes=processes), encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    cores = max(1, (os.cpu_count() or 1) // processes)
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "accelerate.commands.launch"),
            *("--config_file", str(config), "--num_cpu_threads_per_process", str(cores)),
            *("--module", "studio.training.rank"),
            *(str(address), str(folder / "order.json")),
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,
    )


def _served(reception: _Reception, launcher: subprocess.Popen[bytes], log: Any) -> dict[str, Any]:
    while True:
        ended = launcher.poll() is not None  # asked first: what it said before is still read
        words = reception.words()
        if words or ended:
            words += reception.words()  # what one dies of, the others hear of in no time
        if reception.lost or (ended and not words):
            raise _struck(log)
        if words:
            return _last(min(words, key=lambda word: word["at"]))


class _Reception:
    """Lets processes in, does what they ask, and passes a request to stop on to them."""

    def __init__(self, door: socket.socket, room: Workroom, kept: list[str]) -> None:
        self.lost = False
        """Whether a process is gone that had not said its last word."""
        self._room = room
        self._kept = kept
        self._door = door
        self._heard: dict[Any, bytes] = {}
        """Of each process that is there, what it began to say."""
        self._over: set[Any] = set()
        self._asked_to_stop: set[Any] = set()
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(door, selectors.EVENT_READ)

    def __enter__(self) -> _Reception:
        return self

    def __exit__(self, *_problem: object) -> None:
        self._waiting.close()
        for guest in self._heard:
            guest.close()

    def words(self) -> list[dict[str, Any]]:
        """The last words among what is said in the next moment; the rest is done."""
        last = []
        for key, _events in self._waiting.select(LOOK):
            if key.fileobj is self._door:
                guest, _address = self._door.accept()
                self._waiting.register(guest, selectors.EVENT_READ)
                self._heard[guest] = b""
                continue
            last += [word for word in self._read(key.fileobj) if self._is_last(key.fileobj, word)]
        if self._room.stopped():
            for guest in self._heard.keys() - self._asked_to_stop:
                self._asked_to_stop.add(guest)
                _say(guest, {"stop": True})
        return last

    def _read(self, guest: Any) -> list[dict[str, Any]]:
        try:
            found = guest.recv(1 << 16)
        except ConnectionResetError:
            found = b""
        if not found:
            self._waiting.unregister(guest)
            self.lost = self.lost or guest not in self._over
            return []
        *lines, self._heard[guest] = (self._heard[guest] + found).split(b"\n")
        return [json.loads(line) for line in lines]

    def _is_last(self, guest: Any, word: dict[str, Any]) -> bool:
        """Do what is asked for, unless it is a last word, and answer where an answer is due."""
        match word["do"]:
            case "emit":
                body = BODY.validate_python(word["body"])
                self._room.emit(body)
                if isinstance(body, CheckpointSaved):
                    self._kept.insert(0, body.artifact)
            case "fetch":
                try:
                    _say(guest, {"answer": str(self._room.fetch(word["artifact"]))})
                except StudioError as problem:
                    _say(guest, {"refused": told(problem)})
            case "put":
                _say(guest, {"answer": self._room.put(Path(word["folder"]))})
            case _:
                self._over.add(guest)
                return bool(word["do"] != "left")
        return False


def told(problem: StudioError) -> dict[str, Any]:
    """An error in words that cross a socket."""
    return {
        **problem.as_dict(),
        "cause": problem.cause,
        "damaged": isinstance(problem, Damaged),
    }


def heard(words: dict[str, Any]) -> StudioError:
    """The error that was ``told``."""
    kind = Damaged if words["damaged"] else StudioError
    return kind(words["what"], words["why"], words["remedy"], words["cause"])


def _say(guest: Any, word: dict[str, Any]) -> None:
    try:
        guest.sendall(json.dumps(word).encode() + b"\n")
    except (BrokenPipeError, ConnectionResetError):
        return  # it died; its launcher will say so


def _last(word: dict[str, Any]) -> dict[str, Any]:
    if word["do"] == "finished":
        result: dict[str, Any] = word["result"]
        return result
    if word["do"] == "stopped":
        raise Stopped(word["result"])
    if "error" in word:
        raise heard(word["error"]) from RuntimeError(word["trace"])
    raise RuntimeError(word["trace"])


def _struck(log: Any) -> Struck:
    log.seek(0)
    said = log.read()[-TOLD:].decode("utf-8", "replace")
    problem = Struck(
        _("One of the processes of this training was ended from outside."),
        _("The machine may have run out of memory, or somebody ended it."),
        _("Press Resume: the training goes on from its last checkpoint."),
    )
    problem.__cause__ = RuntimeError(said)
    return problem


def _end(launcher: subprocess.Popen[bytes]) -> None:
    """The processes end by themselves after their last word, and with their socket."""
    family = (
        psutil.Process(launcher.pid).children(recursive=True) if launcher.poll() is None else []
    )
    try:
        launcher.wait(LEAVE)
    except subprocess.TimeoutExpired:
        launcher.kill()
        launcher.wait()
    for process in family:
        if process.is_running():
            process.kill()
