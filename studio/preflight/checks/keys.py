"""Do the keys work that this training has a use for? Never what they are."""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.facts import Access, Facts
from studio.domain.findings import Finding
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding, remedy


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    if facts.access is None:
        return
    if facts.gated:
        yield _hub(facts.access)
    if "wandb" in spec.trackers:
        yield _wandb(spec, facts.access)


def _hub(access: Access) -> Finding:
    """The model is on this machine already, so nothing that is wrong here stops the training."""
    needless = _("The model is here already; only fetching it anew and publishing need the key.")
    if access.hub == "refused":
        advice = remedy(_("Make a new key on the Hub, and set HF_TOKEN to it"))
        sentence = _("The Hub refuses the key it was given.")
        return finding("keys", "warns", sentence, needless, advice)
    sentences = {
        "absent": _("No key of the Hub is set."),
        "untested": _("A key of the Hub is set."),
        "works": _("The key of the Hub works."),
        "unreachable": _("The key of the Hub could not be tried: the Hub is out of reach."),
    }
    return finding("keys", "tells", sentences[access.hub], needless)


def _wandb(spec: TrainSpec, access: Access) -> Finding:
    if access.wandb in ("works", "untested"):
        sentence = _("The key of Weights & Biases works.")
        if access.wandb == "untested":
            sentence = _("A key of Weights & Biases is set.")
        return finding("keys", "tells", sentence, _("The curves of this training go there, too."))
    sentences = {
        "absent": _("No key of Weights & Biases is set."),
        "refused": _("Weights & Biases refuses the key it was given."),
        "unreachable": _("Weights & Biases is out of reach."),
    }
    others = tuple(tracker for tracker in spec.trackers if tracker != "wandb")
    return finding(
        "keys",
        "warns",
        sentences[access.wandb],
        _("The training would go on without it; the studio keeps its own curves."),
        remedy(_("Do not send the curves there"), 0, trackers=others),
        remedy(_("Set WANDB_API_KEY to a key that works")),
    )


plugin = Check("keys", "Keys", find)
