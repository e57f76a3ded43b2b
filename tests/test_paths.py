"""Windows' own names for folders, understood where Windows is the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.domain.base import Model
from studio.models import source
from studio.paths import local_path
from studio.settings import Settings


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("C:\\Users\\Mo\\My novels\\a.txt", "/mnt/c/Users/Mo/My novels/a.txt"),
        ("d:/models/qwen", "/mnt/d/models/qwen"),
        ("C:\\", "/mnt/c"),
        ("E:\\稿子\\第一章.docx", "/mnt/e/稿子/第一章.docx"),
        ("\\\\wsl$\\Ubuntu\\home\\mo\\model", "/home/mo/model"),
        ("//wsl.localhost/Debian/home/mo", "/home/mo"),
        ("/home/mo/C:\\odd", "/home/mo/C:\\odd"),
        ("models/C", "models/C"),
        ("C:relative", "C:relative"),
    ],
)
def test_under_wsl(written: str, meant: str) -> None:
    assert local_path(written, wsl=True) == Path(meant)


@pytest.mark.parametrize("written", ["C:\\Users\\Mo", "\\\\wsl$\\Ubuntu\\home", "/home/mo", "a"])
def test_elsewhere_names_stay_as_they_are(written: str) -> None:
    assert local_path(written, wsl=False) == Path(written)


def test_the_home_sign_is_resolved() -> None:
    assert local_path("~/novels", wsl=False) == Path.home() / "novels"


def test_settings_and_models_take_such_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.paths.under_wsl", lambda: True)
    monkeypatch.setenv("LOREWRIGHT_DATA", "C:\\Users\\Mo\\studio")
    assert Settings().data == Path("/mnt/c/Users/Mo/studio")
    model = Model(source="local", name="C:\\no\\such\\model")
    with pytest.raises(Exception, match="/mnt/c/no/such/model"):
        source.folder_of(model, lambda artifact: tmp_path / artifact)
