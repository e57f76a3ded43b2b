"""Where will it run, can that card do it, and who else is in line?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.domain.facts import DeviceFacts, Facts
from studio.domain.findings import Finding, Remedy
from studio.domain.specs import TrainSpec
from studio.language import _, n_
from studio.preflight.check import Check, finding, remedy
from studio.training.computing import BFLOAT16

OLDEST = 7.5
"""Compute capability under which present builds of torch have no code (CUDA 13 dropped it)."""
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
    yield finding("device", "tells", _sentence(spec, device), _line(device), *_more(spec, device))


def _more(spec: TrainSpec, device: DeviceFacts) -> Iterator[Remedy]:
    """What learns from as many passages a step, or nearly, in less time."""
    if device.kind == "cuda" and device.cards > spec.compute.processes:
        yield remedy(
            _("Train on all {cards} graphics cards").format(cards=device.cards),
            0,
            **{
                "compute.processes": device.cards,
                "accumulation": max(1, spec.accumulation * spec.compute.processes // device.cards),
            },
        )


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


def _driver_needed(torch: str) -> int | None:
    """From a version as 2.13.0+cu130."""
    built = re.search(r"\+cu(\d\d)", torch)
    return DRIVERS.get(int(built[1])) if built else None


def _major(driver: str) -> int:
    digits = re.match(r"\d+", driver)
    return int(digits[0]) if digits else 0


def _sentence(spec: TrainSpec, device: DeviceFacts) -> str:
    name = device.name or _("the processor")
    if spec.compute.processes > 1:
        name = f"{spec.compute.processes} × {name}"
    if device.kind == "cpu":
        name = _("the processor ({cores} cores)").format(cores=device.cores)
    return _("It runs on {name}.").format(name=name)


def _line(device: DeviceFacts) -> str:
    if not device.worker:
        return _("A trainer starts with the studio.")
    if not device.ahead:
        return _("The trainer {worker} takes it at once.").format(worker=device.worker)
    return n_(
        "The trainer {worker} takes it after {count} other job.",
        "The trainer {worker} takes it after {count} other jobs.",
        device.ahead,
    ).format(worker=device.worker, count=device.ahead)


plugin = Check("device", "Device", find)
