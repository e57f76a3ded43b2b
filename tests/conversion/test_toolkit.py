from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from studio.conversion import launch, shims, toolkit
from studio.errors import StudioError
from studio.settings import ROOT, settings
from tests.waiting import until


def sdist(path: Path, extra: str | None = None) -> Path:
    """A small stand-in of the source package's layout, for the unpacking alone."""
    names = [*toolkit.SCRIPTS.values(), "conversion/base.py", "gguf-py/gguf/__init__.py", "LICENSE"]
    inside = [toolkit.INSIDE + name for name in names]
    inside += [toolkit.INSIDE + "ggml/big.c", *([extra] if extra else [])]
    with tarfile.open(path, "w:gz") as archive:
        for name in inside:
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"# x\n"))
    return path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = sdist(tmp_path / "package.tar.gz")
    monkeypatch.setattr(toolkit, "SHA256", toolkit._sha256(path))
    return path


def test_takes_out_the_converters_and_nothing_else(package: Path, tmp_path: Path) -> None:
    folder = toolkit.unpack(package, tmp_path / "kit")
    assert toolkit.complete(folder)
    assert not (folder / "ggml").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kit", "package.tar.gz"]


def test_does_nothing_when_it_is_there(package: Path, tmp_path: Path) -> None:
    folder = toolkit.unpack(package, tmp_path / "kit")
    package.unlink()
    assert toolkit.unpack(package, folder) == folder


def test_half_a_toolkit_is_replaced(package: Path, tmp_path: Path) -> None:
    folder = toolkit.unpack(package, tmp_path / "kit")
    (folder / "convert_hf_to_gguf.py").unlink()
    assert toolkit.complete(toolkit.unpack(package, folder))


def test_another_package_is_refused(tmp_path: Path) -> None:
    path = sdist(tmp_path / "package.tar.gz")
    with pytest.raises(ValueError, match="pinned"):
        toolkit.unpack(path, tmp_path / "kit")
    assert not (tmp_path / "kit").exists()


def test_paths_out_of_the_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sdist(tmp_path / "package.tar.gz", toolkit.INSIDE + "conversion/../../../evil.py")
    monkeypatch.setattr(toolkit, "SHA256", toolkit._sha256(path))
    with pytest.raises(ValueError, match="leads out"):
        toolkit.unpack(path, tmp_path / "kit")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["package.tar.gz"]


def test_missing_toolkit_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOREWRIGHT_CACHE", str(tmp_path))
    settings.cache_clear()
    try:
        with pytest.raises(StudioError) as raised:
            toolkit.find()
    finally:
        settings.cache_clear()
    assert "make setup" in raised.value.remedy


def test_can_be_imported_before_anything_is_installed() -> None:
    code = "import sys; import studio.conversion.toolkit; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"pydantic", "torch", "llama_cpp"} & set(run.stdout.split())


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+", "qwen2"),
        (r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+", "llama-bpe"),
        (r"'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", "gpt-2"),
        (r"[\p{Lu}\p{M}]*[\p{Ll}\p{M}]+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+", "gpt-4o"),
        (r"[\p{Lu}\p{M}]*[\p{Ll}\p{M}]+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+", "tekken"),
        (r"\w+|\W", None),
    ],
)
def test_pre_tokenizer_is_told_by_its_pattern(pattern: str, name: str | None) -> None:
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
    level = {"type": "ByteLevel", "use_regex": False}
    steps = {"type": "Sequence", "pretokenizers": [split, level]}
    assert shims.pre_tokenizer_of({"pre_tokenizer": steps}) == name


def test_byte_level_alone_is_gpt_2() -> None:
    assert shims.pre_tokenizer_of({"pre_tokenizer": {"type": "ByteLevel"}}) == "gpt-2"
    assert shims.pre_tokenizer_of({"pre_tokenizer": None}) is None


def test_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """A parent that is killed while its converter runs leaves no process behind."""
    script = tmp_path / "slow.py"
    script.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(3600)\n")
    (tmp_path / "conversion").mkdir()
    (tmp_path / "conversion" / "__init__.py").touch()
    base = tmp_path / "conversion" / "base.py"
    base.write_text(
        "class TextModel:\n get_vocab_base_pre = None\n _create_vocab_sentencepiece = None\n"
    )
    code = (
        "import subprocess, sys, time\n"
        f"command = [sys.executable, '-I', {str(launch.__file__)!r}, 'convert', "
        f"{str(tmp_path)!r}, 'slow.py']\n"
        "child = subprocess.Popen(command, stdin=subprocess.PIPE)\n"
        "time.sleep(3600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    until(lambda: not is_running(child), "the converter to end with its parent")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
