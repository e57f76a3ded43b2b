"""Keys are tried at servers on this machine: real requests, real refusals, a real silence."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from studio.domain.specs import TrainSpec
from studio.services import access
from studio.settings import Settings, settings
from tests.waiting import PATIENCE

GOOD = "a-good-key"
SPEC = TrainSpec(name="Mine", dataset="a" * 64, trackers=("wandb",))


class Service(BaseHTTPRequestHandler):
    """The part of the Hub and of Weights & Biases that says who somebody is."""

    asked: ClassVar[list[str]] = []
    broken = False

    def do_GET(self) -> None:
        self.asked.append(self.path)
        known = self.headers["Authorization"] == f"Bearer {GOOD}"
        there = self.path == "/api/whoami-v2"
        self._answer(200 if known and there else 401, {"name": "me"} if known else {})

    def do_POST(self) -> None:
        self.asked.append(self.path)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert "viewer" in asked["query"]
        pair = base64.b64encode(f"api:{GOOD}".encode()).decode()
        known = self.headers["Authorization"] == f"Basic {pair}"
        self._answer(200, {"data": {"viewer": {"id": "1"} if known else None}})

    def _answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(500 if self.broken else status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def service(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Service]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(access, "PATIENCE", PATIENCE)
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("WANDB_BASE_URL", address)
    Service.asked, Service.broken = [], False
    access.forget()
    yield Service
    access.forget()
    server.shutdown()
    server.server_close()


def give(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("HF_TOKEN", key)
    monkeypatch.setenv("WANDB_API_KEY", key)
    settings.cache_clear()


@pytest.mark.parametrize(("key", "state"), [(GOOD, "works"), ("a-wrong-key", "refused")])
def test_a_key_is_tried(
    service: type[Service], monkeypatch: pytest.MonkeyPatch, key: str, state: str
) -> None:
    give(monkeypatch, key)
    found = access.access(SPEC, gated=True)
    assert (found.hub, found.wandb) == (state, state)
    assert found.at == pytest.approx(time.time(), abs=60)
    assert key not in found.model_dump_json()


def test_an_answer_is_kept(service: type[Service], monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, GOOD)
    for _time in range(3):
        access.access(SPEC, gated=True)
    assert service.asked == ["/api/whoami-v2", "/graphql"]
    give(monkeypatch, "another")
    assert access.access(SPEC, gated=True).hub == "refused"


def test_nobody_asks_without_a_reason(
    service: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert access.access(SPEC, gated=True).hub == "absent"
    give(monkeypatch, GOOD)
    found = access.access(SPEC.model_copy(update={"trackers": ()}), gated=False)
    assert (found.hub, found.wandb) == ("untested", "untested")
    assert service.asked == []


def test_a_service_in_trouble_refuses_nobody(
    service: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, GOOD)
    service.broken = True
    found = access.access(SPEC, gated=True)
    assert (found.hub, found.wandb) == ("unreachable", "unreachable")


@pytest.mark.parametrize("silent", [True, False])
def test_silence_is_waited_for_shortly(
    service: type[Service], monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        if not silent:
            nobody.close()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("WANDB_BASE_URL", "no address at all")
        monkeypatch.setattr(access, "PATIENCE", 0.3)
        give(monkeypatch, GOOD)
        found = access.access(SPEC, gated=True)
    assert (found.hub, found.wandb) == ("unreachable", "unreachable")
