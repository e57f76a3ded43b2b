"""One of the processes of a training: ``python -m studio.training.rank SOCKET ORDER``.

Started by ``accelerate launch`` from ``together.py``, which holds the room at the other end of the
socket.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import time
import traceback
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from studio.domain.events import Body
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.models.loading import best_device
from studio.training import engine, ranks
from studio.training.failures import Astray, explained
from studio.training.together import heard, told

log = logging.getLogger(__name__)

PATIENCE = timedelta(hours=2)
"""How long the others wait while the first one stores a checkpoint."""


class SharedRoom(Workroom):
    """The room at the other end of the socket. Only the first process tells and stores."""

    def __init__(self, address: str, order: dict[str, Any]) -> None:
        self.folder = Path(order["folder"])
        kept: list[str] = order["kept"]
        self.checkpoint = kept[0] if kept else None
        self.earlier = tuple(kept[1:])
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        self._answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._asked_to_stop = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def emit(self, body: Body) -> None:
        if ranks.first():
            self.tell(body)

    def tell(self, body: Body) -> None:
        """Emit what only this process knows, be it the first or not."""
        self.say({"do": "emit", "body": body.model_dump(mode="json")})

    def fetch(self, artifact: str) -> Path:
        return Path(self._ask({"do": "fetch", "artifact": artifact}))

    def put(self, folder: Path) -> str:
        return str(self._ask({"do": "put", "folder": str(folder)}))

    def stopped(self) -> bool:
        """All processes get the same answer, and so all of them must ask."""
        return ranks.agreed(self._asked_to_stop.is_set())

    def say(self, word: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(word).encode() + b"\n")

    def leave(self, word: dict[str, Any]) -> None:
        self.say(word | {"at": time.time()})

    def _ask(self, word: dict[str, Any]) -> Any:
        self.say(word)
        found = self._answers.get()
        if "refused" in found:
            raise heard(found["refused"])
        return found["answer"]

    def _listen(self) -> None:
        with self._socket.makefile(encoding="utf-8") as lines:
            for line in lines:
                word = json.loads(line)
                if "stop" in word:
                    self._asked_to_stop.set()
                else:
                    self._answers.put(word)
        os._exit(1)  # whoever holds the room is gone, and nobody would hear of more


def main(address: str, order: Path) -> int:
    """Learn with the others, and say how it ended; the exit status."""
    asked = json.loads(order.read_text(encoding="utf-8"))
    spec = TrainSpec.model_validate(asked["spec"])
    room = SharedRoom(address, asked)
    _join()
    try:
        with explained(spec, lambda: engine.tell_peak(room.tell)):
            result = engine.teach(spec, room)
    except Stopped as stop:
        last: dict[str, Any] = {"do": "stopped", "result": stop.result}
    except Exception as problem:
        log.exception("This process cannot go on.")
        if not isinstance(problem, Astray):
            error = {"error": told(problem)} if isinstance(problem, StudioError) else {}
            room.leave({"do": "failed", "trace": traceback.format_exc(), **error})
            return 1
        # All know it at the same step, and the first has more to say.
        last = {"do": "failed", "trace": traceback.format_exc(), "error": told(problem)}
    else:
        last = {"do": "finished", "result": result}
    room.leave(last if ranks.first() else {"do": "left"})
    return 0


def _join() -> None:
    import torch
    import torch.distributed as group

    if best_device() == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        group.init_process_group("cpu:gloo,cuda:nccl", timeout=PATIENCE)
    else:
        group.init_process_group("gloo", timeout=PATIENCE)


if __name__ == "__main__":
    status = main(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(status)  # the others may be in the middle of something that this one would wait for
