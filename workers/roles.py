"""What each role serves, imports beforehand, and can say of its machine."""

from __future__ import annotations

import logging
import os
import platform
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

from studio.conversion import toolkit
from studio.domain.specs import CONVERT
from studio.settings import settings

log = logging.getLogger(__name__)

LIBRARIES = (
    "torch", "transformers", "peft", "trl", "bitsandbytes", "flash-attn", "flash-attn-3",
    "liger-kernel", "llama-cpp-python", "vllm",
)  # fmt: skip

_MODELS = (
    "sympy", "torch._dynamo", "transformers.loss.loss_utils", "transformers.modeling_utils",
    "torch._inductor.compile_fx",
)  # fmt: skip
"""Most of what peft loads, in parts of two seconds at most: between two of them a worker sees a job
that has come."""
_BACKENDS = {"llamacpp": ("llama_cpp",)}


@dataclass(frozen=True)
class Role:
    """``imports`` are loaded once by the worker, when work for it is expected."""

    name: str
    queue: str
    imports: tuple[str, ...]
    pulse: float
    """Seconds between two looks for a request to stop."""
    always: bool = False
    """Whether each of its jobs needs all of its imports."""


@dataclass(frozen=True)
class Device:
    """``memory`` in bytes: of each of the ``cards``, or of the machine where there is none."""

    name: str
    memory: int
    capability: float = 0.0
    driver: str = ""
    watts: float = 0.0
    cards: int = 1


def role_of(name: str, backend: str) -> Role:
    if name == "cpu":
        return Role(name, "cpu", ("torch", "transformers", "safetensors", *_MODELS, "peft"), 0.25)
    if name == "train":
        imports = ("torch", "transformers", "datasets", "accelerate", *_MODELS, "peft", "trl")
        return Role(name, "train", imports, 0.25, always=True)
    return Role(name, f"write-{backend}", _BACKENDS.get(backend, ()), 0.07)


def lines(role: Role) -> list[str]:
    """The queues that the role can serve now: conversions wait until llama.cpp is built."""
    return [role.queue, CONVERT] if role.name == "cpu" and toolkit.ready() else [role.queue]


def name_of(role: Role) -> str:
    """A name that no other worker has."""
    host = "".join(c if c.isalnum() else "-" for c in socket.gethostname())
    return f"{role.queue}-{host}-{os.getpid()}-{secrets.token_hex(2)}"


def libraries() -> dict[str, str]:
    """The installed versions of what jobs use."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def room() -> dict[str, int]:
    """What there is to work with at the moment: ``free_memory`` of the machine and ``free_disk``
    where work is kept, in bytes."""
    place = settings().data
    while not place.exists():
        place = place.parent
    return {
        "free_memory": psutil.virtual_memory().available,
        "free_disk": shutil.disk_usage(place).free,
    }


def device() -> Device:
    """Asked of the driver's own tool: a worker that forks must not wake CUDA itself."""
    tool, visible = shutil.which("nvidia-smi"), os.environ.get("CUDA_VISIBLE_DEVICES")
    if tool and visible != "":
        asked = [tool, *([f"--id={visible}"] if visible else ())]
        query = [*asked, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
        try:
            answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
            cards = [line.rsplit(",", 1) for line in answer.stdout.splitlines()]
            memory = min(int(each) for _name, each in cards) << 20
            return Device(cards[0][0].strip(), memory, cards=len(cards), **_details(asked))
        except (OSError, subprocess.SubprocessError, ValueError, IndexError) as problem:
            log.warning("The graphics card could not be asked: %s", problem)
    return Device("cpu", psutil.virtual_memory().total)


def _details(tool: list[str]) -> dict[str, Any]:
    """What an older driver may not be able to say."""
    query = [*tool, "--query-gpu=compute_cap,driver_version,power.limit"]
    try:
        answer = subprocess.run(
            [*query, "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
        capability, driver, watts = answer.stdout.splitlines()[0].split(", ")
        drawn = float(watts) if watts.replace(".", "", 1).isdigit() else 0.0
        return {"capability": float(capability), "driver": driver, "watts": drawn}
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as problem:
        log.info("The graphics card says little of itself: %s", problem)
        return {}
