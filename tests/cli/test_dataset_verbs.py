"""``dataset generate`` and the builders of ``prepare``, before any worker is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.settings import ROOT, Settings
from tests.cli.test_verbs import Terminal
from tests.services import shelf

ADDRESS = "http://127.0.0.1:9/v1"


@pytest.fixture
def terminal(home: Settings) -> Terminal:
    return Terminal(home)


def test_json_without_yes_is_the_estimate_alone(terminal: Terminal) -> None:
    said = terminal.json(
        "dataset", "generate", "the sea", "--writer", ADDRESS, "--writer-model", "m",
        "--count", "100", "--price-out", "2",
    )  # fmt: skip
    assert set(said) == {"estimate"}
    assert said["estimate"]["requests"] == 120
    assert said["estimate"]["price"] > 0
    assert terminal.json("jobs", "list") == {"jobs": []}


def test_the_estimate_is_shown_and_nothing_begins_without_a_yes(terminal: Terminal) -> None:
    done = terminal.run("dataset", "generate", "the sea", "--count", "20")
    assert "Requests" in done.stdout
    assert "graphics card" in done.stdout
    assert done.returncode == 1
    assert terminal.json("jobs", "list") == {"jobs": []}


def test_another_machine_needs_leave(terminal: Terminal) -> None:
    said = terminal.json(
        "dataset", "generate", "x", "--writer", "https://example.org", "--writer-model", "m",
        "--yes", status=1,
    )  # fmt: skip
    assert "leave this machine" in said["error"]["what"]


def test_an_address_with_a_key_is_refused_and_not_repeated(terminal: Terminal) -> None:
    done = terminal.run(
        "dataset", "generate", "x", "--writer", "https://sk-1@example.org", "--writer-model", "m"
    )
    assert done.returncode == 2
    assert "sk-1" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--builder", "raw", "--turns", "3"), "turns"),
        (("--builder", "preference", "--writer", ADDRESS), "--writer-model"),
        (("--builder", "haiku"), "haiku"),
    ],
)
def test_options_that_do_not_fit_are_told(
    terminal: Terminal, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    shelf.sample("last-ferry", tmp_path)
    done = terminal.run("prepare", *options)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_table_becomes_a_dataset_and_goes_out_again(terminal: Terminal, tmp_path: Path) -> None:
    table = tmp_path / "pairs.jsonl"
    story = (ROOT / "data" / "samples" / "tide-clerk.txt").read_text(encoding="utf-8")
    told = [part.replace("\n", " ") for part in story.split("\n\n") if len(part) > 200]
    rows = [{"prompt": f"Paragraph {n}.", "completion": part} for n, part in enumerate(told)]
    table.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    made = terminal.json("prepare", "--rows", table, "--name", "Harbours")
    assert (
        made["train"] + made["validation"]
        == made["statistics"]["train"]["examples"] + (made["statistics"]["validation"]["examples"])
    )
    out = tmp_path / "out.jsonl"
    said = terminal.json("dataset", "export", "Harbours", out, "--shape", "prompt-completion")
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert said["rows"] == len(lines) == made["train"] + made["validation"]
    assert {line["prompt"] for line in lines} <= {row["prompt"] for row in rows}
    refused = terminal.run("dataset", "export", "Harbours", tmp_path / "out.docx")
    assert refused.returncode == 2
