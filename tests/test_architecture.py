"""The house rules that no tool checks by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.bench import imports
from studio.settings import ROOT

HEAVY = {
    "torch", "transformers", "trl", "peft", "chromadb", "llama_cpp", "sentence_transformers",
    "bitsandbytes", "datasets", "accelerate", "pandas", "pyarrow",
}  # fmt: skip
BINS = {"utils", "helpers", "misc", "common"}
LONGEST_MODULE = 300
"""Lines. The aim is 140; this is where a second thought is forced."""
LONGEST_FUNCTION = 60


def _sources(*places: str) -> list[Path]:
    found = [ROOT / "Home.py"] if "Home.py" in places else []
    for place in places:
        found += sorted((ROOT / place).rglob("*.py"))
    return found


OURS = _sources("Home.py", "pages", "studio", "workers", "scripts")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imported(nodes: Iterator[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def _tops(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def _at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Everything that runs when the module is imported: not what is inside functions, nor what
    only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _at_import(node)


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_only_the_pages_know_streamlit(path: Path) -> None:
    allowed = _name(path).startswith(("Home.py", "pages/", "studio/ui/"))
    assert allowed or "streamlit" not in _tops(_imported(ast.walk(ast.parse(path.read_text()))))


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_only_queue_and_workers_know_rq(path: Path) -> None:
    allowed = _name(path) == "studio/jobs/queue.py" or _name(path).startswith("workers/")
    assert allowed or "rq" not in _tops(_imported(ast.walk(ast.parse(path.read_text()))))


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_only_the_store_knows_sqlite_utils(path: Path) -> None:
    """Whoever imports it from elsewhere first imports pandas with it."""
    allowed = _name(path).startswith("studio/store/")
    names = _tops(_imported(ast.walk(ast.parse(path.read_text()))))
    assert allowed or "sqlite_utils" not in names


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_only_the_trainers_know_trl(path: Path) -> None:
    """Its experimental modules change; then one file does."""
    allowed = _name(path) == "studio/training/trainers.py"
    assert allowed or "trl" not in _tops(_imported(ast.walk(ast.parse(path.read_text()))))


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    assert not _tops(_imported(_at_import(ast.parse(path.read_text())))) & HEAVY


@pytest.mark.parametrize("path", _sources("Home.py", "pages"), ids=_name)
def test_pages_use_services(path: Path) -> None:
    ours = {n for n in _imported(ast.walk(ast.parse(path.read_text()))) if n.startswith("studio")}
    allowed = ("studio.ui", "studio.services", "studio.domain", "studio.errors", "studio.language",
               "studio.settings")  # fmt: skip
    assert {name for name in ours if name != "studio" and not name.startswith(allowed)} == set()


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_modules_are_short_nouns_that_say_what_they_are(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert path.stem not in BINS
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE
    assert path.name == "__init__.py" or ast.get_docstring(tree)


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_functions_are_short(path: Path) -> None:
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_services_and_pages_load_nothing_that_takes_long() -> None:
    """In a fresh interpreter that imports all of them; what a page needs to begin."""
    _seconds, modules = imports.measure()
    assert HEAVY.intersection(modules) == set()
    assert {"studio.services.training", "studio.ui.guard"} <= set(modules)


@pytest.mark.parametrize("path", _sources("tests"), ids=_name)
def test_no_test_replaces_what_it_is_about(path: Path) -> None:
    assert "unittest" not in _tops(_imported(ast.walk(ast.parse(path.read_text()))))
