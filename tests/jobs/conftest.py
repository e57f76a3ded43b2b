"""A real broker and real processes for the tests of the job path."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from studio.jobs import broker as brokers
from studio.jobs import queue
from studio.settings import Settings
from tests.processes import Crew, crew
from tests.waiting import PATIENCE


@pytest.fixture
def broker(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a running broker that the settings name, whose silence means nothing."""
    monkeypatch.setattr(brokers, "START_SECONDS", PATIENCE)
    monkeypatch.setattr(queue, "PATIENCE", PATIENCE)
    monkeypatch.setattr(queue.connect, "__defaults__", (PATIENCE,))
    with brokers.running(home) as url:
        yield url


@pytest.fixture
def people(home: Settings, broker: str) -> Iterator[Crew]:
    """Starts workers and the recorder for this test."""
    with crew(home) as found:
        yield found


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An S3 server over real HTTP, with one bucket."""
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    kept = dict(os.environ)
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://{host}:{port}", AWS_ACCESS_KEY_ID="k",
        AWS_SECRET_ACCESS_KEY="s", AWS_DEFAULT_REGION="us-east-1",
    )  # fmt: skip
    boto3.client("s3").create_bucket(Bucket="voices")
    yield "s3://voices/studio"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()  # it remembers this server's address
    os.environ.clear()
    os.environ.update(kept)
