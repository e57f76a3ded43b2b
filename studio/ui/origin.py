"""Where a voice comes from: a paragraph for its writer, and a table for whoever wants it all."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.domain.records import AdapterRecord
from studio.language import _
from studio.services import lineage as lineages
from studio.services.lineage import Heard, Lineage
from studio.ui import problems, words
from studio.ui.prose import prose
from studio.ui.words import plain


def origin(voice: AdapterRecord) -> None:
    """The paragraph, what it wrote first and last, and the table behind a fold."""
    with problems.told():
        found = lineages.lineage(voice.id)
        st.write(plain(paragraph(found)))
        if found.samples:
            heard(voice, found.samples[0])
        with st.expander(_("All the details"), icon=":material/table_rows:"):
            table = details(found)
            st.dataframe(
                {_("What"): list(table), _("Value"): list(table.values())},
                hide_index=True,
                column_config={_("Value"): st.column_config.TextColumn(width="large")},
                key=f"adapters_lineage_{voice.id}",
            )


def heard(voice: AdapterRecord, sample: Heard) -> None:
    """What the same beginning was continued with, before and after."""
    before, after = st.columns(2)
    with before:
        st.caption(_("Before its training, after “…{prompt}”").format(prompt=_end(sample.prompt)))
        prose(sample.first, voice.language, key=f"adapters_first_{voice.id}", height=150)
    with after:
        st.caption(_("The voice, from the same beginning"))
        prose(sample.last, voice.language, key=f"adapters_last_{voice.id}", height=150)


def _end(prompt: str) -> str:
    """The last words of the text itself, not of what asks to go on with it."""
    return plain(" ".join(prompt.rpartition("\n\n")[2].split())[-40:])


def paragraph(found: Lineage) -> str:
    """One paragraph that a novelist understands."""
    return " ".join(filter(None, (_made(found), _learned(found), _measured(found.voice))))


def _made(found: Lineage) -> str:
    voice = found.voice
    if voice.merged:
        weights = {part["adapter"]: part["weight"] for part in voice.facts.get("mixture", ())}
        names = _(" and ").join(
            f"“{parent.name}” ({weights[parent.artifact]:g})"
            if parent.artifact in weights
            else f"“{parent.name}”"
            for parent in found.parents
        )
        return _("This voice was merged of {names}, on {base}.").format(
            names=names, base=found.base
        )
    if found.adopted:
        source = found.told.source
        return _("This voice comes from elsewhere{place}; it belongs to {base}.").format(
            place=_(": {repository} on the Hub").format(repository=source.repository)
            if source
            else "",
            base=found.base,
        )
    name = found.dataset.name if found.dataset else (voice.dataset or "")[:12]
    version = found.dataset_version or 1
    taught = _("{base} was taught with “{dataset}”{version}, {when}.").format(
        base=found.base,
        dataset=name,
        version=_(" (version {n})").format(n=version) if version > 1 else "",
        when=words.when(voice.created_at),
    )
    if not found.parents:
        return taught
    return f"{taught} {_('It goes on from “{name}”.').format(name=found.parents[0].name)}"


def _learned(found: Lineage) -> str:
    told, tokens = found.told, found.told.figure("tokens")
    seconds = told.figure("seconds")
    if found.adopted and not told.spec:
        return _("How it was taught, and with what, is not known.")
    if found.adopted:
        return _("What it was taught with stayed where it was made.")
    if not tokens or not seconds:
        return ""
    return _("It read {tokens} tokens in {time} on {device}.").format(
        tokens=words.count(tokens),
        time=words.duration(seconds),
        device=told.device if found.voice.facts.get("device") == "cuda" else words.device("cpu"),
    )


def _measured(voice: AdapterRecord) -> str:
    before, after = voice.nll_before, voice.nll_after
    if not before or after is None:
        return ""
    return f"{words.surprise(before, after)}."


def details(found: Lineage) -> dict[str, str]:
    """Names and values; what is not known is left out."""
    voice, told = found.voice, found.told
    dataset = found.dataset
    rows: dict[str, Any] = {
        _("Base model"): f"{found.base} ({told.base.name})",
        _("Its commit on the Hub"): told.base.revision,
        _("Its sha256"): ", ".join(f"{n} {h[:12]}" for n, h in told.base.sha256.items()),
        _("Dataset"): _dataset(found),
        _("Passages, learned and held back"): dataset and f"{dataset.train}, {dataset.validation}",
        _("From the Hub"): told.source and f"{told.source.repository} @ {told.source.revision}",
        _("Merged of") if voice.merged else _("Goes on from"): ", ".join(
            f"{p.name} ({p.id[:12]})" for p in found.parents
        ),
        _("Objective"): told.objective,
        _("LoRA rank"): voice.facts.get("rank"),
        _("Steps, and the best of them"): _steps(found),
        _("Surprise before and after, nats a character"): _figures(voice),
        _("Memory foreseen, and taken"): _memory(found),
        _("Device"): told.device,
        _("Lorewright"): f"{told.studio.version} {told.studio.commit or ''}".strip(),
        _("Libraries"): ", ".join(f"{name} {v}" for name, v in told.libraries.items()),
        _("Content hash"): voice.artifact,
        **{_("Spec: {name}").format(name=n): v for n, v in _spec(told.spec).items()},
    }
    return {name: str(value) for name, value in rows.items() if value not in (None, "", False)}


def _dataset(found: Lineage) -> str:
    if found.dataset is None:
        return _("not known here") if found.adopted else (found.voice.dataset or "")[:12]
    version = found.dataset_version
    return f"{found.dataset.name} ({found.dataset.id[:12]}), " + _("version {n}").format(n=version)


def _steps(found: Lineage) -> str:
    steps, best = found.told.figure("steps"), found.told.figure("best_step")
    return f"{steps:.0f}, {best:.0f}" if steps is not None and best is not None else ""


def _figures(voice: AdapterRecord) -> str:
    before, after = voice.nll_before, voice.nll_after
    return f"{before:.4f} → {after:.4f}" if before is not None and after is not None else ""


def _memory(found: Lineage) -> str:
    known = [words.size(m) for m in (found.foreseen_memory, found.taken_memory) if m]
    return ", ".join(known)


def _spec(spec: dict[str, Any]) -> dict[str, Any]:
    """Nested fields as ``lora.rank``; what is empty is left out."""
    flat: dict[str, Any] = {}
    for name, value in spec.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": v for inner, v in value.items()}
        else:
            flat[name] = value
    return {n: v for n, v in flat.items() if v not in (None, "", (), [], {})}
