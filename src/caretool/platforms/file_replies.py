"""The file replies are appended to: one JSON object a line, whole lines only, whoever else is writing."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed

_START = b'{"id": "'
# Legal inside a JSON string, but many readers of lines take them for an end of line.
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def append(path: Path, reply: Mapping[str, object]) -> None:
    """Add one line and see it onto the disk. The first key of `reply` is `id`.

    Raises PlatformBusy where nothing was written (a full disk is not full for ever), AnswerLost where it may have been.
    """
    text = _LINE_ENDS.sub(lambda end: f"\\u{ord(end[0]):04x}", json.dumps(reply, ensure_ascii=False))
    line = text.encode() + b"\n"
    try:
        file = FileIO(path, "a+")
    except OSError as problem:
        raise PlatformBusy(f"nothing was written to {path}: {problem.strerror}") from problem
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _mend(file)
        except OSError as problem:
            raise PlatformBusy(f"nothing was written to {path}: {problem.strerror}") from problem
        _write(file, line, path)


def find(path: Path, key: str) -> Mapping[str, object] | None:
    """The line that carries `key`; None: not there. Waits for whoever is writing. Raises PlatformFailed."""
    needle = json.dumps(key, ensure_ascii=False).encode()
    try:
        with _shared(path) as lines:
            for line in lines:
                reply = _object(line) if needle in line else None
                if reply is not None and reply.get("key") == key:
                    return reply
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise PlatformFailed(f"{path} cannot be read: {problem.strerror}") from problem
    return None


@contextmanager
def _shared(path: Path) -> Iterator[Iterator[bytes]]:
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield file


def _mend(file: FileIO) -> None:
    """End the last line, which a crash may have torn. Half a line of ours was never a posted reply and goes; anything
    else is kept: a whole reply that lacks only its line end, or what a person wrote."""
    size = os.fstat(file.fileno()).st_size
    fragment = _after_last_newline(file, size)
    if not fragment:
        return
    ours = fragment.startswith(_START) or _START.startswith(fragment)
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
            raise AnswerLost(f"part of the reply may be in {path}: {second.strerror}") from problem
        raise PlatformBusy(f"nothing was written to {path}: {problem.strerror}") from problem
    try:
        os.fsync(file.fileno())
    except OSError as problem:
        raise AnswerLost(f"the reply was written to {path}, not safely to its disk: {problem.strerror}") from problem


def _object(line: bytes) -> Mapping[str, object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
