"""An adapter from elsewhere in the one form that peft loads whole: names and description.

The tensors are what was learned, so what contradicts them is written anew from them, and told.
What cannot be known from them is refused.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.conversion.folding import PEFTS_ALPHA, PREFIX, WEIGHTS
from studio.errors import StudioError
from studio.language import _
from studio.models.patterns import of_module
from studio.models.weights import tensors

Shape = tuple[int, ...]
PART = re.compile(
    r"^(?P<module>.+)\.lora_(?P<side>A|B|magnitude_vector)(?P<own>\.(?!weight$|bias$)[^.]+)?"
    r"(?P<kind>\.weight|\.bias)?$"
)
WHOLE = re.compile(r"^(?P<module>.+?)(\.modules_to_save\.[^.]+)?\.(?P<kind>weight|bias)$")
LAYER = re.compile(r"\.(\d+)\.")
LIMITS = ("exclude_modules", "layers_to_transform", "layers_pattern")
"""What keeps modules that are named out."""
INNER = "base_layer"
"""What peft calls the module that it wraps."""
WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch puts into names while it computes."""
BEFORE = ("module.", "base_model.", "model.", "language_model.")
"""What may stand before the name of a module."""


class Names:
    """The names of a base model's modules, and what another program may have called them."""

    def __init__(self, theirs: Mapping[str, Shape]) -> None:
        self.modules = {name.rpartition(".")[0] for name in theirs}

    def find(self, told: str) -> str | None:
        """The module that a name means; None where there is none."""
        for wrapper in WRAPPERS:
            told = told.replace(wrapper, "")
        for name in (told, *_without(told)):
            for candidate in (name, f"model.{name}"):
                if candidate in self.modules:
                    return candidate
        return None


def mend_names(adapter: Path, theirs: Mapping[str, Shape]) -> list[str]:
    """Give every tensor the name that peft gives it; what was changed, in words. A name that
    means no module of the base stays as it is, to be refused by it.

    Raises:
        StudioError: two tensors would have one name.
    """
    path = adapter / WEIGHTS
    names, told = Names(theirs), tensors(adapter, [path])
    factors = {names.find(_plain(m["module"])) for m in map(PART.match, told) if m}
    meant = {name: _name(name, names, factors) for name in told}
    if meant == {name: name for name in meant}:
        return []
    twice = [name for name, count in Counter(meant.values()).items() if count > 1]
    if twice:
        raise StudioError(
            _("The voice cannot be read with certainty."),
            _("{name} is in its weights more than once.").format(name=twice[0][:120]),
            _("Ask whoever made it for a copy that peft saved."),
        )
    _rename(path, meant)
    changed = next(name for name in meant if meant[name] != name)
    note = _("Its weights were named in another way than peft names them ({name}).")
    return [note.format(name=changed[:120])]


def mend_description(
    config: dict[str, Any], shapes: Mapping[str, Shape], theirs: Mapping[str, Shape]
) -> tuple[dict[str, Any], list[str]]:
    """The description that the tensors ask for, and what had to be changed, in words.

    Raises:
        StudioError: a factor has no partner or another rank, or parts of a variant are missing.
    """
    ranks, extra = _ranks(shapes), _extra(shapes)
    alphas = {m: of_module(config.get("alpha_pattern"), m, _alpha(config)) for m in ranks}
    told = {m: of_module(config.get("rank_pattern"), m, config.get("r")) for m in ranks}
    notes = []
    covers = _covers(config, ranks, theirs)
    if not covers:
        notes.append(
            _("Its description names other parts of the model than its weights change: {parts}.")
        )
    if told != ranks:
        notes.append(_("Its weights have another rank than its description names."))
    if not _is_told(config, extra):
        notes.append(_("Its description does not fit the variant of its weights."))
    modules = sorted(ranks)
    limited = any(config.get(name) not in (None, []) for name in LIMITS)
    if not covers or limited or isinstance(config.get("target_modules"), str):
        config = config | {"target_modules": modules} | dict.fromkeys(LIMITS)
    rank = Counter(ranks.values()).most_common(1)[0][0] if told != ranks else config["r"]
    alpha = _alpha(config)
    config = config | {
        "r": rank,
        "lora_alpha": alpha,
        "rank_pattern": {m: r for m, r in ranks.items() if r != rank},
        "alpha_pattern": {m: a for m, a in alphas.items() if a != alpha},
        **_as_loaded(config),
        **extra,
    }
    names = ", ".join(sorted({m.rpartition(".")[2] for m in modules}))
    return config, [note.format(parts=names) for note in notes]


def _as_loaded(config: dict[str, Any]) -> dict[str, Any]:
    """What was of use while it learned, as it does no harm when it is loaded. Two ways of starting
    are repeated then, since they changed the base model."""
    start, dropout = str(config.get("init_lora_weights")), config.get("lora_dropout")
    is_share = isinstance(dropout, int | float) and 0 <= dropout < 1
    return {
        "fan_in_fan_out": False,
        "init_lora_weights": start if start.startswith(("pissa", "olora")) else True,
        "lora_dropout": float(dropout) if is_share and dropout else 0.0,
        "task_type": "CAUSAL_LM",
    }


def _without(told: str) -> Iterator[str]:
    """The name with one word less in front at a time."""
    while word := next((word for word in BEFORE if told.startswith(word)), ""):
        told = told.removeprefix(word)
        yield told


