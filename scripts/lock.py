"""``make lock``: compile the .in files into the lock files.

Everything is pinned exactly and with hashes, for Linux and macOS and Python 3.11 or newer, but
for torch: its build differs by machine, so its pin has no hash, and the CUDA packages that
only some builds need are left to that build.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements", "requirements-dev", "requirements-gpu")
BUILT_BY_MACHINE = ("torch", "torchaudio", "torchvision")
BROUGHT_BY_TORCH = re.compile(r"(nvidia-|cuda-|triton$)")


def compile_lock(uv: str, name: str) -> str:
    """The text of a lock as uv resolves it."""
    target = f"{name}.txt"
    command = [uv, "pip", "compile", f"{name}.in", "--universal", "--generate-hashes"]
    command += ["--python-version", "3.11", "--custom-compile-command", "make lock"]
    command += ["--quiet", "--output-file", target]
    subprocess.run(command, cwd=ROOT, check=True)
    return (ROOT / target).read_text(encoding="utf-8")


def blocks(lock: str) -> list[str]:
    """A lock cut into its header and one block a requirement."""
    return re.split(r"^(?=[a-zA-Z0-9])", lock, flags=re.MULTILINE)


def free_torch(lock: str, keep_cuda: bool) -> str:
    """Take the hashes from what is built by machine, and the CUDA packages out."""
    kept = []
    for block in blocks(lock):
        name = block.split("==")[0]
        if not keep_cuda and BROUGHT_BY_TORCH.match(name):
            continue
        if name in BUILT_BY_MACHINE:
            block = re.sub(r" \\\n    --hash=\S+", "", block)
        kept.append(block)
    return "".join(kept)


def main(uv: str) -> None:
    for name in LOCKS:
        lock = free_torch(compile_lock(uv, name), keep_cuda=name.endswith("gpu"))
        (ROOT / f"{name}.txt").write_text(lock, encoding="utf-8")
        print(f"{name}.txt: {len(blocks(lock)) - 1} packages")


if __name__ == "__main__":
    main(*sys.argv[1:])
