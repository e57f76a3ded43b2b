"""What an OpenAI-compatible server answers instead of text, in a writer's words.

The library's own errors may carry what was sent: they are never chained to these.
"""

from __future__ import annotations

from typing import Any

from studio.domain.writers import EndpointWriter
from studio.errors import StudioError
from studio.language import _
from studio.settings import settings

SHOWN = 300
"""Characters of a server's own words that are passed on."""
SPENT = "insufficient_quota"


def passes(problem: Exception) -> bool:
    """Whether asking again later may help: busy, away, or out of breath."""
    import openai

    if isinstance(problem, openai.APIConnectionError):
        return True
    if not isinstance(problem, openai.APIStatusError) or problem.code == SPENT:
        return False
    return problem.status_code in (408, 429) or problem.status_code >= 500


def asked_to_wait(problem: Exception) -> float | None:
    """Seconds that the server asked to be left alone for."""
    response = getattr(problem, "response", None)
    said = response.headers.get("retry-after", "") if response is not None else ""
    return float(said) if said.replace(".", "", 1).isdigit() else None


def refused_parameter(problem: Exception) -> str | None:
    """What the model does not want to be told, where the server says so."""
    import openai

    return problem.param if isinstance(problem, openai.BadRequestError) else None


def text_of(completion: Any, spec: EndpointWriter) -> str:
    """The text of an answer; empty where the model said nothing.

    Raises:
        StudioError: it is no answer of this protocol.
    """
    choices = getattr(completion, "choices", None)
    message = (
        getattr(choices[0], "message", None) if isinstance(choices, list) and choices else None
    )
    if message is None or not hasattr(message, "content"):
        raise foreign(spec)
    content = message.content or ""
    if not isinstance(content, str):
        raise foreign(spec)
    return content.strip()


def explained(problem: Exception, spec: EndpointWriter) -> StudioError:
    """What a person can do about an answer that is an error."""
    import openai

    if isinstance(problem, openai.APITimeoutError):
        return _silent(spec)
    if isinstance(problem, openai.APIConnectionError):
        return _unreachable(spec)
    if isinstance(problem, openai.APIStatusError):
        return _refused(problem, spec)
    return foreign(spec)


def foreign(spec: EndpointWriter) -> StudioError:
    return StudioError(
        _("{address} does not answer as an OpenAI-compatible server.").format(address=spec.address),
        _("Its answer holds no message of a model."),
        _("Check the address; it often ends in /v1."),
    )


def _silent(spec: EndpointWriter) -> StudioError:
    return StudioError(
        _("{address} takes too long to answer.").format(address=spec.address),
        _("No whole answer came within {seconds} seconds, several times in a row.").format(
            seconds=round(spec.timeout, 1)
        ),
        _("Allow more time or ask for less at once, then press Retry; answers so far are kept."),
    )


def _unreachable(spec: EndpointWriter) -> StudioError:
    return StudioError(
        _("{address} cannot be reached.").format(address=spec.address),
        _("Nothing answers there, or the connection breaks off."),
        _("Start the server or check the address, then press Retry; answers so far are kept."),
    )


def _refused(problem: Any, spec: EndpointWriter) -> StudioError:
    address, status = spec.address, problem.status_code
    if status in (401, 403):
        return StudioError(
            _("{address} refused the key.").format(address=address),
            _("It answered with status {status}.").format(status=status)
            if settings().key_for(address)
            else _("No key for this host is set on the machine that asked."),
            _(
                "Put its host=key into LOREWRIGHT_ENDPOINT_KEYS where the workers run, and start "
                "them again."
            ),
        )
    if status == 404:
        return StudioError(
            _("{address} knows no model “{model}”.").format(address=address, model=spec.model),
            _said(problem) or _("It answered with status {status}.").format(status=status),
            _("Check the model's name, and that the address ends in /v1 where it should."),
        )
    if problem.code == SPENT or status == 402:
        return StudioError(
            _("{address} writes no more for this key.").format(address=address),
            _said(problem) or _("What was paid for is used up."),
            _("Add credit there, then press Retry; answers so far are kept."),
        )
    if 300 <= status < 400:
        return StudioError(
            _("{address} sends its visitors elsewhere.").format(address=address),
            _("Text goes to the address that was named, and to no other."),
            _("Name the address that it leads to, if you trust it."),
        )
    return _unwilling(problem, spec)


def _unwilling(problem: Any, spec: EndpointWriter) -> StudioError:
    busy = passes(problem)
    return StudioError(
        _("{address} is too busy or out of order.").format(address=spec.address)
        if busy
        else _("{address} refused the request.").format(address=spec.address),
        _said(problem) or _("It answered with status {status}.").format(status=problem.status_code),
        _("Wait a while, then press Retry; answers so far are kept.")
        if busy
        else _("Change what the server objects to, or choose another model."),
    )


def _said(problem: Any) -> str:
    """The server's own words, in one line, without a key should it repeat one."""
    body = problem.body if isinstance(problem.body, dict) else {}
    text = " ".join(str(body.get("message") or "").split())
    for key in settings().endpoint_keys.values():
        text = text.replace(key.get_secret_value(), "…")
    return text[:SHOWN]
