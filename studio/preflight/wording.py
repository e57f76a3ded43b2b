"""Sizes and times as people say them."""

from __future__ import annotations

from studio.domain.facts import DeviceFacts
from studio.language import _, n_


def size(count: float) -> str:
    """Bytes in MB or GB."""
    if count < 1e9:
        return _("{count:.0f} MB").format(count=max(1.0, count / 1e6))
    return _("{count:.1f} GB").format(count=count / 1e9)


def on(device: DeviceFacts) -> str:
    """Whose machine it is, where a worker told."""
    return _(" on {host}").format(host=device.host) if device.host else ""


def span(seconds: float) -> str:
    """A time in the unit that fits: minutes, hours, days."""
    if seconds < 90:
        return _("about a minute")
    minutes = round(seconds / 60)
    if minutes < 90:
        return n_("about {count} minute", "about {count} minutes", minutes).format(count=minutes)
    hours = round(seconds / 3600)
    if hours < 48:
        return n_("about {count} hour", "about {count} hours", hours).format(count=hours)
    days = round(seconds / 86400)
    return n_("about {count} day", "about {count} days", days).format(count=days)


def part(component: str) -> str:
    """What a part of the memory is for."""
    return {
        "weights": _("the model's weights"),
        "quantisation": _("unpacking compressed weights"),
        "adapter": _("the adapter"),
        "gradients": _("the adapter's gradients"),
        "optimiser": _("the optimiser"),
        "activations": _("the passages being read"),
        "logits": _("weighing every next word"),
        "fragments": _("gaps between other things"),
        "runtime": _("the libraries themselves"),
    }[component]
