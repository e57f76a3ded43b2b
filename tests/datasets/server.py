"""A small OpenAI-compatible server on loopback, with scripted answers and faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """``status`` and ``body`` as they go out; a body that is no dictionary goes out as it is."""

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    held: bool = False
    """It does not go out before the server ends."""
    cut: bool = False
    """Promise more than is sent, then close the connection."""


def said(text: str, read: int = 10, written: int = 5) -> Reply:
    message = {"role": "assistant", "content": text}
    return Reply(
        body={
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {
                "prompt_tokens": read,
                "completion_tokens": written,
                "total_tokens": read + written,
            },
        }
    )


def refused(status: int, message: str = "", **more: str) -> Reply:
    return Reply(status, {"error": {"message": message, "type": "error", **more}})


Script = Callable[[dict[str, Any], int], Reply]
"""What to answer to a request (its body), given how many there were before it."""


class Server:
    """``requests`` holds the bodies, ``keys`` the Authorization headers, as they came."""

    def __init__(self, script: Script) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.script = script
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self.address = f"http://127.0.0.1:{self._http.server_port}/v1"

    def asked(self) -> list[str]:
        """The last turns that were asked, in the order in which they came."""
        return [request["messages"][-1]["content"] for request in self.requests]

    @contextmanager
    def running(self) -> Iterator[Server]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ending.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def reply(self, path: str, key: str | None, body: dict[str, Any]) -> Reply:
        with self._lock:
            before = len(self.requests)
            self.requests.append(body)
            self.keys.append(key)
            self.paths.append(path)
        return self.script(body, before)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                reply = server.reply(self.path, self.headers["Authorization"], body)
                if reply.held:
                    server._ending.wait()
                self._send(reply)

            def _send(self, reply: Reply) -> None:
                plain = not isinstance(reply.body, dict)
                content = str(reply.body) if plain else json.dumps(reply.body)
                data = content.encode()
                try:
                    self.send_response(reply.status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data) * (1 + reply.cut)))
                    for name, value in reply.headers:
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    return  # The other side did not wait.

            def log_message(self, *_arguments: Any) -> None:
                """Silent."""

        return Handler
