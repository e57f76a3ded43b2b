"""A real broker and real processes for the tests of workers."""

from tests.jobs.conftest import broker, bucket, people

__all__ = ["broker", "bucket", "people"]
