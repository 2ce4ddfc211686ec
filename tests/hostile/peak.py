"""Asks each address it is given, and prints what came of it and by how many MB the process grew; in a process of its
own, because memory that was once taken stays taken."""

from __future__ import annotations

import json
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

import stamina

from caretool.errors import CaretoolError
from caretool.http import Client


def peak() -> int:
    """The most MB this process ever had. Linux counts what started us in `ru_maxrss`, so it is asked elsewhere."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> None:
    """`python -m tests.hostile.peak URL…`: a line of JSON for each."""
    stamina.set_testing(True, attempts=1)
    for url in sys.argv[1:]:
        before = peak()
        account = Client(url, name="fediverse", clock=lambda: datetime.now(UTC), token=lambda: "t0ken", patience=2)
        try:
            account.get("/x").json()
            told = "fine"
        except CaretoolError as error:
            told = f"{type(error).__name__}: {error}"
        finally:
            account.close()
        print(json.dumps([told, peak() - before]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
