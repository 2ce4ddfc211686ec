"""The files that replies and actions are appended to: one JSON object a line, whole lines only, whoever else writes."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from caretool import paths
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed

# Legal inside a JSON string, but many readers of lines take them for an end of line.
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_AT_ONCE = 1 << 16

Line = Mapping[str, object]


def append(folder: Path, named: Path, line: Line, *, unless: Callable[[Line | None], bool] | None = None) -> None:
    """Add one line and see it onto the disk. `named` is the file, relative to `folder` or absolute. `unless` is asked,
    under the same lock, about the last line that carries this line's `key` (None: there is none): where it says yes,
    nothing is added.

    Raises PlatformBusy where nothing was written (a full disk is not full for ever), AnswerLost where it may have been.
    """
    text = _LINE_ENDS.sub(lambda end: f"\\u{ord(end[0]):04x}", json.dumps(line, ensure_ascii=False))
    path = folder / named
    try:
        file = paths.to_append(paths.within(folder, named))
    except OSError as problem:
        raise PlatformBusy(f"nothing was written to {path}: {problem.strerror}") from problem
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if unless is not None and unless(_last(_lines(file), str(line.get("key")))):
                os.fsync(file.fileno())  # whoever wrote it may not have come so far
                return
            _mend(file, text[: text.index(":") + 1].encode())
        except OSError as problem:
            raise PlatformBusy(f"nothing was written to {path}: {problem.strerror}") from problem
        _write(file, text.encode() + b"\n", path)


def find(folder: Path, named: Path, key: str) -> Line | None:
    """The last line that carries `key`; None: not there. Waits for whoever is writing. Raises PlatformFailed."""
    try:
        with _shared(paths.within(folder, named)) as lines:
            return _last(lines, key)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise PlatformFailed(f"{folder / named} cannot be read: {problem.strerror}") from problem


@contextmanager
def _shared(path: Path) -> Iterator[Iterator[bytes]]:
    with paths.to_read(path) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield _lines(file)


def _lines(file: FileIO) -> Iterator[bytes]:
    """Of the whole file, read apart from where it is written."""
    at, rest = 0, b""
    while piece := os.pread(file.fileno(), _AT_ONCE, at):
        at += len(piece)
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    yield rest


def _last(lines: Iterator[bytes], key: str) -> Line | None:
    needle = json.dumps(key, ensure_ascii=False).encode()
    found = None
    for line in lines:
        value = _object(line) if needle in line else None
        if value is not None and value.get("key") == key:
            found = value
    return found


def _mend(file: FileIO, start: bytes) -> None:
    """End the last line, which a crash may have torn. Half a line of ours (they begin with `start`) was never a posted
    reply and goes; anything else is kept: a whole one that lacks only its line end, or what a person wrote."""
    size = os.fstat(file.fileno()).st_size
    fragment = _after_last_newline(file, size)
    if not fragment:
        return
    ours = fragment.startswith(start) or start.startswith(fragment)
    if ours and _object(fragment) is None:
        file.truncate(size - len(fragment))
    else:
        os.write(file.fileno(), b"\n")


def _after_last_newline(file: FileIO, size: int) -> bytes:
    span = 4096
    while True:
        start = max(0, size - span)
        tail = os.pread(file.fileno(), size - start, start)
        if start == 0 or b"\n" in tail:
            return tail.rpartition(b"\n")[2]
        span *= 8


def _write(file: FileIO, line: bytes, path: Path) -> None:
    size = os.fstat(file.fileno()).st_size
    try:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(file.fileno(), rest) :]
    except OSError as problem:
        try:
            file.truncate(size)
        except OSError as second:
            raise AnswerLost(f"part of the line may be in {path}: {second.strerror}") from problem
        raise PlatformBusy(f"nothing was written to {path}: {problem.strerror}") from problem
    try:
        os.fsync(file.fileno())
    except OSError as problem:
        raise AnswerLost(f"the line was written to {path}, not safely to its disk: {problem.strerror}") from problem


def _object(line: bytes) -> Line | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
