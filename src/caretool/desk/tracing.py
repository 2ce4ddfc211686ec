"""Tracing: which files of a workspace still hold somebody who is forgotten. They are the user's: named, not touched."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caretool.domain.person import Alias
from caretool.domain.redaction import Terms, spellings
from caretool.errors import CaretoolError
from caretool.settings.files import DATABASE
from caretool.store.erasing import forgotten_in
from caretool.store.persons import known_in

if TYPE_CHECKING:
    from caretool.domain.policy import Settings

Progress = Callable[[str], None]

_PIECE = 1 << 20
# Longer than anything somebody is known by.
_OVERLAP = 4096
_SKIPPED = frozenset({".git", ".locks", ".secrets"})
_OURS = re.compile(r"backups/(?:caretool-\d{8}-\d{6}|before-restore-[\d-]+)\.db|caretool\.before-\d+\.db")
_SHORTEST_ID = 4
_TOKEN = re.compile(rb"[^\s\"',;<>()\[\]{}]{4,400}")
_SETTINGS = frozenset({"accounts.toml", "policies.toml", "templates"})
_TOLD = {
    "comments": "an export that is read: take their rows out; caretool does not take them in again",
    "replies": "what was posted: take their lines out once nobody needs them",
    "actions": "what was done about comments: take their lines out once nobody needs them",
    "backup": "delete it (--delete-backups), or keep it: caretool restore forgets them again",
    "before": "of before they were forgotten: delete it (--delete-backups), or keep it: caretool restore forgets them "
    "again",
    "export": "hand it over, then delete it",
    "unsent": "a text that was never sent: delete it",
    "settings": "take them out: what caretool keeps of the settings follows",
    "other": "look at it, and take them out or delete it",
}


@dataclass(frozen=True, slots=True)
class Trace:
    """A file that holds somebody, and what to do with it. `ours`: a backup that caretool made."""

    file: Path
    what: str
    ours: bool

    @property
    def advice(self) -> str:
        """What to do with it, in words."""
        return _TOLD[self.what]


class _Searched:
    """What is looked for, as bytes: in UTF-8, as JSON escapes it, in UTF-16."""

    def __init__(self, terms: Terms, native_ids: Collection[str]) -> None:
        words = [*terms.names, *(f"@{handle}" for handle in terms.mentions)]
        self._forms = {
            form.lower(): re.compile(_bounded(form), re.IGNORECASE) for word in words for form in _forms(word)
        }
        numbers = [rb"[\s./()-]{0,3}".join(re.escape(c.encode()) for c in n if c.isalnum()) for n in terms.numbers]
        self._numbers = [re.compile(_bounded_pattern(number), re.IGNORECASE) for number in numbers]
        self._ids = {one.encode("utf-8", "replace") for one in native_ids if len(one) >= _SHORTEST_ID}

    def stands_in(self, piece: bytes) -> bool:
        """Whether anything of it is there."""
        lower = piece.lower()  # to look for bytes takes a hundredth of the time of looking for an expression
        if any(form in lower and pattern.search(piece) for form, pattern in self._forms.items()):
            return True
        if any(number.search(piece) for number in self._numbers):
            return True
        return bool(self._ids) and not self._ids.isdisjoint(_TOKEN.findall(piece))


def traces(
    folder: Path,
    terms: Terms,
    native_ids: Collection[str],
    aliases: Collection[Alias],
    known: Mapping[Path, str],
    progress: Progress,
) -> list[Trace]:
    """Every file in the workspace, and every file of `known` (with what it is), in which they stand; databases are
    asked for `aliases` too. Links to other files are not followed; what is packed or encrypted cannot be searched; what
    cannot be read is listed too."""
    searched = _Searched(terms, native_ids)
    found = []
    for path in dict.fromkeys((*_files(folder), *known)):
        if not path.is_file() or _is_the_database(folder, path):
            continue
        progress(f"looking for them in {path.name}")
        relative = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else ""
        what = known.get(path) or _kind(relative)
        if _holds(path, searched) or (what == "backup" and _knows(path, aliases)):
            found.append(Trace(path, what, bool(_OURS.fullmatch(relative))))
    return found


def backups_of_before(folder: Path, persons: Collection[str], progress: Progress) -> Iterator[Trace]:
    """Every backup in the workspace in which one of these persons, who were forgotten since, is not forgotten yet, or
    what was erased may still stand, or of which nobody can tell."""
    for path in _files(folder):
        relative = path.relative_to(folder).as_posix()
        if _kind(relative) != "backup" or _is_the_database(folder, path):
            continue
        progress(f"looking into {path.name}")
        ours = bool(_OURS.fullmatch(relative))
        try:
            held = not forgotten_in(path, persons)
        except CaretoolError:  # no database, or not a whole one
            held = ours or path.parent == folder / "backups"
        if held:
            yield Trace(path, "before", ours)


def files_of_accounts(folder: Path, settings: Settings) -> dict[Path, str]:
    """The files that accounts read and write, with what each is: comments, replies or actions."""
    found = {}
    for account in settings.accounts.values():
        values: Any = account.settings
        named = values if isinstance(values, Mapping) else values.model_dump()
        for what in ("comments", "replies", "actions"):
            file = named.get(what)
            if file is None and account.platform == "file":
                file = f"{account.name}-{what}.jsonl"
            if isinstance(file, str | Path):
                found[folder / file] = what
    return found


def _is_the_database(folder: Path, path: Path) -> bool:
    return path.parent == folder and path.name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm")


def _files(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (Path(here, name) for name in sorted(names) if not Path(here, name).is_symlink())


def _holds(path: Path, searched: _Searched) -> bool:
    try:
        with path.open("rb") as file:
            before = b""
            while piece := file.read(_PIECE):
                if searched.stands_in(before + piece):
                    return True
                before = piece[-_OVERLAP:]
    except OSError:
        return True
    return False


def _knows(path: Path, aliases: Collection[Alias]) -> bool:
    """Whether a database has their authors: in its bytes one value follows the other without a gap."""
    try:
        return known_in(path, aliases)
    except CaretoolError:  # no database, or not yet a whole one
        return False


def _kind(relative: str) -> str:
    first, *_ = relative.split("/")
    if relative.endswith((".db", ".part")) or first == "backups":
        return "backup"
    if first == "unsent":
        return "unsent"
    if first in _SETTINGS:
        return "settings"
    return "export" if re.fullmatch(r"person-u\w+-\d{8}\.json", relative) else "other"


def _forms(word: str) -> Iterator[bytes]:
    for spelling in spellings(word):
        for text in (spelling, spelling.lower(), spelling.upper()):
            yield text.encode("utf-8", "replace")
            yield json.dumps(text)[1:-1].encode()
            yield text.encode("utf-16-le", "replace")
            yield text.encode("utf-16-be", "replace")


def _bounded(form: bytes) -> bytes:
    return _bounded_pattern(re.escape(form), first=form[:1], last=form[-1:])


def _bounded_pattern(pattern: bytes, *, first: bytes = b"0", last: bytes = b"0") -> bytes:
    """As a whole word, where it begins and ends with what makes ASCII words."""
    before = rb"(?<![0-9A-Za-z_])" if first.isalnum() else b""
    after = rb"(?![0-9A-Za-z_])" if last.isalnum() else b""
    return before + pattern + after
