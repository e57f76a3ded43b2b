"""``python tests/faults/light_worker.py ROLE``: a real worker with light engines.

It loads no libraries beforehand, as those need none.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from workers import __main__, roles, tasks

tasks.ENGINES["download"] = "tests.faults.engine:run"
tasks.ENGINES["write"] = "tests.faults.engine:write"
whole = roles.role_of
roles.role_of = lambda name, backend: replace(whole(name, backend), imports=())

if __name__ == "__main__":
    sys.exit(__main__.main(sys.argv[1:]))
