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
TREES = {path: ast.parse(path.read_text()) for path in (*OURS, *_sources("tests"))}
"""Every source, parsed once."""


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


def _knowing(library: str) -> set[str]:
    """The names of our sources that import a library anywhere."""
    return {_name(p) for p in OURS if library in _tops(_imported(ast.walk(TREES[p])))}


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("streamlit", ("Home.py", "pages/", "studio/ui/")),
        ("rq", ("studio/jobs/queue.py", "workers/")),
        # Whoever imports it from elsewhere first imports pandas with it.
        ("sqlite_utils", ("studio/store/",)),
        # Its experimental modules change; then one file does.
        ("trl", ("studio/training/trainers.py",)),
    ],
)
def test_a_library_is_known_in_one_place(library: str, allowed: tuple[str, ...]) -> None:
    assert {name for name in _knowing(library) if not name.startswith(allowed)} == set()


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    early = {_name(p): _tops(_imported(_at_import(TREES[p]))) & HEAVY for p in OURS}
    assert {name: found for name, found in early.items() if found} == {}


def test_pages_use_services() -> None:
    allowed = ("studio.ui", "studio.services", "studio.domain", "studio.errors", "studio.language",
               "studio.settings")  # fmt: skip
    for path in _sources("Home.py", "pages"):
        ours = {n for n in _imported(ast.walk(TREES[path])) if n.startswith("studio")}
        wrong = {name for name in ours if name != "studio" and not name.startswith(allowed)}
        assert wrong == set(), _name(path)


def test_modules_are_short_nouns_that_say_what_they_are() -> None:
    assert [_name(path) for path in OURS if path.stem in BINS] == []
    lengths = {_name(path): len(path.read_text().splitlines()) for path in OURS}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}
    modules = [path for path in OURS if path.name != "__init__.py"]
    assert [_name(path) for path in modules if not ast.get_docstring(TREES[path])] == []


def test_functions_are_short() -> None:
    long = [
        f"{_name(path)}: {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in OURS
        for node in ast.walk(TREES[path])
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


def test_no_test_replaces_what_it_is_about() -> None:
    tests = _sources("tests")
    assert [_name(p) for p in tests if "unittest" in _tops(_imported(ast.walk(TREES[p])))] == []
