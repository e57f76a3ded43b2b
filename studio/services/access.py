"""Whether the studio's keys work: each asked of its own service, seldom and not for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from pydantic import SecretStr

from studio.domain.facts import Access, KeyState
from studio.domain.specs import TrainSpec
from studio.settings import settings

PATIENCE = 3.0
"""Seconds that a service may take to answer."""
KEPT, KEPT_UNREACHABLE = 600.0, 60.0
"""Seconds for which an answer holds, and for which nobody asks again where there was none."""
HUB = "https://huggingface.co"
WANDB = "https://api.wandb.ai"
Ask = Callable[[str, str], KeyState]
"""What a service at an address says to a key."""
_lock = Lock()
_answers: dict[tuple[Ask, str, str], tuple[float, KeyState]] = {}


def access(spec: TrainSpec, gated: bool) -> Access:
    """The keys that the environment holds; one that the training has a use for is tried: the
    Hub's for a ``gated`` model, that of Weights & Biases where the curves are to go there."""
    here = settings()
    hub, wandb = here.hub_token, here.wandb_key
    return Access(
        hub=_state(hub, gated, here.hub or HUB, _ask_hub),
        wandb=_state(wandb, "wandb" in spec.trackers, here.wandb or WANDB, _ask_wandb),
        at=max((at for at, _state in _answers.values()), default=None),
    )


def forget() -> None:
    """Ask again the next time."""
    with _lock:
        _answers.clear()


def _state(key: SecretStr | None, needed: bool, address: str, ask: Ask) -> KeyState:
    if key is None:
        return "absent"
    if not needed:
        return "untested"
    secret = key.get_secret_value()
    with _lock:
        at, state = _answers.get((ask, address, secret), (0.0, "untested"))
        age = time.time() - at
        if age > (KEPT_UNREACHABLE if state == "unreachable" else KEPT):
            state = ask(address, secret)
            _answers[ask, address, secret] = time.time(), state
        return state


def _ask_hub(address: str, key: str) -> KeyState:
    """The Hub's own question of who one is (whoami-v2)."""
    import httpx2

    try:
        answer = httpx2.get(
            f"{address.rstrip('/')}/api/whoami-v2",
            headers={"Authorization": f"Bearer {key}"},
            timeout=PATIENCE,
        )
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return "unreachable"
    return _judged(answer.status_code, answer.status_code == httpx2.codes.OK)


def _ask_wandb(address: str, key: str) -> KeyState:
    """Its GraphQL interface names the viewer, or nobody where the key is wrong."""
    import httpx2

    try:
        answer = httpx2.post(
            f"{address.rstrip('/')}/graphql",
            json={"query": "query Viewer { viewer { id } }"},
            auth=("api", key),
            timeout=PATIENCE,
        )
        viewer = (answer.json().get("data") or {}).get("viewer") if answer.is_success else None
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, AttributeError):
        return "unreachable"
    return _judged(answer.status_code, viewer is not None)


def _judged(status: int, known: bool) -> KeyState:
    if known:
        return "works"
    return "refused" if status < 500 and status != 429 else "unreachable"
