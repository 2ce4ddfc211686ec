"""`make torture FUZZ=MINUTES`: each group for so many minutes, side by side; what was read, what it found.

    python -m tests.fuzzing.run MINUTES [SEED] [FOLDER]

It begins with the seeds and with the committed corpus, in a new folder or in that of an earlier run. Ends with 1 where
something was found. `python -m tests.fuzzing.keep FOLDER` takes into the repository what it reached.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzzing.groups import GROUPS

_UNITS = re.compile(r"stat::number_of_executed_units: (\d+)")
_SLOWNESS = "8"
_TOO_SHORT = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one group: inputs read, files in the corpus before and after, and the findings' names."""

    group: str
    read: int
    before: int
    after: int
    findings: tuple[str, ...]

    def __str__(self) -> str:
        found = f"{len(self.findings)} found" if self.findings else "nothing found"
        return f"{self.group}: {self.read} inputs read, corpus {self.before} → {self.after}, {found}"


def fuzz(name: str, seconds: float, seed: int, folder: Path) -> Told:
    """One group. Where an input hangs or kills its process, that is a finding, and it goes on with a new one."""
    corpus, findings = folder / "corpus" / name, folder / "findings" / name
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    group = GROUPS[name]
    for data in (*group.seeds(), *(path.read_bytes() for path in sorted(group.corpus.glob("*")))):
        if len(data) > group.longest:
            continue
        (corpus / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    before, read, end = _files(corpus), 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > _TOO_SHORT:
        log = folder / f"{name}.log"
        with log.open("w") as out:
            command = [sys.executable, "-m", "tests.fuzzing.worker", name, str(int(left)), str(seed), str(folder)]
            environment = {**os.environ, "CARETOOL_FUZZ_SLOWNESS": _SLOWNESS}
            ended = subprocess.run(command, stdout=out, stderr=out, env=environment, check=False)
        counted = _UNITS.search(log.read_text(errors="replace"))
        read += int(counted[1]) if counted else _read_so_far(findings)
        if ended.returncode and not any(findings.glob("*-*")):
            raise SystemExit(f"{name} ended with {ended.returncode}:\n{log.read_text(errors='replace')[-2_000:]}")
        seed += 1
    found = sorted({path.stem if path.suffix == ".input" else path.name for path in findings.iterdir()} - {"read.json"})
    found = [one for one in found if not one.endswith(".txt")]
    return Told(name, read, before, _files(corpus), tuple(found))


def _engine_is_there() -> bool:
    try:
        return importlib.util.find_spec("atheris") is not None
    except ValueError:
        return False


def _files(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


def _read_so_far(findings: Path) -> int:
    try:
        return int(json.loads((findings / "read.json").read_text())["read"])
    except (OSError, ValueError):
        return 0


def main(minutes: float, seed: int, folder: Path) -> int:
    """All groups; the exit code."""
    if not _engine_is_there():
        print("Fuzzing needs atheris, which this Python does not have: pip install '.[dev,fuzz]'", file=sys.stderr)  # noqa: T201
        return 2
    print(f"{len(GROUPS)} groups for {minutes:g} minutes each, seed {seed}, in {folder}", flush=True)  # noqa: T201
    with ThreadPoolExecutor(len(GROUPS)) as pool:
        runs = [pool.submit(fuzz, name, minutes * 60, seed, folder) for name in GROUPS]
        told = [run.result() for run in runs]
    for one in told:
        print(one)  # noqa: T201
        for name in one.findings:
            text = folder / "findings" / one.group / f"{name}.txt"
            print(text.read_text(errors="replace") if text.exists() else f"{name}: see {text.parent}")  # noqa: T201
    return 1 if any(one.findings for one in told) else 0


if __name__ == "__main__":
    asked = sys.argv[1:]
    where = Path(asked[2]) if len(asked) > 2 else Path(tempfile.mkdtemp(prefix="caretool-fuzz-"))
    sys.exit(main(float(asked[0]), int(asked[1]) if len(asked) > 1 else random.randrange(10**6), where))
