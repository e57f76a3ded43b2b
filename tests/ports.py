"""Ports for servers that must be told theirs."""

from __future__ import annotations

import contextlib
import secrets
import socket

LOWEST, BEYOND = 10_000, 20_000
"""Below those that brokers take, and those that systems hand out to anyone at any moment."""


def free_port() -> int:
    """A port of this machine on which nobody listens, and which nobody is given by chance."""
    while True:
        port = LOWEST + secrets.randbelow(BEYOND - LOWEST)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
