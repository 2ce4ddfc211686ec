"""Where a workspace is, which files it is read from, and whether they changed. On the hot path: the standard library
only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from caretool.errors import UsageProblem

DATABASE = "caretool.db"
ACCOUNTS = "accounts.toml"
POLICIES = "policies.toml"
TEMPLATES = "templates/replies"


def find(named: str | None) -> Path:
    """The workspace: the one named (`-C`, CARETOOL_WORKSPACE), else the nearest folder upwards with accounts.toml.

    Raises UsageProblem where there is none.
    """
    chosen = named or os.environ.get("CARETOOL_WORKSPACE")
    if chosen:
        folder = Path(chosen).expanduser()
        if not _is_there(folder / ACCOUNTS):
            raise UsageProblem(
                f"{folder} is no workspace (it has no accounts.toml): make one with `caretool init {folder}`."
            )
        return folder.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ACCOUNTS).is_file():
            return folder
    for folder in (here, *here.parents):
        if (folder / POLICIES).is_file():
            raise UsageProblem(f"{folder} has {POLICIES} and no {ACCOUNTS}: `caretool init {folder}` writes one.")
    raise UsageProblem("There is no workspace here: make one with `caretool init DIR`, or name one with -C DIR.")


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have, a folder that may not be entered
        return False


def names(folder: Path) -> Iterator[str]:
    """The files settings are read from, relative to the workspace, in reading order, also where the first two are
    missing. What an editor hides (`.#name.toml`) is none of them. Raises OSError where the folder cannot be listed."""
    yield ACCOUNTS
    yield POLICIES
    templates = folder / TEMPLATES
    if templates.exists():
        yield from sorted(
            f"{TEMPLATES}/{entry.name}"
            for entry in templates.iterdir()
            if entry.suffix == ".toml" and not entry.name.startswith(".")
        )


def digest(folder: Path) -> str:
    """A sha256 (64 hex digits) over names and bytes: another value means that the settings have to be read again.

    What is missing or cannot be read counts as such; `load` says what is wrong with it.
    """
    whole = hashlib.sha256()
    try:
        found = list(names(folder))
    except OSError:
        found = [ACCOUNTS, POLICIES]
    for name in found:
        content = _content(folder / name)
        whole.update(f"{name!r} {len(content) if content is not None else 'unreadable'}\n".encode())
        whole.update(content or b"")
    return whole.hexdigest()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None
