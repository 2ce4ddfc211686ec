"""Locks between processes on one workspace: files in `.locks`, held by the OS, which die with their process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from caretool import paths
from caretool.errors import CaretoolError

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.desk.premises import Premises


@contextmanager
def held(place: Desk | Premises, name: str, waiting: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock (`shared`: beside others who share it). Waits for whoever holds it, and says `waiting` meanwhile."""
    folder = place.folder / ".locks"
    try:
        paths.own_folder(folder)
        handle = paths.own_file(folder / name)
    except OSError as error:
        raise CaretoolError(f"{folder} cannot be written to ({error.strerror}): nothing was done.") from error
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            place.progress(waiting)
            fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
