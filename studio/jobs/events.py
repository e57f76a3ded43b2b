"""From an engine's ``emit`` to the stream: numbered, kept on disk, sent by a thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from pathlib import Path

import redis

from studio.domain.events import TERMINAL, Body, Token
from studio.errors import StudioError
from studio.jobs import queue
from studio.jobs.leases import Lease
from studio.jobs.live import Speaker
from studio.jobs.spool import Fenced, Spool

log = logging.getLogger(__name__)

GATHER = 0.03
"""Seconds of tokens that followers are shown together, once they have seen the first."""
KEEP = 0.25
"""Seconds of tokens that become one event."""
LOOK = 1.0
"""How often a silent attempt asks whether the broker still has its events."""
RETRY = 0.25
FINAL = tuple(f'{{"type":"{kind}"'.encode() for kind in TERMINAL)


class Emitter:
    """Numbers the bodies of one attempt and sends them; ``emit`` costs the engine a microsecond.

    Text goes two ways: to followers at once, and into events a quarter of a second at a time.
    Used as a context manager: leaving it sends what is left, for as long as ``patience``
    seconds. What could not be sent then is in the spool, and is swept by the worker.
    """

    def __init__(self, lease: Lease, folder: Path, patience: float = 5.0) -> None:
        self.delivered = False
        self._lease = lease
        self._patience = patience
        self._spool = Spool.create(folder, lease.job_id, lease.attempt, lease.token)
        self._pending: deque[tuple[float, str | bytes]] = deque()
        self._seq = 0
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._closing = self._fenced = self._spoke = False
        self._client: redis.Redis | None = None
        self._not_before = self._asked_at = 0.0
        self._speaker = Speaker(lease.job_id, lease.attempt)
        self._text: list[str] = []
        self._since = 0.0
        self._final: bytes | None = None
        self._thread = threading.Thread(target=self._run, name="emitter", daemon=True)

    def __enter__(self) -> Emitter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._hurry.set()
        self._wake.set()
        self._thread.join()
        self._spool.close()

    def emit(self, body: Body) -> None:
        """Take it; a body that JSON cannot carry is refused here, where the engine sees it."""
        text = isinstance(body, Token)
        said = body.text if isinstance(body, Token) else body.model_dump_json().encode()
        self._pending.append((time.time(), said))
        if not (text and self._spoke):
            self._spoke = text
            self._hurry.set()
        if not self._wake.is_set():
            self._wake.set()

    def fence(self) -> None:
        """Emit nothing further: the job was given to another worker."""
        self._fenced = True
        self._wake.set()

    def _run(self) -> None:
        wait = LOOK
        while not (self._closing or self._fenced):
            self._wake.wait(wait)
            self._wake.clear()
            spoke = self._keep()
            wait = RETRY if not self._send() else KEEP if self._text else LOOK
            if spoke:
                self._hurry.wait(GATHER)
            self._hurry.clear()
        self._finish()

    def _finish(self) -> None:
        deadline = time.monotonic() + self._patience
        self._keep()
        while not self._fenced and not self._send() and time.monotonic() < deadline:
            time.sleep(RETRY)

    def _keep(self) -> bool:
        """Number what was emitted and write it to the spool; whether text was among it."""
        taken = [self._pending.popleft() for _ in range(len(self._pending))]
        spoke, bodies = False, []
        for at, said in taken:
            if isinstance(said, str):
                self._speaker.say(said)
                self._text.append(said)
                self._since, spoke = self._since or at, True
            else:
                bodies += [*self._spoken(), (at, said)]
        if self._closing or (self._since and time.time() - self._since >= KEEP):
            bodies += self._spoken()
        if bodies and not self._fenced:
            self._final = next((b for _, b in bodies if b.startswith(FINAL)), self._final)
            lines = [self._envelope(at, body) for at, body in bodies]
            self._spool.append(lines, sync=bool(self._final))
        return spoke

    def _spoken(self) -> list[tuple[float, bytes]]:
        """The text that is not recorded yet, as one body."""
        if not self._text:
            return []
        body = Token(text="".join(self._text)).model_dump_json().encode()
        since, self._since = self._since, 0.0
        self._text.clear()
        return [(since, body)]

    def _envelope(self, at: float, body: bytes) -> bytes:
        """The JSON of an Event."""
        self._seq += 1
        return b'{"job_id":"%b","attempt":%d,"seq":%d,"at":%.6f,"body":%b}' % (
            self._lease.job_id.encode(), self._lease.attempt, self._seq, at, body,
        )  # fmt: skip

    def _send(self) -> bool:
        now = time.monotonic()
        if self._fenced or now < self._not_before:
            return self._fenced
        try:
            self._client = self._client or queue.shared()
            self._speaker.show(self._client)
            if self._spool.sent < self._spool.last or now - self._asked_at >= LOOK:
                self._spool.deliver(self._client)
                self._asked_at = now
            if self._final:
                self._speaker.end(self._client)
                self._final = None
            self.delivered = True
        except Fenced:
            self._fenced = True
        except (redis.RedisError, StudioError) as problem:
            if self.delivered:
                log.warning("Events wait on disk, the broker is away: %s", problem)
            self.delivered, self._client = False, None
            self._not_before = now + RETRY
        return self.delivered or self._fenced
