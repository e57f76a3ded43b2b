"""From the stream into SQLite: batches, one transaction each, acknowledged after the commit."""

from __future__ import annotations

import logging
import sqlite3
import time
from typing import Any

import redis
from pydantic import ValidationError

from studio.domain.events import EVENT, Event
from studio.jobs import keys, leases
from studio.store import Database, events
from studio.store.database import write
from studio.store.projections import Recording

log = logging.getLogger(__name__)

BATCH = 2_000
CONSUMER = "recorder"
LOCKED_PAUSE = 0.2
TOLD_EVERY = 30.0
FAULTS = (ValidationError, ValueError, KeyError, TypeError, sqlite3.IntegrityError)
"""What an event can cause that is no fault of the database."""
RawEvent = tuple[bytes, dict[bytes, bytes]]


class Recorder:
    """Reads with a consumer group of one. Killed at any moment, it reads again what it had not
    acknowledged; what was committed by then is known by its number and skipped."""

    def __init__(self, db: Database, client: redis.Redis) -> None:
        self.db = db
        self.client = client
        self.inserted = self.known = self.refused = 0
        self._pending = True
        self._told_at = -TOLD_EVERY

    def step(self, block: float) -> list[str] | None:
        """Record one batch, waiting up to ``block`` seconds for it.

        Returns the ids of jobs that ended with it; None when there was nothing to read.

        Raises:
            AWAY: the broker cannot be reached; nothing is lost.
        """
        entries = self._read(block)
        if not entries:
            return None
        recording = self._record(entries)
        self._acknowledge(entries, recording)
        self.inserted += recording.inserted
        self.known += recording.known
        self.refused += recording.refused
        return recording.ended

    def reconnected(self, client: redis.Redis) -> None:
        """Go on with another connection; what was in the air is read again."""
        self.client = client
        self._pending = True

    def lag(self) -> int:
        """How many events wait to be recorded."""
        return int(self.client.xlen(keys.STREAM))

    def _read(self, block: float) -> list[RawEvent]:
        """What was read before and not acknowledged comes first."""
        try:
            if self._pending:
                entries = self._group_read("0", None)
                self._pending = bool(entries)
                if entries:
                    return entries
            return self._group_read(">", max(1, int(block * 1000)))
        except redis.ResponseError as problem:
            if "NOGROUP" not in str(problem):
                raise
            return self._make_group()

    def _group_read(self, since: str, block: int | None) -> list[RawEvent]:
        found: Any = self.client.xreadgroup(
            keys.GROUP, CONSUMER, {keys.STREAM: since}, count=BATCH, block=block
        )
        return list(found[0][1]) if found else []

    def _make_group(self) -> list[RawEvent]:
        """In a fresh or wiped broker."""
        try:
            self.client.xgroup_create(keys.STREAM, keys.GROUP, id="0", mkstream=True)
        except redis.ResponseError as problem:
            if "BUSYGROUP" not in str(problem):
                raise
        self._pending = True
        return []

    def _record(self, entries: list[RawEvent]) -> Recording:
        """All of a batch in one transaction; with a faulty event in it, one by one."""
        while True:
            try:
                return self._transact(entries)
            except sqlite3.OperationalError as problem:
                if time.monotonic() > self._told_at + TOLD_EVERY:
                    log.warning("The database cannot be written now, trying on: %s", problem)
                    self._told_at = time.monotonic()
                time.sleep(LOCKED_PAUSE)
            except FAULTS:
                if len(entries) == 1:
                    return self._set_aside(entries[0])
                return self._one_by_one(entries)

    def _transact(self, entries: list[RawEvent]) -> Recording:
        recording = Recording(self.db)
        with write(self.db):
            for _, fields in entries:
                recording.take(EVENT.validate_json(fields.get(b"e", b"")))
            recording.close()
        return recording

    def _one_by_one(self, entries: list[RawEvent]) -> Recording:
        total = Recording(self.db)
        for entry in entries:
            part = self._record([entry])
            total.inserted += part.inserted
            total.known += part.known
            total.refused += part.refused
            total.ended += part.ended
            total.strays += part.strays
            for place, seq in part.seqs.items():
                total.seqs[place] = max(total.seqs.get(place, 0), seq)
        return total

    def _set_aside(self, entry: RawEvent) -> Recording:
        """Keep an event that cannot be taken, so that it does not hold up the others."""
        raw = entry[1].get(b"e", b"").decode(errors="replace")
        recording = Recording(self.db, refused=1)
        event: Event | None = None
        try:
            event = EVENT.validate_json(raw)
            self._probe(event)
            reason = "It was refused in a batch, and taken alone."
        except FAULTS as problem:
            reason = f"{type(problem).__name__}: {problem}"
        log.error("An event cannot be recorded and was set aside: %s", reason)
        with write(self.db):
            if event:
                events.insert(self.db, event)
                recording.seqs[event.job_id, event.attempt] = event.seq
            events.refuse(self.db, event.job_id if event else None, reason, raw, time.time())
        return recording

    def _probe(self, event: Event) -> None:
        with write(self.db):
            recording = Recording(self.db)
            recording.take(event)
            recording.close()

    def _acknowledge(self, entries: list[RawEvent], recording: Recording) -> None:
        """Tell the spools how far SQLite is, then let the stream forget the batch."""
        ids = [entry[0] for entry in entries]
        with self.client.pipeline() as pipe:
            for (job_id, attempt), seq in recording.seqs.items():
                pipe.hset(keys.RECORDED, keys.attempt_of(job_id, attempt), seq)
            pipe.xack(keys.STREAM, keys.GROUP, *ids)
            pipe.xdel(keys.STREAM, *ids)
            pipe.execute()
        for job_id, attempt in recording.strays:
            leases.ask_to_stop(job_id, attempt, self.client)
