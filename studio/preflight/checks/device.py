"""Where will it run, can that card do it, and who else is in line?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.domain.facts import DeviceFacts, Facts
from studio.domain.findings import Finding
from studio.domain.specs import TrainSpec
from studio.language import _, n_
from studio.preflight.check import Check, finding, remedy

OLDEST = 7.5
"""Compute capability under which present builds of torch have no code (CUDA 13 dropped it)."""
BFLOAT16 = 8.0
"""Compute capability from which a card computes in bfloat16 itself."""
DRIVERS = {12: 525, 13: 580}
"""The oldest driver of each generation of CUDA (NVIDIA, CUDA compatibility)."""


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    device = facts.device
    if device is None:
        yield finding(
            "device",
            "warns",
            _("No trainer is running."),
            _("The training will wait in the queue until one starts."),
            remedy(_("Start one with “python -m workers train”, here or on another machine")),
        )
        return
    if device.kind == "cuda":
        yield from _card(device)
    yield from _asked(spec, device)
    yield finding("device", "tells", _sentence(device), _line(device))


def _card(device: DeviceFacts) -> Iterator[Finding]:
    if device.capability is not None and device.capability < OLDEST:
        yield finding(
            "device",
            "blocks",
            _("The graphics card is too old to train on."),
            _("{name} has compute capability {has:g}; {needs:g} is the least.").format(
                name=device.name, has=device.capability, needs=OLDEST
            ),
            remedy(_("Start a trainer on a machine with a newer card, or without one")),
        )
    elif device.capability is not None and device.capability < BFLOAT16:
        yield finding(
            "device",
            "warns",
            _("The graphics card is slow at what a training does most."),
            _("{name} cannot compute in bfloat16 itself and does it in a detour.").format(
                name=device.name
            ),
            remedy(_("Expect several times the estimated time, or use a card from 2020 or later")),
        )
    needed = _driver_needed(device.libraries.get("torch", ""))
    if needed and device.driver and _major(device.driver) < needed:
        yield finding(
            "device",
            "blocks",
            _("The driver of the graphics card is too old."),
            _("It is version {has}, and the installed torch needs {needs}.").format(
                has=device.driver, needs=needed
            ),
            remedy(_("Install a newer driver on the trainer's machine")),
        )


def _asked(spec: TrainSpec, device: DeviceFacts) -> Iterator[Finding]:
    """Ways of computing that the device or its machine does not know."""
    compute, there = spec.compute, device.libraries
    card = device.kind == "cuda"
    modern = card and (device.capability or BFLOAT16) >= BFLOAT16
    if compute.attention.startswith("flash") and not (modern and "flash-attn" in there):
        yield _cannot(_("FlashAttention"), "flash-attn", modern, "attention", device)
    if compute.loss == "liger" and not (card and "liger-kernel" in there):
        yield _cannot(_("Liger's loss"), "liger-kernel", card, "loss", device)
    if compute.precision == "fp16" and not card:
        yield _cannot(_("Half precision (fp16)"), "", False, "precision", device)
    if compute.precision == "bf16" and card and not modern:
        yield _cannot(_("bfloat16"), "", False, "precision", device)


def _cannot(name: str, package: str, able: bool, field: str, device: DeviceFacts) -> Finding:
    why = (
        _("It needs a graphics card of compute capability {needs:g}, and it runs on {device}.")
        if not able
        else _("The package {package} is not installed where {device} is.")
    )
    advice = [remedy(_("Install {package} there").format(package=package))] if able else []
    return finding(
        "device",
        "blocks",
        _("{name} cannot be used here.").format(name=name),
        why.format(needs=BFLOAT16, device=device.name or _("the processor"), package=package),
        remedy(_("Leave the choice to the studio"), 0, **{f"compute.{field}": "auto"}),
        *advice,
    )


def _driver_needed(torch: str) -> int | None:
    """From a version as 2.13.0+cu130."""
    built = re.search(r"\+cu(\d\d)", torch)
    return DRIVERS.get(int(built[1])) if built else None


def _major(driver: str) -> int:
    digits = re.match(r"\d+", driver)
    return int(digits[0]) if digits else 0


def _sentence(device: DeviceFacts) -> str:
    name = device.name or _("the processor")
    if device.kind == "cpu":
        name = _("the processor ({cores} cores)").format(cores=device.cores)
    return _("It runs on {name}.").format(name=name)


def _line(device: DeviceFacts) -> str:
    if not device.worker:
        return _("A trainer starts with the studio.")
    if not device.ahead:
        return _("The trainer {worker} takes it at once.").format(worker=device.worker)
    return n_(
        "The trainer {worker} takes it after {count} other training.",
        "The trainer {worker} takes it after {count} other trainings.",
        device.ahead,
    ).format(worker=device.worker, count=device.ahead)


plugin = Check("device", "Device", find)
