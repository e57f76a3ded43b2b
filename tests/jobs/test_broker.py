"""The studio's own broker, as a real server process."""

from __future__ import annotations

import json
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from studio.errors import StudioError
from studio.jobs import broker, processes
from studio.settings import ROOT, Settings, settings
from tests.waiting import PATIENCE, until


def test_an_address_in_the_settings_is_taken_as_it_is(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "rediss://user:secret@example.org:6380/2")
    settings.cache_clear()
    assert broker.broker_url(settings()) == "rediss://user:secret@example.org:6380/2"


def test_before_the_first_start_there_is_a_plain_error(home: Settings) -> None:
    with pytest.raises(StudioError, match="not running") as caught:
        broker.broker_url(home)
    assert "make studio" in caught.value.remedy


def test_it_asks_for_the_password_and_keeps_it_private(home: Settings) -> None:
    with broker.running(home) as url:
        assert broker.answers(url)
        port = redis.Redis.from_url(url).connection_pool.connection_kwargs["port"]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port, retry=Retry(NoBackoff(), 0)).ping()
        address = broker.address_file(home)
        assert stat.S_IMODE(address.stat().st_mode) == 0o600
        process = psutil.Process(json.loads(address.read_text())["pid"])
        password = redis.Redis.from_url(url).connection_pool.connection_kwargs["password"]
        assert password not in " ".join(process.cmdline())
        assert {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"} == {
            "127.0.0.1"
        }
    assert not process.is_running()


def test_a_client_finds_it_again_after_kill(home: Settings) -> None:
    with broker.running(home) as url:
        client = redis.Redis.from_url(url)
        client.set("kept", "yes")
        server = psutil.Process(json.loads(broker.address_file(home).read_text())["pid"])
        server.kill()
        server.wait(PATIENCE)
    with broker.running(home) as again:
        assert again == url
        assert client.get("kept") == b"yes"


def test_it_starts_when_its_folder_was_deleted(home: Settings) -> None:
    with broker.running(home) as url:
        redis.Redis.from_url(url).set("lost", "yes")
    shutil.rmtree(broker.folder(home))
    with broker.running(home) as again:
        assert again == url
        assert redis.Redis.from_url(url).get("lost") is None


def test_a_truncated_file_costs_only_its_tail(home: Settings) -> None:
    filled(home)
    (tail,) = broker.folder(home).rglob("*.incr.aof")
    with tail.open("r+b") as file:
        file.truncate(tail.stat().st_size - 5)
    with broker.running(home) as url:
        assert redis.Redis.from_url(url).dbsize() == 99


def garbage_in_the_log(files: Path) -> None:
    (log,) = files.rglob("*.incr.aof")
    content = bytearray(log.read_bytes())
    content[200:260] = b"\xff" * 60
    log.write_bytes(content)


def garbage_in_the_base(files: Path) -> None:
    (base,) = files.rglob("*.base.rdb")
    base.write_bytes(b"\xff" * 200)


def base_is_gone(files: Path) -> None:
    (base,) = files.rglob("*.base.rdb")
    base.unlink()


def garbage_in_the_manifest(files: Path) -> None:
    (manifest,) = files.rglob("*.manifest")
    manifest.write_text("this is not a manifest\n")


@pytest.mark.parametrize(
    "damage",
    [garbage_in_the_log, garbage_in_the_base, base_is_gone, garbage_in_the_manifest],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_file_is_set_aside(home: Settings, damage: object) -> None:
    filled(home)
    assert callable(damage)
    damage(broker.folder(home))
    said = home.run / "said.log"
    with said.open("wb") as output:
        child = broker.start(home, output)
    assert child.wait(PATIENCE) != 0
    broker.set_aside_if_damaged(home, said.read_text())
    with broker.running(home) as url:
        assert redis.Redis.from_url(url).dbsize() == 0
    assert len(list(home.data.glob("broker.damaged-*"))) == 1


def test_other_last_words_leave_the_files_alone(home: Settings) -> None:
    filled(home)
    broker.set_aside_if_damaged(home, "Can't open the append-only file: No space left on device")
    assert broker.folder(home).is_dir()


def test_a_server_left_behind_is_ended_first(home: Settings) -> None:
    home.run.mkdir(parents=True)
    # A parent that goes away without ending its child, where nothing binds one to the other.
    left_behind = subprocess.run(
        [sys.executable, "-c", LEAVE_BEHIND],
        cwd=ROOT,
        env=processes.environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    stale = psutil.Process(int(left_behind.stdout))
    with broker.running(home) as url:
        assert broker.answers(url)
        assert json.loads(broker.address_file(home).read_text())["pid"] != stale.pid
        until(lambda: not stale.is_running(), "the one that was left behind to be gone")


LEAVE_BEHIND = """
import subprocess
from studio.jobs import broker, processes
from studio.settings import settings
processes.LINUX = False
child = broker.start(settings(), subprocess.DEVNULL)
broker.wait_until_it_answers(broker.broker_url(settings()), child)
print(child.pid)
"""


def test_a_process_that_took_over_the_pid_is_left_alone(home: Settings) -> None:
    with broker.running(home):
        pass
    address = broker.address_file(home)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    address.write_text(json.dumps({**json.loads(address.read_text()), "pid": other.pid}))
    with broker.running(home):
        assert other.poll() is None
    other.kill()
    other.wait()


def test_a_port_taken_meanwhile_is_not_fought_over(home: Settings) -> None:
    with broker.running(home) as url:
        port = redis.Redis.from_url(url).connection_pool.connection_kwargs["port"]
    import socket

    with socket.create_server(("127.0.0.1", port)), broker.running(home) as other:
        assert other != url
        assert broker.answers(other)


@pytest.mark.parametrize("tethered", [False, True])
def test_a_child_dies_with_its_parent(home: Settings, tmp_path: Path, tethered: bool) -> None:
    told = tmp_path / "pid"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tethered), str(told)],
        cwd=ROOT,
        env=processes.environment(home),
    )
    until(lambda: told.exists() and told.read_text(), "the child's process id")
    child = psutil.Process(int(told.read_text()))
    assert child.is_running()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs([child], timeout=PATIENCE)
    assert not alive


PARENT = """
import sys, subprocess, time
from studio.jobs import processes
tethered = sys.argv[1] == "True"
processes.LINUX = not tethered
tell = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(3600)"
processes.spawn(
    [sys.executable, "-c", tell, sys.argv[2]], subprocess.DEVNULL, tethered=tethered
)
time.sleep(3600)
"""


def filled(home: Settings) -> None:
    with broker.running(home) as url:
        client = redis.Redis.from_url(url)
        for number in range(100):
            client.set(f"key-{number}", "value")
