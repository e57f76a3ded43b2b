"""A real broker and real processes for the tests of services."""

from tests.jobs.conftest import broker, bucket, people

__all__ = ["broker", "bucket", "people"]
