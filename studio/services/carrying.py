"""Carrying a voice to the desk: as a GGUF adapter, or within its base model where none holds it."""

from __future__ import annotations

from studio.conversion.folding import peculiarities, read_config
from studio.domain.jobs import Job
from studio.services import adapters, conversion, merging
from studio.services.context import store
from studio.services.conversion import Quantisation, Taught


def carry(voice: Taught, quantisation: Quantisation, *, beyond_gguf: bool) -> list[Job]:
    """Queue all that is left to do until the desk can write with it; the jobs, in order, the
    proof last."""
    way = merging.stand_alone if beyond_gguf else conversion.convert
    return way(voice, quantisation)


def convert(adapter_id: str, quantisation: Quantisation = "F16") -> list[Job]:
    """Carry a voice of the shelf.

    Raises:
        StudioError: there is no such voice, or its files are not in the store.
    """
    voice = adapters.get(adapter_id)
    dataset = adapters.taught_with(voice.id)
    taught = Taught(voice.name, voice.model, voice.artifact, dataset, voice.language)
    config = read_config(store().fetch(voice.artifact))
    return carry(taught, quantisation, beyond_gguf=bool(peculiarities(config)))
