"""The events of an attempt on disk, until the recorder has them; and their way to the stream.

Events reach the stream in order and without gaps, each once: the broker itself compares how
far the attempt has come with what it is offered, in one step with taking it. A broker that was
wiped or lost its last second asks for less, and the rest is read from disk and sent again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import redis

from studio.jobs import keys, leases
from studio.jobs.leases import Lease

log = logging.getLogger(__name__)

BATCH = 500
KEPT = 2_000
"""Lines of the end of a spool that stay in memory, so that sending needs no reading."""

_APPEND = """
local owner = redis.call('GET', KEYS[4])
if owner and owner ~= ARGV[2] then return -1 end
local have = tonumber(redis.call('HGET', KEYS[2], ARGV[1])
  or redis.call('HGET', KEYS[3], ARGV[1]) or '0')
local from = tonumber(ARGV[3])
if have ~= from or #ARGV == 3 then return have end
for i = 4, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end
have = from + #ARGV - 3
redis.call('HSET', KEYS[2], ARGV[1], have)
return have
"""


class Fenced(Exception):
    """Another process has this attempt; nothing of this one is wanted."""


class Spool:
    """One attempt's file: line n holds event n. Locked while its process lives."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.job_id, attempt, self.token = path.stem.rsplit("-", 2)
        self.attempt = int(attempt)
        self.sent = 0
        self._file = file
        self._tail: list[bytes] = []
        self._on_disk = self.last = _count_lines(file)
        self._at = (0, 0)  # seq and offset where the last reading ended

    @classmethod
    def create(cls, folder: Path, job_id: str, attempt: int, token: str) -> Spool:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{keys.attempt_of(job_id, attempt)}-{token}.jsonl"
        # It gets its name when it is locked: a sweeper that came between would remove it.
        draft = path.with_suffix(".new")
        file = draft.open("a+b", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        draft.rename(path)
        return cls(path, file)

    @property
    def name(self) -> str:
        return keys.attempt_of(self.job_id, self.attempt)

    @property
    def lease(self) -> Lease:
        """What the process held by which this was written, as far as giving it up needs."""
        return Lease(job_id=self.job_id, attempt=self.attempt, worker="", token=self.token)

    def append(self, lines: list[bytes], sync: bool = False) -> None:
        """Add events; with ``sync`` they survive a power cut. A full disk costs only that
        they are kept in memory instead until they are sent."""
        self._tail += lines
        self.last += len(lines)
        try:
            unwritten = self._tail[self._on_disk - self.last :]
            self._write(b"".join(line + b"\n" for line in unwritten))
            self._on_disk = self.last
            if sync:
                os.fsync(self._file.fileno())
        except OSError as problem:
            log.error("Events cannot be kept on disk (%s); they stay in memory.", problem)
        if self._on_disk == self.last and len(self._tail) > KEPT:
            del self._tail[:-KEPT]

    def read(self, after: int, limit: int = BATCH) -> list[bytes]:
        """The events that follow number ``after``."""
        skip = after - (self.last - len(self._tail))
        if skip >= 0:
            return self._tail[skip : skip + limit]
        seq, offset = self._at if self._at[0] <= after else (0, 0)
        self._file.seek(offset)
        with open(self._file.fileno(), "rb", closefd=False) as reader:
            for _ in range(after - seq):
                reader.readline()
            lines = [reader.readline() for _ in range(min(limit, self._on_disk - after))]
            self._at = (after + len(lines), reader.tell())
        return [line.rstrip(b"\n") for line in lines]

    def deliver(self, client: redis.Redis) -> None:
        """Put on the stream what is not there yet, and what a broker has lost.

        Raises:
            Fenced: another process has this attempt.
            AWAY: the broker cannot be reached.
        """
        while True:
            batch = self.read(self.sent)
            have = self._offer(client, batch)
            done = have >= self.sent + len(batch)
            self.sent = min(have, self.last)
            if done and self.sent == self.last:
                return

    def recorded(self, client: redis.Redis) -> bool:
        """Whether all of it is in SQLite."""
        seq = client.hget(keys.RECORDED, self.name)
        return int(seq or 0) >= self.last

    def forget(self, client: redis.Redis) -> None:
        """The file has done its work."""
        self.path.unlink(missing_ok=True)
        self.close()
        with client.pipeline() as pipe:
            pipe.hdel(keys.SENT, self.name)
            pipe.hdel(keys.RECORDED, self.name)
            pipe.execute()

    def close(self) -> None:
        self._file.close()

    def _offer(self, client: redis.Redis, batch: list[bytes]) -> int:
        names = (keys.STREAM, keys.SENT, keys.RECORDED, keys.claim(self.job_id, self.attempt))
        arguments: tuple[Any, ...] = (self.name, self.token, self.sent, *batch)
        have = int(client.eval(_APPEND, len(names), *names, *arguments))
        if have < 0:
            raise Fenced(self.name)
        return have

    def _write(self, data: bytes) -> None:
        size = self._file.seek(0, 2)
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError:
            self._file.truncate(size)
            raise


def orphans(folder: Path) -> Iterator[Spool]:
    """The spools whose processes have ended, each locked for the one who sweeps."""
    for path in sorted(folder.glob("*.jsonl")):
        try:
            file = path.open("r+b", buffering=0)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        if not path.exists():  # another swept it between open and lock
            file.close()
            continue
        spool = Spool(path, file)
        try:
            yield spool
        finally:
            spool.close()


def sweep(folder: Path, client: redis.Redis) -> int:
    """Send what ended processes left unsent, drop what is recorded; how many are left.

    A process whose spool is not locked is gone for certain. Its lease is given up once its
    words are on the stream, so that its job need not wait for the lease to run out.

    Raises:
        AWAY: the broker cannot be reached.
    """
    left = 0
    for spool in orphans(folder):
        try:
            spool.deliver(client)
        except Fenced:
            spool.path.unlink(missing_ok=True)
            continue
        leases.release(spool.lease, client)
        if spool.recorded(client):
            spool.forget(client)
        else:
            left += 1
    return left


def clear(work: Path, folder: Path) -> None:
    """Remove the scratch folders of attempts whose spools are gone: nobody works there."""
    for scratch in work.glob("*"):
        if not (folder / f"{scratch.name}.jsonl").exists():
            shutil.rmtree(scratch, ignore_errors=True)


def _count_lines(file: IO[bytes]) -> int:
    """Whole lines; what a torn last line holds was never sent."""
    file.seek(0)
    count, end = 0, 0
    with open(file.fileno(), "rb", closefd=False) as reader:
        for line in reader:
            if line.endswith(b"\n"):
                count, end = count + 1, end + len(line)
    file.truncate(end)
    return count
