"""A real broker and real processes for the tests of services, and an adapter."""

from tests.jobs.conftest import broker, bucket, people
from tests.sharing.conftest import voice

__all__ = ["broker", "bucket", "people", "voice"]
