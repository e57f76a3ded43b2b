"""The one contract that every plugin of every seam keeps."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from studio.plugins import SEAMS, discover

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = [
    pytest.param(seam, plugin, id=f"{seam.removeprefix('studio.')}:{kind}")
    for seam in SEAMS
    for kind, plugin in discover(seam).items()
]


@pytest.mark.parametrize("seam", SEAMS)
def test_each_file_of_a_seam_exports_one_plugin(seam: str) -> None:
    package = importlib.import_module(seam)
    files = [module.name for module in pkgutil.iter_modules(package.__path__)]
    assert files
    assert len(discover(seam)) == len(files)


@pytest.mark.parametrize(("seam", "plugin"), PLUGINS)
def test_a_plugin_says_what_it_is(seam: str, plugin: Any) -> None:
    assert plugin.kind == plugin.kind.lower().strip()
    assert plugin.label.strip() == plugin.label != ""
    assert callable(plugin.run)
    assert callable(plugin.check)


@pytest.mark.parametrize(("seam", "plugin"), PLUGINS)
def test_its_options_are_frozen_and_refuse_unknown_fields(seam: str, plugin: Any) -> None:
    assert issubclass(plugin.Spec, BaseModel)
    assert plugin.Spec.model_config.get("frozen") is True
    with pytest.raises(ValidationError, match="surprise"):
        plugin.Spec.model_validate({"surprise": 1})


@pytest.mark.parametrize(("seam", "plugin"), PLUGINS)
def test_its_work_is_described(seam: str, plugin: Any) -> None:
    described = inspect.getdoc(plugin.run) or inspect.getdoc(type(plugin)) or ""
    assert len(described.split()) > 3


def test_two_plugins_of_one_kind_are_refused(tmp_path: Path) -> None:
    seam = tmp_path / "seam_of_two"
    seam.mkdir()
    (seam / "__init__.py").write_text("")
    for name in ("one", "two"):
        (seam / f"{name}.py").write_text("class Plugin:\n    kind = 'same'\n\nplugin = Plugin()\n")
    code = "from studio.plugins import discover; discover('seam_of_two')"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "two plugins of kind 'same'" in run.stderr


def test_the_seams_are_where_their_list_says() -> None:
    for seam in SEAMS:
        for file in (ROOT / seam.replace(".", "/")).glob("*.py"):
            names = [
                target.id
                for node in ast.parse(file.read_text(encoding="utf-8")).body
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            ]
            assert names.count("plugin") == (file.name != "__init__.py"), file
