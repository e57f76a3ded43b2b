"""Every migration set is walked from its first schema on, with rows in its tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.store.database import GROUPS, connect, migrate, migration_sets
from tests.waiting import PATIENCE

SCHEMA = Path(__file__).with_name("schema.sql")
SETS = dict(zip(GROUPS, migration_sets(), strict=True))


def names(found: Migrations) -> list[str]:
    return [m.name for m in found._migrations]


def schema(db: Database) -> str:
    statements = db.schema.rstrip(";\n").split(";\n")
    return "\n".join(sorted(f"{statement};" for statement in statements)) + "\n"


def fill(db: Database) -> dict[str, int]:
    """Put one row into every table, with a value of the declared type in each column."""
    values = {"TEXT": "x", "INTEGER": 1, "REAL": 1.0}
    db.conn.execute("PRAGMA foreign_keys = OFF")
    tables = [t for t in db.tables if not t.name.startswith("_")]
    for table in tables:
        columns = {c.name: values[c.type] for c in table.columns}
        marks = ", ".join(f":{name}" for name in columns)
        sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
        db.conn.execute(sql, columns)
    db.conn.commit()
    return {t.name: t.count for t in tables}


@pytest.mark.parametrize("group", GROUPS)
def test_a_set_is_named_after_its_group(group: str) -> None:
    assert SETS[group].name == group
    assert names(SETS[group]) == sorted(names(SETS[group]))


@pytest.mark.parametrize("group", GROUPS)
def test_rows_of_the_first_schema_come_through(group: str, tmp_path: Path) -> None:
    db = connect(tmp_path / "studio.db")
    for other, found in SETS.items():
        steps = names(found)
        found.apply(db, stop_before=steps[1:] if other == group else None)
    before = fill(db)
    migrate(db)
    assert {name: db[name].count for name in before} == before
    assert not any(found.pending(db) for found in SETS.values())


def test_the_schema_is_the_recorded_one(tmp_path: Path) -> None:
    """A changed schema needs a new migration, and this file made anew in the same commit."""
    db = connect(tmp_path / "studio.db")
    migrate(db)
    assert schema(db) == SCHEMA.read_text(encoding="utf-8")


def test_two_processes_may_open_a_new_studio_together(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from studio.store.database import open_database;"
        "print(open_database(Path(sys.argv[1]))['jobs'].count)"
    )
    path = str(tmp_path / "studio.db")
    runs = [
        subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [run.communicate(timeout=PATIENCE)[0].strip() for run in runs] == ["0"] * 4
    assert [run.returncode for run in runs] == [0] * 4


def test_a_failing_migration_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    db = connect(tmp_path / "studio.db")
    migrate(db)
    before = db.schema
    broken = Migrations("broken")

    @broken()
    def m001_half_done(found: Database) -> None:
        found.conn.execute("CREATE TABLE half (id TEXT)")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        broken.apply(db)
    assert db.schema == before


OPENER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from studio.store.database import connect

def open_and_close(number):
    connect(Path(sys.argv[1]) / f"{number // 4}.db").conn.close()

print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(open_and_close, range(800)))
"""


def test_new_files_are_opened_by_many_at_once(tmp_path: Path) -> None:
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _opener in range(3)
    ]  # fmt: skip
    for opener in openers:
        assert opener.stdout is not None
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("\n")
        opener.stdin.flush()
    assert [opener.communicate(timeout=PATIENCE)[1] for opener in openers] == ["", "", ""]
