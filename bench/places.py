"""Fetching from many places at once, over real sockets from a slow server in a process of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from bench.stores import Size, at_work, lay
from caretool.desk import fetching, triaging

_ACCOUNT = """
[accounts.{name}]
platform = "mastodon"
url = "http://127.0.0.1:{port}"
token = {{ env = "BENCH_TOKEN_{number}" }}
"""


@contextmanager
def slow_server(accounts: int, pages: int, seconds: float) -> Iterator[int]:
    """Its port, while it runs."""
    command = [sys.executable, "-m", "bench.slow_server", str(accounts), str(pages), str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def lay_places(folder: Path, accounts: int, port: int) -> Path:
    """A workspace with so many accounts on that server."""
    lay(folder, Size(0, 0, 0))
    settings = folder / "accounts.toml"
    kept = settings.read_text(encoding="utf-8")
    more = "".join(_ACCOUNT.format(name=f"place{n}", number=n, port=port) for n in range(accounts))
    settings.write_text(kept + more, encoding="utf-8")
    os.environ |= {f"BENCH_TOKEN_{number}": f"token-{number}" for number in range(accounts)}
    return folder


def seconds_to_fetch(folder: Path, names: list[str], *, cache: int = 32_000) -> tuple[float, int]:
    """How long it took by the clock on the wall, without reading what came; how many came. `cache`: the most that
    SQLite may keep in memory, in kB."""
    with at_work(folder) as desk, patch.object(triaging, "read_unread", return_value=0):
        desk.store._database.statement(f"PRAGMA cache_size = -{cache}")
        began = time.perf_counter()
        found = fetching.fetch(desk, names)
        took = time.perf_counter() - began
    wrong = [str(one.error) for one in found if one.error is not None]
    if wrong:
        raise RuntimeError("\n".join(wrong))
    return took, sum(one.new for one in found)


def peak_of_fetching(folder: Path) -> float:
    """The most memory that a process of its own took while it fetched, in bytes, without SQLite's cache, which grows
    until its 32 MB are full."""
    command = [sys.executable, "-m", "bench.places", str(folder)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return float(answer.stdout)


def _most_memory() -> float:
    """The most that this process had at a time, in bytes. What `getrusage` says, on Linux, is also its parent's."""
    told = Path("/proc/self/status")
    if told.exists():
        return 1024 * next(float(line.split()[1]) for line in told.read_text().splitlines() if line.startswith("VmHWM"))
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    seconds_to_fetch(Path(sys.argv[1]), ["place0"], cache=500)
    sys.stdout.write(f"{_most_memory()}\n")
