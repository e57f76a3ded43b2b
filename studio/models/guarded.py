"""Renders templates that a person wrote, in a process of its own that can be stopped.

A template can loop for ever or write for ever, and neither can be told from its text. The
process has little memory and two seconds; what it answers is cut off at a length. It stays for
the next template, and ends with the process that asked.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from studio.errors import StudioError
from studio.language import _
from studio.models.templates import REFUSALS, Rendered, render
from studio.settings import ROOT

SECONDS = 2
"""Of a processor's time; the kernel ends what takes more."""
PATIENCE = 30
"""Seconds until the process is there or has answered, however busy the machine is."""
LONGEST = 1_000_000
"""Characters of one conversation."""
MEMORY = 512 << 20
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "SYSTEMROOT")


class Guard:
    """One process, started when it is needed and again after it had to be ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def render(
        self,
        source: str,
        messages: Sequence[Mapping[str, str]],
        marks: Mapping[str, str],
        *,
        asking: bool,
    ) -> Rendered:
        """As ``templates.render``.

        Raises:
            StudioError: the template is broken, does not take these turns, or does not end.
        """
        asked = {"source": source, "messages": [*messages], "marks": {**marks}, "asking": asking}
        with self._lock:
            answer = self._ask(json.dumps(asked).encode() + b"\n")
        if "error" in answer:
            raise broken(answer["error"])
        learned = answer["learned"]
        return Rendered(
            answer["text"],
            None if learned is None else tuple(map(tuple, learned)),
            tuple(map(tuple, answer["words"])),
        )

    def _ask(self, line: bytes) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._answer(process, PATIENCE))
        except (BrokenPipeError, EOFError, TimeoutError) as error:
            self._end(process)
            raise _endless() from error
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        """A process of this one: a forked child must not speak through its parent's."""
        if self._process is None or self._process.poll() is not None or self._owner != os.getpid():
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
            self._owner = os.getpid()
            self._answer(self._process, PATIENCE)
        return self._process

    def _answer(self, process: subprocess.Popen[bytes], seconds: float) -> bytes:
        assert process.stdout is not None
        found, deadline = b"", time.monotonic() + seconds
        while not found.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise TimeoutError
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                raise EOFError
            found += piece
        return found

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        self._process = None


GUARD = Guard()
"""The one of this process."""


def broken(why: str) -> StudioError:
    """What a person is told of a template of theirs that fails."""
    return StudioError(
        _("The template does not work."),
        _("Jinja says: {why}.").format(why=why.rstrip(".")),
        _("Correct the template, or choose another format."),
    )


def _endless() -> StudioError:
    return StudioError(
        _("The template does not end."),
        _("It ran for more than {seconds} seconds, or wanted too much memory.").format(
            seconds=SECONDS
        ),
        _("Take loops and long repetitions out of the template, or choose another format."),
    )


def _answered(line: bytes) -> dict[str, Any]:
    asked = json.loads(line)
    try:
        found = render(asked["source"], asked["messages"], asked["marks"], asking=asked["asking"])
    except (*REFUSALS, MemoryError) as error:
        return {"error": f"{type(error).__name__}: {error}"[:500]}
    if len(found.text) > LONGEST:
        return {"error": f"more than {LONGEST:,} characters"}
    return found._asdict()


def _limit_time() -> None:
    """From here on the process is ended when it takes longer."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    """Answer one line of JSON with another until nobody asks any more."""
    with suppress(ValueError, OSError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201 - its answer
    for line in sys.stdin.buffer:
        _limit_time()
        print(json.dumps(_answered(line)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
