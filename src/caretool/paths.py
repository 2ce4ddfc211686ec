"""Paths of a workspace: what stays inside it, files that are what they seem, what is for its owner's eyes alone.

On the hot path: the standard library only. What goes wrong is an OSError whose `strerror` says it in a few words.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from io import FileIO
from pathlib import Path

_OUT = "the path leads out of the workspace: name a file inside it, or write the whole path"
_LINK = "it is a link: caretool does not write through one that lies in the workspace"


def climbs(named: Path) -> bool:
    """Whether a relative path leads out of where it starts by its words alone. An absolute one is somebody's choice."""
    return not named.is_absolute() and os.path.normpath(named).split(os.sep, 1)[0] == os.pardir


def within(folder: Path, named: Path) -> Path:
    """The file that the settings name: a relative path stays in `folder` whatever `..` and links say. OSError."""
    if named.is_absolute():
        return named
    home = os.path.realpath(folder)
    there = os.path.realpath(os.path.join(home, named))  # noqa: PTH118 - Path would fail on links in a circle
    # What comes after links in a circle is not looked at the first time.
    if os.path.realpath(there) != there or (there != home and not there.startswith(home.rstrip(os.sep) + os.sep)):
        raise PermissionError(errno.EACCES, _OUT, str(named))
    return Path(there)


def read(path: Path) -> bytes:
    """The bytes of a plain file; never waits for a pipe or a device. Raises OSError."""
    with FileIO(_plain(path, os.O_RDONLY), "r") as file:
        return file.readall()


def to_append(path: Path) -> FileIO:
    """A plain file, made for its owner alone (0600) where it is not there; what is written goes to its end, and all of
    it can be read. Raises OSError."""
    return FileIO(_plain(path, os.O_RDWR | os.O_APPEND | os.O_CREAT), "r+")


def to_read(path: Path) -> FileIO:
    """A plain file to read from. Raises OSError."""
    return FileIO(_plain(path, os.O_RDONLY), "r")


def own_folder(folder: Path) -> None:
    """A folder of caretool's own, made for its owner alone (0700); one that is there stays as it is. Raises OSError
    where it is a link, or no folder."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        mode = folder.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, _LINK, str(folder)) from None
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def own_file(path: Path) -> int:
    """A descriptor to read and write a file of caretool's own, made for its owner alone (0600). Raises OSError where it
    is a link, a pipe or a device."""
    return _plain(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, for its owner alone (0600). Raises FileExistsError, also for a link that
    leads nowhere, and OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)


def read_own(path: Path) -> bytes:
    """The bytes of a file of caretool's own. Raises OSError, also where it is a link."""
    with FileIO(_plain(path, os.O_RDONLY | os.O_NOFOLLOW), "r") as file:
        return file.readall()


def put(path: Path, data: bytes, *, as_it_is: bool = False) -> None:
    """Make it what a file holds, whole or not at all, and on the disk before this returns; for its owner alone (0600),
    or for whom it is there `as_it_is`. Whoever writes there holds a lock of their own; what a killed one left
    (`.NAME.part`) is written over. Raises OSError, also for a link."""
    before = None
    with suppress(FileNotFoundError):
        before = path.lstat()
        _must_be_plain(before, path)
    part = path.with_name(f".{path.name}.part")
    handle = own_file(part)
    try:
        with os.fdopen(handle, "wb") as file:
            _give(handle, before if as_it_is else None)
            os.ftruncate(handle, 0)
            file.write(data)
            file.flush()
            os.fsync(handle)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _give(handle: int, to: os.stat_result | None) -> None:
    """Let a file belong to whom another one does, and be read by who reads that one; None: by nobody but us."""
    if to is not None and (to.st_uid, to.st_gid) != (os.fstat(handle).st_uid, os.fstat(handle).st_gid):
        os.fchown(handle, to.st_uid, to.st_gid)
    os.fchmod(handle, 0o600 if to is None else stat.S_IMODE(to.st_mode))


def _plain(path: Path, flags: int) -> int:
    """Opened without waiting, and only if it is a plain file: a pipe could keep us for ever, a device do anything."""
    try:
        _must_be_plain(os.stat(path, follow_symlinks=not flags & os.O_NOFOLLOW), path)  # noqa: PTH116
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o600)
    try:
        _must_be_plain(os.fstat(handle), path)
    except OSError:
        os.close(handle)
        raise
    return handle


def _must_be_plain(found: os.stat_result, path: Path) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, _LINK, str(path))
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
