"""One group under atheris, for some seconds: `python -m tests.fuzzing.worker GROUP SECONDS SEED FOLDER`.

`FOLDER/corpus/GROUP` is where inputs come from and where those go that reach something new; `FOLDER/findings/GROUP`
keeps, for each place where something went wrong, the shortest input and what was told.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["caretool", "tomllib"]):
    from tests.fuzzing.groups import GROUPS

    # What is imported late is imported now, under the eyes of the instrument.
    for _group in GROUPS.values():
        if _group.name == sys.argv[1]:
            _group.warm()


class Findings:
    """What went wrong, by where; `read` inputs were read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: Counter[str] = Counter()
        self._sizes: dict[str, int] = {}
        self._told = 0.0
        self.read = 0

    def add(self, data: bytes, error: Exception) -> None:
        """Keep the input if it is the shortest that ends there."""
        place = _place(error)
        name = hashlib.sha256(place.encode()).hexdigest()[:12]
        self._seen[name] += 1
        if len(data) < self._sizes.get(name, sys.maxsize):
            self._sizes[name] = len(data)
            (self._folder / f"{name}.input").write_bytes(data)
            said = "".join(traceback.format_exception(error))
            (self._folder / f"{name}.txt").write_text(f"{place}\n{data!a}\n\n{said}", errors="replace")

    def tell(self, *, at_once: bool = False) -> None:
        """How far it is, once a second."""
        if at_once or time.monotonic() - self._told > 1:
            self._told = time.monotonic()
            (self._folder / "read.json").write_text(json.dumps({"read": self.read, "seen": self._seen}))


def _place(error: Exception) -> str:
    """The kind of error, its first words, and the innermost line of ours or of the readers'."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if ("/caretool/" in frame.filename or "/fuzzing/" in frame.filename)
        and frame.name not in ("hold", "calm", "writable", "aware", "same", "steady")
    ]
    at = f"{Path(frames[-1].filename).name}:{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
    words = str(error).partition(":")[0][:40] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {words.strip('0123456789 ')} {at}"


def main(name: str, seconds: int, seed: int, folder: Path) -> None:
    """Does not return: libFuzzer ends the process."""
    group = GROUPS[name]
    findings = Findings(folder / "findings" / name)

    def read(data: bytes) -> None:
        findings.read += 1
        try:
            group.judge(data)
        except Exception as error:
            findings.add(data, error)
        findings.tell()

    words = folder / f"{name}.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in group.words()))
    options = {
        "max_total_time": seconds,
        "seed": seed,
        "max_len": group.longest,
        "dict": words,
        "timeout": 120,
        "report_slow_units": 120,  # by the clock on the wall; the readers look at processor time
        "rss_limit_mb": 4096,
        "artifact_prefix": f"{folder / 'findings' / name}/",
        "print_final_stats": 1,
    }
    atheris.Setup(
        [sys.argv[0], str(folder / "corpus" / name), *(f"-{key}={value}" for key, value in options.items())], read
    )
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\' else f"\\x{byte:02x}"
        for byte in word.encode("utf-8", "surrogatepass")
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
