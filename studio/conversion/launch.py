"""Runs one converter script, its rehearsal, or the quantiser, in a process of its own.

Started by path as ``python -I launch.py convert TOOLKIT SCRIPT ARGUMENTS…``, ``… rehearse TOOLKIT
MODEL DRAFT`` or ``… quantise SOURCE TARGET FTYPE THREADS``. Its standard input is a pipe that the
parent holds open: when the parent is gone, by whatever signal, so is this.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NoReturn

FOUND = "FOUND "
"""What a line begins with that tells, in JSON, what stands in the way of a conversion."""
WHOLE = "convert_hf_to_gguf.py"
"""The script that converts a model and not an adapter."""
ROOT = Path(__file__).resolve().parents[2]


def _ready(toolkit: str, *, whole: bool) -> ModuleType:
    """Let llama.cpp's scripts be imported, changed by ``shims``; the studio's own come
    after all others."""
    sys.path[:0] = [toolkit, str(Path(toolkit) / "gguf-py")]
    sys.path.append(str(ROOT))
    from studio.conversion import shims

    shims.install(whole=whole)
    return shims


def _convert(toolkit: str, script: str, *arguments: str) -> None:
    _ready(toolkit, whole=script == WHOLE)
    path = str(Path(toolkit) / script)
    sys.argv = [path, *arguments]
    runpy.run_path(path, run_name="__main__")


def _rehearse(toolkit: str, model: str, draft: str) -> None:
    """All of a conversion but the weights' numbers: ``draft`` becomes a GGUF file with a hole
    where they belong, and llama.cpp opens it and reads text with it."""
    shims = _ready(toolkit, whole=True)
    import gguf
    from conversion import (  # type: ignore[import-not-found]
        ModelBase,
        ModelType,
        get_model_architecture,
        get_model_class,
    )

    folder, target = Path(model), Path(draft)
    config = ModelBase.load_hparams(folder, False)
    kind = get_model_class(get_model_architecture(config, ModelType.TEXT))
    made = kind(folder, gguf.LlamaFileType.MOSTLY_F16, target)
    try:
        made.prepare_tensors()
        made.prepare_metadata(vocab_only=False)
    except shims.UnlikeError as found:
        _end(found.kind, found.value)
    writer = made.gguf_writer
    writer.write_header_to_file(path=target)
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    sizes = [tensor.nbytes for tensors in writer.tensors for tensor in tensors.values()]
    whole = sum(writer.ggml_pad(size, writer.data_alignment) for size in sizes)
    os.truncate(target, target.stat().st_size + whole + writer.data_alignment)
    _read(target, folder)


def _read(gguf: Path, model: Path) -> None:
    from studio.conversion.tokens import unlike
    from studio.errors import StudioError
    from studio.inference.runtime import Runtime

    try:
        runtime = Runtime(gguf, 0)
    except StudioError:
        _end("unread", "")
    if text := unlike(runtime, model):
        _end("tokens", text[:40])


def _end(kind: str, value: str) -> NoReturn:
    """Tell the parent what stands in the way of a conversion."""
    sys.stdout.write(FOUND + json.dumps([kind, value]) + "\n")
    sys.stdout.flush()
    sys.exit(1)


def _quantise(source: str, target: str, ftype: str, threads: str) -> None:
    import llama_cpp

    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = int(ftype)
    params.nthread = int(threads)
    if code := llama_cpp.llama_model_quantize(source.encode(), target.encode(), params):
        sys.exit(f"llama_model_quantize returned {code}")


def _die_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def main(mode: str, *arguments: str) -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()
    modes: dict[str, Callable[..., None]] = {
        "convert": _convert, "rehearse": _rehearse, "quantise": _quantise,
    }  # fmt: skip
    modes[mode](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
