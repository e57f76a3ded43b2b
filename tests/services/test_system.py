"""What doctor sees, on a studio that does not run and on broken parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.services import system
from studio.settings import Settings, settings


def _rows() -> dict[str, dict[str, str]]:
    return {row["key"]: row for row in system.doctor()["rows"]}


@pytest.fixture
def rows(home: Settings) -> dict[str, dict[str, str]]:
    return _rows()


def test_an_installed_studio_lacks_nothing(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "NO_DISK", 0)  # whatever else fills it now
    report = system.doctor()
    assert [row for row in report["rows"] if row["level"] == "missing"] == []
    assert report["ok"]


def test_what_does_not_run_is_said_with_its_remedy(rows: dict[str, dict[str, str]]) -> None:
    for key in ("runner", "broker", "recorder"):
        assert rows[key]["level"] == "warn"
        assert "make studio" in rows[key]["remedy"]


def test_versions_are_named(rows: dict[str, dict[str, str]]) -> None:
    assert rows["llama_cpp"]["value"] == "0.3.36"
    assert rows["sqlite"]["value"].startswith("3.")
    assert "as pinned" in rows["packages"]["value"]


def test_missing_converters_are_said(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOREWRIGHT_CACHE", str(home.data / "no-cache"))
    settings.cache_clear()
    row = _rows()["llama_cpp"]
    assert row["level"] == "missing"
    assert row["value"] == "the writing engine is still to be built"
    assert "make studio" in row["remedy"]


def test_a_damaged_database_is_said(home: Settings) -> None:
    home.data.mkdir(parents=True)
    Path(home.database).write_bytes(b"not a database" * 100)
    row = system._database()
    assert row.level == "missing"
    assert "backup" in row.remedy
