"""The verbs that need little of a worker, in processes of their own as a person starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.settings import ROOT, Settings
from tests.running import running

pytestmark = pytest.mark.slow


class Terminal:
    """Runs ``python -m studio`` on a private data folder."""

    def __init__(self, home: Settings) -> None:
        self.environment = {**os.environ, "LOREWRIGHT_DATA": str(home.data)}

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "studio", *map(str, arguments)]
        return subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )

    def json(self, *arguments: str | Path, status: int = 0) -> Any:
        """What the verb prints with --json; nothing else may stand on standard output."""
        done = self.run(*arguments, "--json")
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def terminal(home: Settings) -> Terminal:
    return Terminal(home)


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """On a studio that runs already, so that no verb has to start one."""
    with running(tmp_path_factory.mktemp("joined") / "data") as home:
        yield Terminal(home)


def test_a_manuscript_is_imported_and_described(joined: Terminal) -> None:
    said = joined.json("import", "--sample", "tide-clerk")
    assert said["title"] == "The Tide Clerk"
    assert (said["language"], said["encoding"]) == ("en", "utf-8")
    assert len(said["chapters"]) == 6
    assert all(set(chapter) == {"title", "characters"} for chapter in said["chapters"])
    assert said["words"] > 3000
    assert said["characters"] > 12_000
    again = joined.json("import", ROOT / "data" / "samples" / "tide-clerk.txt")
    assert again["id"] == said["id"]


def test_what_was_left_out_of_a_folder_is_told(joined: Terminal, tmp_path: Path) -> None:
    novel = tmp_path / "novel"
    novel.mkdir()
    for name in ("one", "two"):
        (novel / f"{name}.txt").write_text(f"He went to number {name}, and stayed there.")
    (novel / "map.png").write_bytes(b"\x89PNG")
    several = joined.json("import", novel)
    assert [m["title"] for m in several["manuscripts"]] == ["One", "Two"]
    assert several["refused"] == []
    (note,) = several["notes"]
    assert "map.png" in note
    assert note in joined.run("import", novel, "--together").stdout


def test_chapters_are_read_in_the_order_that_is_given(joined: Terminal, tmp_path: Path) -> None:
    names = ("Prologue", "Chapter 1", "Chapter 2", "Chapter 10")
    files = [tmp_path / f"Tide - {name}.txt" for name in names]
    for path in files:
        path.write_text(f"He came to {path.stem} late in the evening, and stayed there.")
    listed = joined.run("import", *sorted(files), "--together", "--list").stdout.splitlines()
    assert listed == [path.name for path in files]
    order = tmp_path / "order.list"
    order.write_text("\n".join(listed[::-1]) + "\n")
    said = joined.json("import", *files, "--order", order)
    assert said["title"] == "Tide"
    assert [c["title"] for c in said["chapters"]] == [f"Tide {name}" for name in names[::-1]]
    order.write_text("\n".join(listed[1:]))
    problem = joined.json("import", *files, "--order", order, status=1)["error"]
    assert "leaves out: Tide - Prologue.txt" in problem["why"]


def test_a_problem_is_three_lines_and_no_traceback(terminal: Terminal, tmp_path: Path) -> None:
    missing = tmp_path / "novel.txt"
    done = terminal.run("import", missing)
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 3
    assert "novel.txt" in lines[0]


def test_a_problem_is_an_object_with_json(joined: Terminal, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    said = joined.json("import", empty, status=1)
    assert set(said["error"]) == {"what", "why", "remedy"}
    assert "empty.txt" in " ".join(said["error"].values())


def test_a_file_too_large_is_not_read(terminal: Terminal, tmp_path: Path) -> None:
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(250_000_000)
    assert "250" in terminal.json("import", huge, status=1)["error"]["why"]


def test_where_nothing_was_made_the_next_step_is_said(terminal: Terminal) -> None:
    said = terminal.json("train", status=1)["error"]
    assert "dataset" in said["what"]
    assert terminal.json("jobs", "list") == {"jobs": []}


def test_which_model_fits_a_card_is_answered_offline(terminal: Terminal) -> None:
    said = terminal.json("models", "fit", "--memory", "12", "--language", "zh")
    assert (said["kind"], said["memory"]) == ("cuda", 12_000_000_000)
    first = said["models"][0]
    assert first["quantisation"] in ("none", "int8", "nf4")
    assert first["needs"] <= 12e9
    assert said["models"][-1]["quantisation"] is None or not said["models"][-1]["teachable"]
    table = terminal.run("models", "fit", "--memory", "12").stdout
    assert "Mistral Nemo" in table
    assert "does not fit" in table


def test_wrong_use_is_told_with_status_two(terminal: Terminal) -> None:
    done = terminal.run("import")
    assert done.returncode == 2
    assert "--sample" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_backup_brings_manuscripts_back(terminal: Terminal, tmp_path: Path) -> None:
    imported = terminal.json("import", "--sample", "last-ferry")
    kept = terminal.json("backup", tmp_path / "novel.lorewright")
    assert kept["artifacts"] == 2
    other = Terminal(Settings(data=tmp_path / "elsewhere"))
    assert terminal.environment["LOREWRIGHT_DATA"] != other.environment["LOREWRIGHT_DATA"]
    assert other.json("restore", kept["file"])["replaced"] is None
    assert other.json("import", "--sample", "last-ferry")["id"] == imported["id"]
