"""The models that write for a dataset, and what they may do and cost."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from studio.domain.base import Model, Spec


class LocalWriter(Spec):
    """A base model that writes on the worker's own machine."""

    kind: Literal["local"] = "local"
    model: Model = Model()
    temperature: float = Field(0.8, ge=0, le=5)
    seed: int = 20


class EndpointWriter(Spec):
    """A model behind an OpenAI-compatible address. The key is a setting of the worker, never
    part of a spec."""

    kind: Literal["endpoint"] = "endpoint"
    address: str = Field(pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$")
    """Without a name, a password or a query, in which a key could stand."""
    model: str = Field(min_length=1)
    may_leave: bool = False
    """The writer agrees that text is sent to another machine; needed unless the address is a
    loopback one."""
    temperature: float = Field(0.8, ge=0, le=5)
    seed: int = 20
    timeout: float = Field(120.0, gt=0, le=3600)
    """Seconds that one answer may take."""
    at_once: int = Field(4, ge=1, le=64)
    """Requests that are under way at the same time."""
    most_requests: int = Field(500, ge=1)
    """The hard cap: no more are ever sent in one job, those sent again included."""
    price_in: float = Field(0.0, ge=0)
    price_out: float = Field(0.0, ge=0)
    """Prices of a million tokens read and written, in the currency that the writer thinks in."""
    most_cost: float | None = Field(None, gt=0)
    """In the same currency, at these prices: once so much is spent, nothing more is asked."""

    def cost(self, read: int, written: int) -> float:
        """Of so many tokens, at the prices given."""
        return (read * self.price_in + written * self.price_out) / 1e6

    def is_spent(self, read: int, written: int) -> bool:
        return self.most_cost is not None and self.cost(read, written) >= self.most_cost

    @property
    def on_this_machine(self) -> bool:
        """Whether what is sent there stays here: a loopback address."""
        host = urlsplit(self.address).hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False


WriterSpec = Annotated[LocalWriter | EndpointWriter, Field(discriminator="kind")]