def _name(told: str, names: Names, factors: set[str | None]) -> str:
    if found := PART.match(told):
        module = names.find(_plain(found["module"]))
        kind = "" if found["side"] == "magnitude_vector" else found["kind"] or ".weight"
        return f"{PREFIX}{module}.lora_{found['side']}{kind}" if module else told
    if found := WHOLE.match(told):
        module = names.find(_plain(found["module"]))
        # peft puts the module itself, with its bias, one step down where it has factors.
        inner = f".{INNER}" if found["kind"] == "bias" and module in factors else ""
        return f"{PREFIX}{module}{inner}.{found['kind']}" if module else told
    return told


def _plain(module: str) -> str:
    return module.removesuffix(f".{INNER}")


def _rename(path: Path, meant: Mapping[str, str]) -> None:
    """Another table of contents before the same numbers."""
    draft = path.with_suffix(".draft")
    with path.open("rb") as source, draft.open("wb") as target:
        length = int.from_bytes(source.read(8), "little")
        table = json.loads(source.read(length))
        named = {meant.get(name, name): place for name, place in table.items()}
        text = json.dumps(named, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        target.write(len(text).to_bytes(8, "little") + text)
        shutil.copyfileobj(source, target, 1 << 20)
    draft.replace(path)


def _ranks(shapes: Mapping[str, Shape]) -> dict[str, int]:
    """The rank of each module that has both factors."""
    sides: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        found = PART.match(name)
        if found and found["side"] in "AB" and found["kind"] == ".weight":
            sides.setdefault(found["module"].removeprefix(PREFIX), {})[found["side"]] = shape
    for module, pair in sides.items():
        if len(pair) < 2:
            raise _torn(_("{module} has one factor of two.").format(module=module[:120]))
        if pair["A"][0] != pair["B"][1]:
            raise _torn(
                _("The factors of {module} are of rank {a} and {b}.").format(
                    module=module[:120], a=pair["A"][0], b=pair["B"][1]
                )
            )
    if not sides:
        raise _torn(_("There is no LoRA factor in its weights."))
    return {module: pair["A"][0] for module, pair in sides.items()}


def _extra(shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """What else than plain LoRA the tensors tell of."""
    modules = set(_ranks(shapes))
    found = [m for m in map(PART.match, shapes) if m]
    vectors = {m["module"].removeprefix(PREFIX) for m in found if m["side"] == "magnitude_vector"}
    biased = {m["module"].removeprefix(PREFIX) for m in found if m["kind"] == ".bias"}
    for name, those in ((_("magnitude vectors"), vectors), (_("biases"), biased)):
        if those and those != modules:
            raise _torn(_("Only some of its modules have {what}.").format(what=name))
    whole = [n.removeprefix(PREFIX) for n in shapes if not PART.match(n)]
    kept = sorted({n.rpartition(".")[0] for n in whole if n.endswith(".weight")})
    if twice := sorted(modules.intersection(kept)):
        raise _of_changed_base(twice[0])
    biases = {_plain(n.rpartition(".")[0]) for n in whole if n.endswith(".bias")} - set(kept)
    bias = "none" if not biases else "lora_only" if biases <= modules else "all"
    return {
        "use_dora": bool(vectors),
        "lora_bias": bool(biased),
        "modules_to_save": kept or None,
        "bias": bias,
    }


def _alpha(config: dict[str, Any]) -> float:
    alpha: float = config.get("lora_alpha", PEFTS_ALPHA)
    return alpha


def _covers(config: dict[str, Any], ranks: Mapping[str, int], theirs: Mapping[str, Shape]) -> bool:
    """Whether the modules that the description names are those of the tensors. A pattern is not
    run, and taken to mean them; one of what is left out, to mean none of them."""
    wanted, without = config.get("target_modules"), config.get("exclude_modules") or []
    if isinstance(wanted, str):
        return True
    if isinstance(without, str):
        return False
    linear = [n.removesuffix(".weight") for n, s in theirs.items() if len(s) == 2]
    named = {m for m in linear if _names(wanted, m) and not _names(without, m)}
    layers = config.get("layers_to_transform")
    if layers not in (None, []):
        told = layers if isinstance(layers, list) else [layers]
        named = {m for m in named if (found := LAYER.search(m)) and int(found[1]) in told}
    return named == set(ranks)


def _names(told: Iterable[str] | None, module: str) -> bool:
    return any(module == name or module.endswith(f".{name}") for name in told or ())


def _is_told(config: dict[str, Any], extra: dict[str, Any]) -> bool:
    """Whether the description names the variant that the tensors are of."""
    told, kept = config.get("modules_to_save") or [], extra["modules_to_save"] or []
    whole = len(told) == len(kept) and all(_names(told, module) for module in kept)
    plain = {"use_dora": False, "lora_bias": False, "bias": "none"}
    return whole and all((config.get(n) or usual) == extra[n] for n, usual in plain.items())


def _of_changed_base(module: str) -> StudioError:
    return StudioError(
        _("This voice belongs to a base model that was changed for it."),
        _("Its weights hold another {module} than the base model's, and factors for that.").format(
            module=module[:120]
        ),
        _("Ask whoever made it for the base model that it was taught on, and choose that."),
    )


def _torn(why: str) -> StudioError:
    return StudioError(
        _("The weights of this voice are not whole."),
        why,
        _("Copy or download it again, all its files, or ask whoever made it for another copy."),
    )
