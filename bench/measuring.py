"""CPU time (user and system) of commands and of calls, so that what else runs on the machine matters little."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import apsw

FLOOR = "python -c pass"
START = "import sys; from caretool.cli.main import main; sys.exit(main())"
"""What the installed script `caretool` does."""


def caretool(*words: str | Path) -> list[str]:
    """The command line of a `caretool` command."""
    return [sys.executable, "-c", START, *map(str, words)]


def cpu_of(command: Sequence[str]) -> float:
    """Seconds of CPU that a command and its children took; its output is thrown away. RuntimeError if it failed."""
    # Python keeps the bytecode of what it has imported once, unless this says no: an installed program has it.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables["CARETOOL_AGENT"] = "dario"
    nowhere = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    child = os.posix_spawnp(command[0], list(command), variables, file_actions=[nowhere])
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{' '.join(command)} exited {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime


def cpu_of_commands(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, float]:
    """The median seconds of CPU of each, run in turns after one run that does not count."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            used = cpu_of(command)
            if turn:
                found[name].append(used)
    return {name: statistics.median(times) for name, times in found.items()}


def cpu_of_call(call: Callable[[], object]) -> float:
    """Seconds of CPU that a call took in this process, with all its threads."""
    before = time.process_time()
    call()
    return time.process_time() - before


def machine() -> str:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    told = Path("/proc/cpuinfo")
    if told.exists():
        models = [line.partition(":")[2].strip() for line in told.read_text().splitlines() if "model name" in line]
        cpu = models[0] if models else cpu
    return (
        f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"SQLite {apsw.sqlitelibversion()} (Python's own: {sqlite3.sqlite_version})"
    )
