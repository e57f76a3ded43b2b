"""The documentation names what there is, and nothing that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from studio.cli.program import app
from studio.domain.events import AnyBody
from studio.domain.jobs import TRANSITIONS, JobState
from studio.models.catalogue import catalogue
from studio.models.source import SUPPORTED
from studio.plugins import SEAMS, discover
from studio.settings import ROOT, Settings
from tests.families import KINDS, OTHERS, family_name

OPERATORS = (ROOT / "docs" / "operator-guide.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").rglob("*.md")]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def _verbs(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _verbs(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


VERBS = dict(_verbs(typer.main.get_command(app)))


def _row(verb: str) -> str:
    """The line of the operator guide's table that tells of a verb."""
    found = [line for line in OPERATORS.splitlines() if re.match(rf"\| `{verb}[ `]", line)]
    assert found, f"docs/operator-guide.md has no row for {verb!r}"
    return found[0]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_is_documented(verb: str) -> None:
    options = {o for p in VERBS[verb].params for o in p.opts if o.startswith("--")}
    told = set(re.findall(r"--[a-z-]+", _row(verb)))
    assert told == options - {"--json", "--help"}


def test_no_verb_is_documented_that_is_not_there() -> None:
    table = OPERATORS.split("## The command line")[1].split("## ")[0]
    told = {
        " ".join(re.findall(r"[a-z]+", cell))
        for cell in re.findall(r"^\| `([^`A-Z]+)", table, re.M)
    }
    assert told == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_speaks_json(verb: str) -> None:
    assert "--json" in {o for p in VERBS[verb].params for o in p.opts}
    assert VERBS[verb].help


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"| `{Settings.variable(name)}` |" in OPERATORS
    assert Settings.model_fields[name].description


def test_no_setting_is_documented_that_is_not_there() -> None:
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", OPERATORS, re.M))
    assert told == {Settings.variable(name) for name in Settings.model_fields}


def test_every_seam_and_plugin_is_documented() -> None:
    told = {
        seam: set(re.findall(r"`([a-z0-9-]+)`", row))
        for seam, row in re.findall(r"^\| `(studio\.[a-z.]+)` \| (.*) \|$", ARCHITECTURE, re.M)
        if seam in SEAMS
    }
    assert told == {seam: set(discover(seam)) for seam in SEAMS}


def test_every_event_is_documented() -> None:
    bodies = get_args(get_args(AnyBody)[0])
    assert {b.__name__ for b in bodies} <= set(
        re.findall(r"^\| `([A-Z]\w+)` \|", ARCHITECTURE, re.M)
    )


@pytest.mark.parametrize("state", JobState)
def test_every_step_of_a_job_is_documented(state: JobState) -> None:
    (row,) = re.findall(rf"^\| `{state}` \| .* \| (.*) ?\|$", ARCHITECTURE, re.M)
    assert {s for s in JobState if re.search(rf"\b{s}\b", row)} == set(TRANSITIONS[state])


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M)
    told = set(re.findall(r"^\| `make ([a-z-]+)` \|", OPERATORS, re.M))
    assert told == set(targets) - {"help"}


def test_the_map_of_folders_is_true() -> None:
    told = set(re.findall(r"^\| `([\w./]+)` \|", README, re.M))
    assert {place for place in told if not (ROOT / place).exists()} == set()
    packages = {f"studio/{p.parent.name}/" for p in (ROOT / "studio").glob("*/__init__.py")}
    assert packages <= told


def test_every_record_is_listed() -> None:
    records = {p.name for p in (ROOT / "docs" / "decisions").glob("2*.md")}
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert set(LINK.findall(listed)) == records


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if ":" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_table_of_families_is_that_of_the_catalogue() -> None:
    table = (ROOT / "docs" / "families.md").read_text("utf-8")
    told = set(re.findall(r"^\| `([^`]+)`", table, re.M))
    assert told == set(KINDS | OTHERS)
    for entry in catalogue():
        [row] = re.findall(rf"^\| `{re.escape(family_name(entry))}`.*$", table, re.M)
        assert entry.architecture in row
    assert set(re.findall(r"\w+ForCausalLM", table)) == set(SUPPORTED)
