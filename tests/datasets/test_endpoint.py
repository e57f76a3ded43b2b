"""The writer behind an address, against a real server that answers well and badly."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from studio.datasets.tools import Question
from studio.datasets.writers import endpoint
from studio.datasets.writers.endpoint import Endpoint
from studio.domain.workroom import Stopped
from studio.domain.writers import EndpointWriter
from studio.errors import StudioError
from studio.settings import Settings, settings
from tests.datasets.server import Reply, Script, Server, refused, said
from tests.waiting import PATIENCE

KEY = "sk-very-secret-0123456789"


def questions(count: int) -> list[Question]:
    return [Question([{"role": "user", "content": f"number {i}"}], 20) for i in range(count)]


class Place:
    """Starts servers, and writers that ask them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def server(self, script: Script) -> Server:
        return self._stack.enter_context(Server(script).running())

    def ask(self, server: Server, count: int = 1, **changes: Any) -> dict[int, str]:
        found: dict[int, str] = {}
        for group in self.writer(server, **changes).write(questions(count)):
            found.update(group)
        return found

    def writer(self, server: Server, stopped: Any = lambda: False, **changes: Any) -> Endpoint:
        given = {"address": server.address, "model": "m", "timeout": PATIENCE, **changes}
        return Endpoint(EndpointWriter.model_validate(given), stopped, pause=0.01)


@pytest.fixture
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(stack)


@pytest.fixture
def key(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("LOREWRIGHT_ENDPOINT_KEYS", f"127.0.0.1={KEY},example.org=sk-of-another")
    settings.cache_clear()
    yield KEY
    settings.cache_clear()


def echo(body: dict[str, Any], _before: int) -> Reply:
    return said(f"answer to {body['messages'][-1]['content']}")


def test_each_question_gets_its_answer(place: Place) -> None:
    server = place.server(echo)
    writer = place.writer(server)
    found: dict[int, str] = {}
    for group in writer.write(questions(9)):
        found.update(group)
    assert found == {i: f"answer to number {i}" for i in range(9)}
    assert writer.usage == (9, 90, 45)
    assert set(server.paths) == {"/v1/chat/completions"}


def test_model_length_temperature_and_seed_are_told(place: Place) -> None:
    server = place.server(echo)
    place.ask(server, temperature=0.3, seed=7)
    (body,) = server.requests
    assert (body["model"], body["max_tokens"], body["temperature"], body["seed"]) == (
        "m", 20, 0.3, 7,
    )  # fmt: skip


def test_the_key_of_the_settings_is_sent(place: Place, key: str) -> None:
    server = place.server(echo)
    place.ask(server)
    assert server.keys == [f"Bearer {key}"]


def test_a_key_goes_to_its_own_host_alone(
    place: Place, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, other = place.server(echo), place.server(echo)
    port = server.address.split(":")[2].partition("/")[0]
    monkeypatch.setenv("LOREWRIGHT_ENDPOINT_KEYS", f"127.0.0.1:{port}={KEY},example.org=sk-else")
    settings.cache_clear()
    place.ask(server)
    place.ask(other)
    settings.cache_clear()
    assert (server.keys, other.keys) == ([f"Bearer {KEY}"], ["Bearer none"])


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_said_and_not_shown(place: Place, key: str, status: int) -> None:
    server = place.server(lambda _b, _n: refused(status, f"Incorrect API key: {key}"))
    with pytest.raises(StudioError, match="refused the key") as caught:
        place.ask(server)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert "LOREWRIGHT_ENDPOINT_KEYS" in caught.value.remedy
    assert len(server.requests) == 1


def test_without_a_key_the_reason_is_that(place: Place, home: Settings) -> None:
    with pytest.raises(StudioError, match="No key for this host"):
        place.ask(place.server(lambda _b, _n: refused(401)))


def test_a_key_in_the_servers_own_words_is_taken_out(place: Place, key: str) -> None:
    server = place.server(lambda _b, _n: refused(422, f"You sent {key} and nonsense"))
    with pytest.raises(StudioError, match="You sent … and nonsense") as caught:
        place.ask(server)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_an_unknown_model(place: Place) -> None:
    server = place.server(lambda _b, _n: refused(404, "The model m does not exist"))
    with pytest.raises(StudioError, match="knows no model “m”") as caught:
        place.ask(server)
    assert "does not exist" in caught.value.why


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_server_is_asked_again(place: Place, status: int) -> None:
    server = place.server(lambda b, n: refused(status) if n < 2 else echo(b, n))
    assert place.ask(server) == {0: "answer to number 0"}
    assert len(server.requests) == 3


def test_the_server_says_how_long_to_wait(place: Place) -> None:
    later = Reply(429, {"error": {}}, (("Retry-After", "1"),))
    server = place.server(lambda b, n: echo(b, n) if n else later)
    began = time.monotonic()
    place.ask(server)
    assert time.monotonic() - began >= 1


def test_a_server_that_stays_busy(place: Place) -> None:
    server = place.server(lambda _b, _n: refused(500, "overloaded"))
    with pytest.raises(StudioError, match="too busy") as caught:
        place.ask(server)
    assert caught.value.why == "overloaded"
    assert len(server.requests) == endpoint.TRIES


def test_what_was_paid_for_is_used_up(place: Place) -> None:
    server = place.server(lambda _b, _n: refused(429, "Quota.", code="insufficient_quota"))
    with pytest.raises(StudioError, match="writes no more"):
        place.ask(server)
    assert len(server.requests) == 1


def test_a_server_that_hangs_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "TRIES", 50)
    server = place.server(lambda b, n: echo(b, n)._replace(held=n == 0))
    assert place.ask(server, timeout=0.5) == {0: "answer to number 0"}


def test_a_server_that_hangs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "TRIES", 2)
    server = place.server(lambda b, n: echo(b, n)._replace(held=True))
    with pytest.raises(StudioError, match="too long"):
        place.ask(server, timeout=0.3)


