"""A supervisor of small children, for tests: ``household.py CHILDREN [lifeline] [parent]``.

CHILDREN is a JSON list of {"name", "stage", "code", …}; a child is ready when the file
``<name>.ready`` is in the data folder.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from typing import Any

from studio.jobs import processes
from studio.settings import settings
from workers.children import Child
from workers.supervisor import supervise


def child(name: str, stage: int, code: str, **limits: Any) -> Child:
    home = settings()
    flag = home.data / f"{name}.ready"
    command = [sys.executable, "-c", code, name, str(home.data)]
    return Child(
        name,
        stage,
        launch=partial(processes.spawn, command, env=processes.environment(home)),
        ready=lambda pid: flag.exists(),
        **limits,
    )


if __name__ == "__main__":
    supervise(
        settings(),
        [child(**given) for given in json.loads(sys.argv[1])],
        lifeline=sys.stdin.fileno() if "lifeline" in sys.argv else None,
        parent=os.getppid() if "parent" in sys.argv else None,
    )
