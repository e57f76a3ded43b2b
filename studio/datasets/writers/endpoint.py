"""A model behind an OpenAI-compatible address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cached_property
from threading import Lock
from typing import Any

from studio.datasets.answers import without_thoughts
from studio.datasets.tools import Question, Usage
from studio.datasets.writers import refusals
from studio.domain.workroom import Stopped
from studio.domain.writers import EndpointWriter
from studio.errors import StudioError
from studio.language import _
from studio.settings import settings

TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the second try, doubled before each further one; and the most of them."""
LOOK = 0.1
"""Seconds between two looks for a request to stop."""
ADAPTABLE = ("max_tokens", "seed", "temperature")
"""What some models behind such addresses refuse to be told."""


def check(spec: EndpointWriter) -> None:
    """Raises StudioError for an address on another machine that the writer did not agree to."""
    if spec.on_this_machine or spec.may_leave:
        return
    raise StudioError(
        _("Your text would leave this machine."),
        _("The address {address} belongs to another one.").format(address=spec.address),
        _("Allow it for this dataset (may leave), or choose a model on this machine."),
    )


class Capped(Exception):
    """The hard cap leaves no room for another request."""


class Endpoint:
    """Asks ``at_once`` questions at a time, and again where the server is busy or away."""

    def __init__(
        self, spec: EndpointWriter, stopped: Callable[[], bool], pause: float = FIRST_PAUSE
    ) -> None:
        check(spec)
        self.usage = Usage()
        self._spec = spec
        self._stopped = stopped
        self._pause = pause
        self._lock = Lock()
        self._left_unsaid: set[str] = set()
        self._closing = False

    def write(self, questions: Sequence[Question]) -> Iterator[Mapping[int, str]]:
        """Answers as they come. The first refusal ends the work; what was under way is let go.

        Raises:
            StudioError: no connection, a refused key, an unknown model, a server that speaks
                another language or stays busy.
            Stopped: on request.
        """
        self._closing = False
        pool = ThreadPoolExecutor(self._spec.at_once)
        try:
            waiting = {pool.submit(self._answer, q): i for i, q in enumerate(questions)}
            while waiting:
                if self._stopped():
                    raise Stopped({})
                done, _rest = wait(waiting, LOOK, FIRST_COMPLETED)
                places = {future: waiting.pop(future) for future in done}
                if found := {places[f]: f.result() for f in done if f.exception() is None}:
                    yield found
                _raise_first(done)
        finally:
            self._closing = True
            pool.shutdown(wait=False, cancel_futures=True)

    def _answer(self, question: Question) -> str:
        """Raises StudioError, Capped, or Stopped where the work has ended meanwhile."""
        import openai

        pause, tries = self._pause, 0
        while True:
            said = self._manner(question)
            try:
                return self._once(question, said)
            except (openai.OpenAIError, ValueError) as problem:
                if self._adapts(problem, said):
                    continue
                tries += 1
                if not refusals.passes(problem) or tries == TRIES:
                    raise refusals.explained(problem, self._spec) from None
                self._rest(refusals.asked_to_wait(problem) or pause)
                pause = 2 * pause

    def _once(self, question: Question, said: dict[str, Any]) -> str:
        with self._lock:
            asked, read, written = self.usage
            if asked >= self._spec.most_requests or self._spec.is_spent(read, written):
                raise Capped
            self.usage += Usage(1)
        completion = self._client.chat.completions.create(
            model=self._spec.model, messages=question.messages, **said
        )
        text = refusals.text_of(completion, self._spec)
        if counted := getattr(completion, "usage", None):
            with self._lock:
                read, written = counted.prompt_tokens, counted.completion_tokens
                self.usage += Usage(0, int(read or 0), int(written or 0))
        return without_thoughts(text)

    def _manner(self, question: Question) -> dict[str, Any]:
        wanted = {
            "max_tokens": question.max_tokens,
            "temperature": self._spec.temperature,
            "seed": self._spec.seed + question.seed,
        }
        said = {name: value for name, value in wanted.items() if name not in self._left_unsaid}
        if "max_tokens" in self._left_unsaid:
            said["max_completion_tokens"] = question.max_tokens
        return said

    def _adapts(self, problem: Exception, said: Mapping[str, Any]) -> bool:
        """Whether the model refused to be told something that it is not told from now on."""
        refused = refusals.refused_parameter(problem)
        if refused not in said or refused not in ADAPTABLE:
            return False
        self._left_unsaid.add(refused)
        return True

    def _rest(self, seconds: float) -> None:
        deadline = time.monotonic() + min(seconds, LONGEST_PAUSE)
        while time.monotonic() < deadline:
            if self._closing:
                raise Stopped({})
            time.sleep(LOOK / 2)

    @cached_property
    def _client(self) -> Any:
        """No environment of others, no redirects: text goes to this address and nowhere else."""
        import openai

        key = settings().key_for(self._spec.address)
        return openai.OpenAI(
            api_key=key.get_secret_value() if key else "none",
            base_url=self._spec.address,
            timeout=self._spec.timeout,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(
                follow_redirects=False, trust_env=not self._spec.on_this_machine
            ),
        )


def _raise_first(done: Iterable[Future[str]]) -> None:
    """A question beyond the cap is no problem: it stays unanswered."""
    for future in done:
        problem = future.exception()
        if problem and not isinstance(problem, Capped):
            raise problem
