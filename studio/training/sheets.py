"""A planned training as a page of YAML: every setting with what it means, to read and to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from studio.domain.fields import fields, flat
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.training import values, wording

LARGEST = 200_000
"""Characters of a page that is still read; a real one has about four thousand."""
HEAD = ("name", "dataset", "model", "formatter", "preset")
"""What a lesson is about; the rest is how it is done."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML without anchors, with which a small page could become a huge one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="an alias", problem_mark=self.peek_event().start_mark
            )
        return super().compose_node(parent, index)


def write(spec: TrainSpec, dataset: str) -> str:
    """The YAML of a training; ``dataset`` is the name that stands beside its id."""
    given = flat(spec.model_dump(mode="json"), fields(TrainSpec))
    said = {field: _comment(each) for field, each in wording.words().items()}
    head = {k: v for k, v in spec.model_dump(mode="json").items() if k in HEAD and v is not None}
    lines = [f"# {_('A lesson for Lorewright. To begin it: python -m studio train THIS_FILE')}"]
    notes = {"dataset": dataset}
    lines += [_line(k, v, notes.get(k, "")) for k, v in head.items()]
    for title, group in wording.groups().items():
        present = {field: given[field] for field in group if field in given}
        if title == next(iter(wording.groups())):
            present = {"objective.kind": spec.objective.kind, **present}
            said["objective.kind"] = values.objectives()[spec.objective.kind][0]
        lines += ["", f"# {title}", *_section(present, said)]
    return "\n".join(lines) + "\n"


def _section(values: Mapping[str, Any], said: Mapping[str, str]) -> Iterator[str]:
    """Settings that lie in one part follow its name, indented."""
    for part in dict.fromkeys(field.rpartition(".")[0] for field in values):
        if part:
            yield f"{part}:"
        for field, value in values.items():
            before, _dot, name = field.rpartition(".")
            if before == part:
                yield ("  " if part else "") + _line(name, value, said[field])


def _line(name: str, value: Any, said: str) -> str:
    listed = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6)
    text = f"{name}: {listed.strip()[1:-1]}"
    return f"{text}  # {' '.join(said.split())}" if said else text


def _comment(said: wording.Words) -> str:
    return f"{said.label}; {said.unit}" if said.unit else said.label


def read(text: str) -> dict[str, Any]:
    """The settings that a page of YAML or JSON names.

    Raises:
        StudioError: it is neither, or does not name settings.
    """
    if len(text) > LARGEST:
        raise _unreadable(_("It has more than {n} characters.").format(n=f"{LARGEST:,}"))
    try:
        found = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise _unreadable(_place(problem)) from problem
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise _unreadable(_("It does not consist of settings as “name: value”."))
    return found


def _place(problem: Exception) -> str:
    mark = getattr(problem, "problem_mark", None)
    if mark is None:
        return _("It is not YAML.")
    return _("It is not YAML from line {line}, column {column} on.").format(
        line=mark.line + 1, column=mark.column + 1
    )


def _unreadable(why: str) -> StudioError:
    return StudioError(
        _("This plan cannot be read."),
        why,
        _("Take a plan that the studio wrote, and change its values."),
    )
