"""A text that was typed and not sent: kept in the workspace, for its owner's eyes alone."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from caretool import paths

FOLDER = "unsent"


def keep(folder: Path, subject: str, text: str, now: datetime) -> Path:
    """The file it is kept in: in the workspace under the id it is about, where that cannot be (a full disk, a link in
    its place) among the machine's temporary files. Raises OSError where neither can be written."""
    stem = f"{subject}-{now:%Y%m%d-%H%M%S}"
    with suppress(OSError):
        paths.own_folder(folder / FOLDER)
        for number in count(1):
            path = folder / FOLDER / f"{stem}{f'-{number}' if number > 1 else ''}.txt"
            with suppress(FileExistsError):
                paths.write_new(path, text + "\n")
                return path
    handle, name = tempfile.mkstemp(prefix=f"caretool-{stem}-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text + "\n")
    return Path(name)
