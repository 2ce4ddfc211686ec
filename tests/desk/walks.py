"""The parts of a walk over the desk (test_machine.py): processes that die in the middle, a platform with a truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from caretool.desk.desk import Desk
from caretool.domain.comment import Incoming
from caretool.domain.limits import Limits
from caretool.errors import CaretoolError
from caretool.platforms.platform import Looked, Outgoing, Posted
from caretool.store.store import Store
from tests.desk.stage import MONDAY, FakePlatform, Stage, with_kind

# Of how many promises of a kind are kept a day.
PER_DAY = {"callback": 3, "pickup": 2}
# How a platform may be: its listing shows everything within a minute; its key protects for two hours and its listing
# shows nothing; neither can be relied on.
LIMITS = {
    "lists": Limits(together="names", private_replies=True, listing_trustworthy=True),
    "protects": Limits(together="names", private_replies=True, key_protects=timedelta(hours=2)),
    "neither": Limits(together="names", private_replies=True),
}


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Fuse:
    """Kills the process after so many of its steps (SQL statements, calls of a platform); None: it lives."""

    left: int | None = None
    dead: bool = False

    def step(self, *_: object) -> bool:
        """One step; whoever is dead takes none."""
        if self.dead:
            raise Killed
        if self.left is not None:
            self.left -= 1
            self.dead = self.left < 0
            if self.dead:
                raise Killed
        return True


@dataclass
class Place(FakePlatform):
    """A platform where a comment reads as `truth` has it; `knew` are the texts that each reply was approved for, by its
    key; `tried` is when a key came first, `perhaps` are those that may be public. `wrong` collects what must not be."""

    fuse: Fuse = field(default_factory=Fuse)
    truth: dict[str, Incoming] = field(default_factory=dict)
    knew: dict[str, dict[str, str]] = field(default_factory=dict)
    tried: dict[str, datetime] = field(default_factory=dict)
    perhaps: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def write(self, *comments: Incoming) -> None:
        """These stand on the platform from now on; nobody has fetched them yet."""
        self.truth |= {comment.native_id: comment for comment in comments}

    def look(self, native_ids: Sequence[str]) -> Looked:
        self.fuse.step()
        gone = frozenset(self.deleted & set(native_ids))
        looked = Looked(gone, tuple(self.truth[n] for n in native_ids if n in self.truth and n not in gone))
        self.fuse.step()
        return looked

    def post(self, reply: Outgoing) -> Posted:
        first = self.tried.setdefault(reply.key, self.clock())
        if reply.key not in self.perhaps:
            self._fits(reply)
        refused = self.next_posts and isinstance(self.next_posts[0], CaretoolError)
        if not refused or self.fuse.left == 0:
            self.perhaps.add(reply.key)
        self.fuse.step()
        protects = timedelta(0) <= self.clock() - first < self.limits.key_protects
        if self._listed(reply.key) and not protects:
            self.wrong.append(f"{reply.key} was posted once more when nothing protected it")
        posted = super().post(reply)
        self.fuse.step()
        return posted

    def find(self, reply: Outgoing) -> Posted | None:
        self.fuse.step()
        found = super().find(reply)
        self.fuse.step()
        return found if self.limits.listing_trustworthy else None

    def _fits(self, reply: Outgoing) -> None:
        """A reply that is surely not public leaves only if its comments say what they said when it was approved."""
        there = [native_id for native_id in reply.to if native_id not in self.deleted]
        if not there:
            self.wrong.append(f"{reply.key} answers nobody")
        for native_id in there:
            if self.truth[native_id].text != self.knew[reply.key][native_id]:
                self.wrong.append(f"{native_id} was edited after its answer was approved")


@cache
def _empty() -> tuple[TemporaryDirectory[str], Path]:
    """A database that was just made, to be copied: quicker than making one for every walk."""
    folder = TemporaryDirectory()
    path = Path(folder.name) / "empty.db"
    Store(path, MONDAY).close()
    return folder, path


class Walked(Stage):
    """A stage whose processes may be killed: then the file is opened anew, without what was not committed."""

    def __init__(self, folder: Path, limits: str) -> None:
        shutil.copyfile(_empty()[1], folder / "caretool.db")
        super().__init__(folder)
        self.fuse = Fuse()
        self.kill_after: int | None = None
        self.place = Place(self.clock, limits=LIMITS[limits], fuse=self.fuse)
        self.page = self.place
        for name, units in PER_DAY.items():
            self.settings = with_kind(self.settings, name, per_day=units)
        self._watch()

    def _watch(self) -> None:
        connection: Any = self.store._database._peewee.connection()
        connection.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing that it wrote
        connection.exec_trace = self.fuse.step

    def process(self, work: Callable[[Desk], object], agent: str = "dario") -> None:
        """One process that does this, killed after `kill_after` steps. What it refuses to do is no matter."""
        self.fuse.left, self.kill_after = self.kill_after, None
        try:
            work(self.desk(agent))
        except CaretoolError:
            pass
        except (Killed, KeyboardInterrupt):
            self._open_again()
        self.fuse.left, self.fuse.dead = None, False
        for reply in self.store.replies.in_state("approved"):
            comments = self.store.comments.by_ids(reply.comments)
            self.place.knew.setdefault(reply.key, {comment.native_id: comment.text for comment in comments})

    def _open_again(self) -> None:
        self.fuse.left, self.fuse.dead = None, False
        connection: Any = self.store._database._peewee.connection()
        connection.exec_trace = None
        connection.close(True)
        self.store = Store(self.database, self.clock())
        self._watch()
