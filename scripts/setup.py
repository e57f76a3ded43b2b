"""Install what the studio needs: ``python3 scripts/setup.py pages|studio|dev|gpu|engine``.

This file must parse on any old Python, which it only tells what is missing.
"""

import os
import subprocess
import sys

NEEDED = (3, 11)
CANDIDATES = ["python3.14", "python3.13", "python3.12", "python3.11"]


def is_new_enough(python):
    """Whether this command is a Python that runs, of a version that will do."""
    test = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        with open(os.devnull, "w") as nowhere:
            return subprocess.call([python, "-c", test], stdout=nowhere, stderr=nowhere) == 0
    except OSError:
        return False


def main():
    if sys.version_info >= NEEDED:
        from install.program import main as install

        return install(sys.argv[1:])
    for python in CANDIDATES:
        if is_new_enough(python):
            os.execvp(python, [python] + sys.argv)
    sys.stderr.write(
        "Lorewright needs Python 3.11 or newer; this is Python %d.%d. Install a newer one "
        "(Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python3) and "
        "run the command again, or name it: make studio PYTHON=/path/to/python3\n"
        % sys.version_info[:2]
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
