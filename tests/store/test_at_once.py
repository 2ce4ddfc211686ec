"""Several processes that open the database at the very same moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ROUNDS = 12
_OPENER = """
import sys
from datetime import UTC, datetime
from caretool.store.store import Store
print("ready", flush=True)
for where in map(str.strip, sys.stdin):
    store = Store(where, datetime.now(UTC))
    with store.writing():
        store.new_ids("p", 1)
    store.close()
    print("done", flush=True)
"""


def test_processes_that_make_a_database_at_the_same_moment_all_get_it(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _OPENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(3)
    ]
    try:
        assert [_heard(process) for process in processes] == ["ready"] * 3
        for number in range(_ROUNDS):
            for process in processes:
                assert process.stdin is not None
                print(tmp_path / f"{number}.db", file=process.stdin, flush=True)
            assert [_heard(process) for process in processes] == ["done"] * 3
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
