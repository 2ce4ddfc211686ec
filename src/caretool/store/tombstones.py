"""Tombstones: keyed marks by which what was forgotten is known again, and nothing else of it.

A mark is an HMAC: without the key nobody can tell from it whose it is, not even by trying every name. The key and a
second list of the marks lie in `.secrets`, apart from the database, so that an older database can be held against them.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from caretool import paths
from caretool.domain.comment import Incoming, Thread
from caretool.domain.redaction import MASK
from caretool.errors import StoreProblem
from caretool.store import copies
from caretool.store.database import Database, moment_in, moment_out
from caretool.store.numbers import among
from caretool.store.schema import Reply as R
from caretool.store.schema import Tombstone as T

FOLDER = ".secrets"
KEY = "tombstone.key"
MARKS = "forgotten.jsonl"
_BYTES = 32
# Of a comment without a date counts when it came in.
_WRITTEN = """SELECT person, account, native_id, handle, CASE dated WHEN 1 THEN written_at ELSE fetched_at END
    FROM comment WHERE own = 0 AND digest <> ''"""

# `post`: a comment, or what opened a thread; `author`: a handle; `key`: tells the key that the others were made with.
What = Literal["post", "author", "key"]


@dataclass(frozen=True, slots=True)
class Stone:
    """One mark."""

    mark: str
    what: What
    forgotten_at: datetime


class Marker:
    """Makes marks with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def post(self, account: str, native_id: str) -> str:
        """The mark of a comment or thread."""
        return self._mark("post", account, native_id)

    def author(self, account: str, handle: str) -> str:
        """The mark of who writes under a handle; an @ before it, its case and how its accents are written make no
        difference."""
        return self._mark("author", account, unicodedata.normalize("NFC", handle.removeprefix("@")).casefold())

    def key(self) -> str:
        """The mark of the key itself."""
        return self._mark("key", "", "")

    def _mark(self, what: What, account: str, value: str) -> str:
        return hmac.digest(self._key, f"{what}\0{account}\0{value}".encode("utf-8", "replace"), "sha256").hex()


