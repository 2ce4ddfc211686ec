"""Everything the desk knows, behind one door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from peewee import EXCLUDED

from caretool.domain.ids import KINDS, Letter
from caretool.errors import NotFound
from caretool.store import numbers, schema
from caretool.store.database import Database
from caretool.store.migrations import migrate

if TYPE_CHECKING:
    from caretool.store.arrivals import Arrivals
    from caretool.store.cases import Cases
    from caretool.store.claims import Claims
    from caretool.store.comments import Comments
    from caretool.store.counts import Counts
    from caretool.store.erasing import Erasing
    from caretool.store.exchanges import Exchanges
    from caretool.store.expiring import Expiring
    from caretool.store.groups import Groups
    from caretool.store.log import Journal
    from caretool.store.moderations import Moderations
    from caretool.store.notices import Notices
    from caretool.store.persons import Persons
    from caretool.store.promises import Promises
    from caretool.store.replies import Replies
    from caretool.store.rewards import Rewards
    from caretool.store.tombstones import Tombstones
    from caretool.store.watches import Watches

_TABLES = {
    "c": schema.Comment,
    "t": schema.ThreadRow,
    "u": schema.Person,
    "g": schema.Group,
    "r": schema.Reply,
    "d": schema.Draft,
    "p": schema.Promise,
    "k": schema.Case,
    "m": schema.Moderation,
    "w": schema.Reward,
}


class Store:
    """One workspace's database, migrated and open; its parts are imported on first use. Used by one thread."""

    def __init__(self, where: Path | str, now: datetime, folder: Path | None = None) -> None:
        """`folder` is the workspace, where that is not the database's folder."""
        self._folder = folder or Path(where).parent
        self._database = Database(where)
        self.backup: Path | None = migrate(self._database, now)

    @cached_property
    def arrivals(self) -> Arrivals:
        """What fetching writes."""
        from caretool.store.arrivals import Arrivals

        return Arrivals(self._database, self.tombstones)

    @cached_property
    def watches(self) -> Watches:
        """How far searches got."""
        from caretool.store.watches import Watches

        return Watches(self._database)

    @cached_property
    def comments(self) -> Comments:
        """The comments."""
        from caretool.store.comments import Comments

        return Comments(self._database)

    @cached_property
    def exchanges(self) -> Exchanges:
        """What was said before."""
        from caretool.store.exchanges import Exchanges

        return Exchanges(self._database)

    @cached_property
    def groups(self) -> Groups:
        """The groups of what waits."""
        from caretool.store.groups import Groups

        return Groups(self._database)

    @cached_property
    def replies(self) -> Replies:
        """Drafts and replies."""
        from caretool.store.replies import Replies

        return Replies(self._database)

    @cached_property
    def promises(self) -> Promises:
        """The ledger."""
        from caretool.store.promises import Promises

        return Promises(self._database)

    @cached_property
    def moderations(self) -> Moderations:
        """What was done about comments and their authors, with its evidence."""
        from caretool.store.moderations import Moderations

        return Moderations(self._database)

    @cached_property
    def notices(self) -> Notices:
        """What owners were told."""
        from caretool.store.notices import Notices

        return Notices(self._database)

    @cached_property
    def cases(self) -> Cases:
        """The runs of procedures."""
        from caretool.store.cases import Cases

        return Cases(self._database)

    @cached_property
    def claims(self) -> Claims:
        """Who is at work on which group."""
        from caretool.store.claims import Claims

        return Claims(self._database)

    @cached_property
    def rewards(self) -> Rewards:
        """What was given, and the codes it is drawn from."""
        from caretool.store.rewards import Rewards

        return Rewards(self._database)

    @cached_property
    def journal(self) -> Journal:
        """The log, and notes."""
        from caretool.store.log import Journal

        return Journal(self._database)

    @cached_property
    def counts(self) -> Counts:
        """The kept counts."""
        from caretool.store.counts import Counts

        return Counts(self._database)

    @cached_property
    def persons(self) -> Persons:
        """Who is who."""
        from caretool.store.persons import Persons

        return Persons(self._database)

    @cached_property
    def tombstones(self) -> Tombstones:
        """What was forgotten, as marks."""
        from caretool.store.tombstones import Tombstones

        return Tombstones(self._database, self._folder)

    @cached_property
    def expiring(self) -> Expiring:
        """What has been kept long enough."""
        from caretool.store.expiring import Expiring

        return Expiring(self._database)

    @cached_property
    def erasing(self) -> Erasing:
        """What takes people and their words out of every table."""
        from caretool.store.erasing import Erasing

        return Erasing(self._database)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing, under the one write lock; what is read inside stays true until the end."""
        with self._database.writing():
            yield

    def new_ids(self, letter: Letter, count: int) -> list[str]:
        """Reserve ids of one type; inside `writing`."""
        return numbers.new_ids(self._database, letter, count) if count else []

    def skip_numbers(self, last: Mapping[str, int]) -> None:
        """Give no id again that another life of this database gave (see `copies.Contents`); inside `writing`."""
        numbers.skip_numbers(self._database, last)

    def keep(self, key: str, value: str) -> None:
        """Keep a settled value (settings worked in)."""
        self._database.run(
            schema.Kept.insert({"key": key, "value": value}).on_conflict(
                conflict_target=(schema.Kept.c.key,), update={schema.Kept.c.value: EXCLUDED.value}
            )
        )

    def kept(self, key: str) -> str | None:
        """A kept value."""
        found: str | None = self._database.value(
            schema.Kept.select(schema.Kept.c.value).where(schema.Kept.c.key == key)
        )
        return found

    def resolve(self, text: str, letters: Sequence[Letter]) -> str:
        """The id meant by what somebody typed: exact, or a unique beginning; NotFound lists what it could be."""
        typed = text.strip().lower()
        letter = typed[:1]
        if letter not in letters or not (typed.isascii() and typed.isalnum()):
            wanted = ", ".join(f"{KINDS[known]} ({known}…)" for known in letters)
            where = {"p": "caretool promise list", "k": "caretool case list"}.get("".join(letters), "caretool inbox")
            raise NotFound(f"{text!r} is not the id of a {wanted}: `{where}` shows ids.")
        table = _TABLES[letter]
        if self._database.value(table.select(table.c.id).where(table.c.id == typed)):
            return typed
        query = table.select(table.c.id).where((table.c.id >= typed) & (table.c.id < typed + "~"))
        found = [row[0] for row in self._database.tuples(query.order_by(table.c.id).limit(9))]
        if len(found) == 1:
            return str(found[0])
        if not found:
            raise NotFound(f"No {KINDS[letter]} has an id that begins with {text!r}.")
        raise NotFound(
            f"{text!r} could be {', '.join(found[:8])}{'…' if len(found) > 8 else ''}: type one more letter."
        )