def test_a_connection_that_breaks_off(place: Place) -> None:
    server = place.server(lambda b, n: echo(b, n)._replace(cut=n < 1))
    assert place.ask(server) == {0: "answer to number 0"}
    assert len(server.requests) == 2


def test_nobody_there(place: Place) -> None:
    with Server(echo).running() as gone:
        pass
    with pytest.raises(StudioError, match="cannot be reached"):
        place.ask(gone)


@pytest.mark.parametrize(
    "body",
    ["{not json", "<html>Welcome</html>", "", {}, {"choices": []}, {"choices": [{"text": "a"}]},
     {"choices": [{"message": {"content": 3}}]}, {"choices": "x"}, "[1, 2]", "null"],
)  # fmt: skip
def test_a_server_of_another_kind(place: Place, body: Any) -> None:
    with pytest.raises(StudioError, match="OpenAI-compatible"):
        place.ask(place.server(lambda _b, _n: Reply(body=body)))


def test_an_answer_without_text_is_empty(place: Place) -> None:
    reply = said("")
    reply.body["choices"][0]["message"]["content"] = None
    assert place.ask(place.server(lambda _b, _n: reply)) == {0: ""}


@pytest.mark.parametrize("name", ["max_tokens", "seed", "temperature"])
def test_what_a_model_does_not_want_to_be_told_is_left_out(place: Place, name: str) -> None:
    def picky(body: dict[str, Any], before: int) -> Reply:
        if name in body:
            return refused(400, f"Unsupported parameter: {name}", param=name)
        return echo(body, before)

    server = place.server(picky)
    assert len(place.ask(server, 8)) == 8
    assert (name == "max_tokens") == ("max_completion_tokens" in server.requests[-1])


def test_another_refusal_is_told(place: Place) -> None:
    server = place.server(lambda _b, _n: refused(400, "Too long.", param="messages"))
    with pytest.raises(StudioError, match="refused the request") as caught:
        place.ask(server)
    assert caught.value.why == "Too long."


def test_no_more_than_the_cap_is_sent(place: Place) -> None:
    server = place.server(lambda b, n: refused(500) if n == 1 else echo(b, n))
    found = place.ask(server, 9, most_requests=5)
    assert len(server.requests) == 5
    assert len(found) == 4


def test_a_stop_is_heard_while_the_server_hangs(place: Place) -> None:
    server = place.server(lambda b, n: echo(b, n)._replace(held=True))
    writer = place.writer(server, stopped=lambda: len(server.requests) > 0)
    with pytest.raises(Stopped):
        list(writer.write(questions(3)))


def test_what_came_before_a_refusal_is_there(place: Place) -> None:
    server = place.server(lambda b, n: refused(401) if n == 3 else echo(b, n))
    found: dict[int, str] = {}

    def ask() -> None:
        for group in place.writer(server, at_once=1).write(questions(9)):
            found.update(group)

    with pytest.raises(StudioError, match="refused the key"):
        ask()
    assert found.items() >= {i: f"answer to number {i}" for i in range(3)}.items()
    assert 3 not in found


@pytest.mark.parametrize(
    "address", ["http://example.org/v1", "https://10.0.0.8:8000/v1", "http://127.0.0.1.org/v1"]
)
def test_text_leaves_the_machine_only_with_leave(address: str) -> None:
    with pytest.raises(StudioError, match="would leave this machine"):
        Endpoint(EndpointWriter(address=address, model="m"), lambda: False)
    endpoint.check(EndpointWriter(address=address, model="m", may_leave=True))


def test_text_goes_to_no_other_address(place: Place) -> None:
    other = place.server(echo)
    moved = Reply(307, {}, (("Location", f"{other.address}/chat/completions"),))
    with pytest.raises(StudioError, match="elsewhere"):
        place.ask(place.server(lambda _b, _n: moved))
    assert other.requests == []


def test_a_proxy_does_not_see_what_stays_here(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = place.server(echo)
    monkeypatch.setenv("HTTP_PROXY", proxy.address.removesuffix("/v1"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert place.ask(place.server(echo))
    assert proxy.requests == []