class Tombstones:
    """The table of marks, the key, and the list of marks beside the key. `folder` is the workspace."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder / FOLDER

    def any(self) -> bool:
        """Whether anybody was ever forgotten."""
        return bool(self._database.statement("SELECT 1 FROM tombstone LIMIT 1"))

    @cached_property
    def marker(self) -> Marker | None:
        """What makes marks; None where there is no key (yet, or any more). StoreProblem: it cannot be read."""
        try:
            text = (self._folder / KEY).read_text("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreProblem(f"{self._folder / KEY} cannot be read: nobody can be kept forgotten.") from error
        with suppress(ValueError):
            key = bytes.fromhex(text.strip())
            if len(key) == _BYTES:
                return Marker(key)
        raise StoreProblem(f"{self._folder / KEY} is damaged: put it back from a copy of it.")

    def made_marker(self) -> Marker:
        """The same; the key is made where there is none. StoreProblem."""
        if self.marker is None:
            del self.__dict__["marker"]
            part = self._folder / f"{KEY}.part"
            self._write(part.name, secrets.token_hex(_BYTES) + "\n", os.O_TRUNC)
            part.replace(self._folder / KEY)  # whole or not at all: a torn key would be a lost one
        marker = self.marker
        assert marker is not None
        return marker

    def key_is_lost(self) -> bool:
        """Whether there are marks that no key of ours made: who was forgotten could come back."""
        if not self.any():
            return False
        marker = self.marker
        return marker is None or not self._standing([marker.key()])

    def unheld_before(self) -> datetime | None:
        """The latest forgetting under a key that is not here: of what was written before it, nobody can tell whether it
        was forgotten. None where every mark can be read."""
        if not self.any():
            return None
        query = T.select(T.c.mark, T.c.forgotten_at).where(T.c.what == "key")
        ours = self.marker.key() if self.marker is not None else None
        return max((moment_in(at) for mark, at in self._database.tuples(query) if mark != ours), default=None)

    @contextmanager
    def write_down(self, stones: Sequence[Stone]) -> Iterator[None]:
        """Add marks to the list beside the key, seen onto the disk, before the database gets them within; where it does
        not, they are taken out again. Nobody else may write there meanwhile. StoreProblem."""
        path = self._folder / MARKS
        before = path.stat().st_size if path.exists() else 0
        lines = [
            json.dumps({"mark": one.mark, "what": one.what, "forgotten_at": moment_out(one.forgotten_at)}) + "\n"
            for one in stones
        ]
        # A line that a crash has torn stays alone on its line.
        self._write(MARKS, "\n" + "".join(lines), os.O_APPEND)
        try:
            yield
        except BaseException:
            if len(self._standing([one.mark for one in stones])) < len({one.mark for one in stones}):
                os.truncate(path, before)
            raise

    def written_down(self) -> list[Stone]:
        """The list beside the key; a torn line is left out."""
        try:
            lines = (self._folder / MARKS).read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreProblem(f"{self._folder / MARKS} cannot be read ({error.strerror}).") from error
        found = []
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):
                values = json.loads(line)
                found.append(Stone(str(values["mark"]), values["what"], moment_in(values["forgotten_at"])))
        return found

    def standing(self) -> list[Stone]:
        """Every mark in the database."""
        rows = self._database.tuples(T.select(T.c.mark, T.c.what, T.c.forgotten_at))
        return [Stone(mark, what, moment_in(at)) for mark, what, at in rows]

    def put_up(self, stones: Iterable[Stone]) -> None:
        """Keep marks in the database; the latest moment counts. Inside a transaction."""
        for one in stones:
            self._database.statement(
                """INSERT INTO tombstone(mark, what, forgotten_at) VALUES (?, ?, ?)
                    ON CONFLICT(mark) DO UPDATE SET forgotten_at = max(forgotten_at, excluded.forgotten_at)""",
                (one.mark, one.what, moment_out(one.forgotten_at)),
            )

    def told_apart(self, comments: Sequence[Incoming]) -> list[Incoming]:
        """Of comments that are new to us, those of which the keys that are here can tell whether they were forgotten:
        all, unless a key is not here. What was opened comes without its words then."""
        unheld = self.unheld_before() if comments else None
        if unheld is None:
            return list(comments)
        # An export may bear no dates at all: once we have gone on with a new key, it is read all the same.
        undated = not self.key_is_lost()
        later = [one for one in comments if (one.written_at >= unheld if one.written_at else undated)]
        return [replace(one, thread=_bare(one.thread)) for one in later]

    def let_in(self, account: str, comments: Sequence[Incoming]) -> list[Incoming]:
        """Of comments that are new to us, those that were not forgotten: not one that stood here before, and of who was
        forgotten none that was written before that, or nobody knows when. What they opened comes without its words,
        and so do our own answers to them."""
        marker = self.marker if comments and self.any() else None
        if marker is None:
            return list(comments)
        posts = {one.native_id: marker.post(account, one.native_id) for one in comments}
        authors = {one.author.handle: marker.author(account, one.author.handle) for one in comments}
        further = {one.reply_to for one in comments if one.own and one.reply_to}
        further |= {one.thread.native_id for one in comments if one.thread}
        posts |= {native_id: marker.post(account, native_id) for native_id in further}
        standing = self._standing([*posts.values(), *authors.values()])
        if not standing:
            return list(comments)
        said = self._said(account, [one.native_id for one in comments if one.own])
        found = []
        for one in comments:
            since = standing.get(authors[one.author.handle])
            old = since is not None and (one.written_at is None or one.written_at < since)
            if posts[one.native_id] not in standing and not old:
                found.append(_without_words(one, posts, standing, said))
        return found

    def _said(self, account: str, native_ids: Sequence[str]) -> Mapping[str, str]:
        """Our replies out of which somebody was taken, as they read now, by their ids on the platform."""
        redacted = (R.c.account == account) & among(R.c.native_id, native_ids) & R.c.text.contains(MASK)
        return dict(self._database.tuples(R.select(R.c.native_id, R.c.text).where(redacted))) if native_ids else {}

    def persons_meant(self, stones: Sequence[Stone]) -> dict[str, datetime]:
        """Who has a comment here that these marks mean, or wrote one before they were forgotten, with when that was.
        Nobody without a key."""
        marks = {one.mark: one.forgotten_at for one in stones}
        marker = self.marker
        if marker is None or not marks:
            return {}
        found: dict[str, datetime] = {}
        authors: dict[tuple[str, str], datetime | None] = {}
        for person, account, native_id, handle, written_at in self._database.statement(_WRITTEN):
            if (account, handle) not in authors:
                authors[account, handle] = marks.get(marker.author(account, handle))
            since = authors[account, handle]
            by_handle = since if since is not None and moment_in(written_at) < since else None
            for at in (by_handle, marks.get(marker.post(account, native_id))):
                if at is not None:
                    found[person] = max(at, found.get(person, at))
        return found

    def _standing(self, marks: Sequence[str]) -> Mapping[str, datetime]:
        query = T.select(T.c.mark, T.c.forgotten_at).where(among(T.c.mark, marks))
        return {mark: moment_in(at) for mark, at in self._database.tuples(query)}

    def _write(self, name: str, text: str, how: int) -> None:
        path = self._folder / name
        try:
            paths.own_folder(self._folder)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(handle)
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise StoreProblem(f"{path} cannot be written ({error.strerror}): nobody was forgotten.") from error


def standing_in(file: Path) -> list[Stone]:
    """The marks in a database that is not open. NotFound, StoreProblem."""
    with copies.reading(file) as source:
        if not list(source.execute("SELECT 1 FROM sqlite_schema WHERE name = 'tombstone'")):
            return []
        rows = list(source.execute("SELECT mark, what, forgotten_at FROM tombstone"))
    return [Stone(str(mark), what, moment_in(str(at))) for mark, what, at in rows]


def _bare(thread: Thread | None) -> Thread | None:
    return replace(thread, text=None, url=None) if thread is not None else None


def _without_words(
    one: Incoming, posts: Mapping[str, str], standing: Mapping[str, datetime], said: Mapping[str, str]
) -> Incoming:
    if one.thread is not None and posts[one.thread.native_id] in standing:
        one = replace(one, thread=_bare(one.thread))
    if one.own and one.reply_to and posts[one.reply_to] in standing:
        return replace(one, text=MASK)
    return replace(one, text=said[one.native_id]) if one.own and one.native_id in said else one
