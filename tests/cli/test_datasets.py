"""``dataset``: list, show and diff, as a person starts them."""

from __future__ import annotations

import pytest

from studio.settings import Settings
from tests.cli.test_verbs import Terminal
from tests.services import shelf


@pytest.fixture
def terminal(home: Settings) -> Terminal:
    return Terminal(home)


def test_datasets_are_listed_and_shown(terminal: Terminal) -> None:
    first = shelf.put()
    second = shelf.put("B", parent=first.id, without="t0")
    listed = terminal.json("dataset", "list")["datasets"]
    assert [d["id"] for d in listed] == [second.id, first.id]
    shown = terminal.json("dataset", "show", "A")
    assert shown["id"] == first.id
    assert [v["id"] for v in shown["versions"]] == [first.id, second.id]
    assert "6 passages to learn from" in shown["advice"][0]
    told = terminal.run("dataset", "show", first.id[:12])
    assert told.returncode == 0, told.stderr
    assert "an e-mail address (1)" in told.stdout


def test_a_version_is_compared_with_what_it_was_made_of(terminal: Terminal) -> None:
    first = shelf.put()
    second = shelf.put("B", parent=first.id, without="t0")
    said = terminal.json("dataset", "diff", "B")
    assert (said["a"], said["b"]) == (first.id, second.id)
    assert said["figures"]["train"] == [6, 5]
    assert [e["id"] for e in said["only_in_a"]] == ["t0"]
    assert said["same"] == 6
    other = terminal.json("dataset", "diff", "B", "A")
    assert [e["id"] for e in other["only_in_b"]] == ["t0"]
    assert "Only in the first" in terminal.run("dataset", "diff", "B").stdout


def test_a_dataset_that_is_not_there(terminal: Terminal) -> None:
    assert "dataset" in terminal.json("dataset", "show", status=1)["error"]["what"]
