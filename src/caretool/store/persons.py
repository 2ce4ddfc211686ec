"""People: who is who on which account, one human being under several names, and what is looked up to show them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from peewee import SQL

from caretool.domain.person import Alias, Note, Person
from caretool.store import copies
from caretool.store.belongings import Belongings, belongings
from caretool.store.database import Database, Row, moment_in, optional_moment
from caretool.store.schema import AuthorRow, Evidence, Moderation, Reward
from caretool.store.schema import Note as N
from caretool.store.schema import Person as P

_MOST = 50
_WORD = re.compile(r"[^\W_]+")
_MOVED = ("promise", "cases", "reward", "moderation")
_ALIKE = """SELECT DISTINCT p.id FROM person p LEFT JOIN author a ON a.person = p.id
    WHERE p.linked_to IS NULL AND p.forgotten_at IS NULL AND ({}) ORDER BY p.id LIMIT ?2"""
_EXACTLY = _ALIKE.format("lower(a.handle) IN (lower(?1), '@' || lower(?1)) OR lower(a.name) = lower(?1) OR p.name = ?1")
_PARTLY = _ALIKE.format("instr(lower(a.handle), lower(?1)) OR instr(lower(a.name), lower(?1))")


class Persons:
    """The tables of persons and authors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_ids(self, ids: Sequence[str]) -> list[Person]:
        """These persons, in this order; unknown ids are left out."""
        found = [self._database.one(P.select().where(P.c.id == person)) for person in ids]
        return [self._person(row) for row in found if row is not None]

    def find(self, typed: str) -> list[Person]:
        """Who is called so (a handle with or without its @, or a name); if nobody is, whose handle or name holds it."""
        words = typed.strip().removeprefix("@")
        if not words:
            return []
        rows = self._database.statement(_EXACTLY, (words, _MOST)) or self._database.statement(_PARTLY, (words, _MOST))
        return self.by_ids([row[0] for row in rows])

    def selves(self, person: str) -> tuple[str, ...]:
        """A person and all who were linked to them."""
        found = [person]
        for one in found:
            query = P.select(P.c.id).where(P.c.linked_to == one)
            found += [row[0] for row in self._database.tuples(query)]
        return tuple(found)

    def shared_names(self, persons: Sequence[str], names: Collection[str]) -> set[str]:
        """Those of these names, handles and words of names (case folded) that others bear too."""
        left = {name for name in names if name}
        shared: set[str] = set()
        for name in self._of_others(persons):
            whole = name.casefold().removeprefix("@")
            shared |= left.intersection((whole, *whole.split()))
        return shared

    def names_with(self, persons: Sequence[str], names: Collection[str]) -> set[str]:
        """What others are called who have one of these names (case folded), whole, in their own handle or name."""
        if not names:
            return set()
        held = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names))
        return {name for name in self._of_others(persons) if held.search(name.casefold().removeprefix("@"))}

    def _of_others(self, persons: Sequence[str]) -> Iterator[str]:
        sql = """SELECT name FROM person WHERE id NOT IN (SELECT value FROM json_each(?1))
            UNION SELECT name FROM author WHERE person NOT IN (SELECT value FROM json_each(?1)) AND name IS NOT NULL
            UNION SELECT handle FROM author WHERE person NOT IN (SELECT value FROM json_each(?1))"""
        return (name for (name,) in self._database.statement(sql, (json.dumps(list(persons)),)))

    def namesakes(self, name: str) -> list[Person]:
        """Who is called exactly so, by handle or name, a few at most."""
        return self.by_ids([row[0] for row in self._database.statement(_EXACTLY, (name.removeprefix("@"), _MOST))])

    def with_the_words(self, persons: Sequence[str], names: Collection[str]) -> list[Person]:
        """Who else is called by all the words of one of these names (two at least) in whatever order, a few at most."""
        wanted = {words for name in names if len(words := _words(name)) > 1}
        sql = """SELECT p.id, p.name FROM person p
                WHERE p.id NOT IN (SELECT value FROM json_each(?1)) AND p.linked_to IS NULL AND p.forgotten_at IS NULL
            UNION SELECT person, name FROM author
                WHERE person NOT IN (SELECT value FROM json_each(?1)) AND name IS NOT NULL
            UNION SELECT person, handle FROM author WHERE person NOT IN (SELECT value FROM json_each(?1))"""
        rows = self._database.statement(sql, (json.dumps(list(persons)),)) if wanted else []
        found = dict.fromkeys(person for person, name in rows if _words(name) in wanted)
        return self.by_ids(sorted(found)[:_MOST])

    def belongings(self, persons: Sequence[str]) -> Belongings:
        """Everything that hangs on these persons."""
        return belongings(self._database, persons)

    def posts(self, theirs: Belongings) -> list[tuple[str, str]]:
        """Account and native id of each comment of theirs and of each thread that they opened."""
        sql = """SELECT account, native_id FROM comment WHERE id IN (SELECT value FROM json_each(?1))
            UNION SELECT account, native_id FROM thread WHERE id IN (SELECT value FROM json_each(?2))"""
        rows = self._database.statement(sql, (json.dumps(theirs.comments), json.dumps(theirs.threads)))
        return [(account, native_id) for account, native_id in rows]

    def moderated(self, theirs: Belongings) -> list[Row]:
        """What was done about them, each row with what was kept as evidence."""
        found = []
        for one in theirs.moderations:
            row = self._database.one(Moderation.select().where(Moderation.c.id == one))
            evidence = self._database.one(Evidence.select().where(Evidence.c.moderation == one))
            found.append({**(row or {}), "evidence": evidence})
        return found

    def rewarded(self, theirs: Belongings) -> list[Row]:
        """What they were given."""
        rows = [self._database.one(Reward.select().where(Reward.c.id == one)) for one in theirs.rewards]
        return [row for row in rows if row is not None]

    def notes(self, theirs: Belongings) -> list[Note]:
        """What was written down about them and what is theirs."""
        rows = self._database.rows(
            N.select()
            .where(N.c.number.in_(SQL("(SELECT value FROM json_each(?))", (json.dumps(theirs.notes),))))
            .order_by(N.c.number)
        )
        return [Note(row["subject"], moment_in(row["at"]), row["agent"], row["text"]) for row in rows]

    def running_alike(self, kept: str, other: str) -> list[tuple[str, str, str]]:
        """Cases of one procedure that both have running: procedure, the one's case, the other's."""
        sql = """SELECT a.procedure, a.id, b.id FROM cases a JOIN cases b ON b.procedure = a.procedure
            WHERE a.person = ? AND b.person = ? AND a.state = 'running' AND b.state = 'running' ORDER BY 1"""
        return [(p, a, b) for p, a, b in self._database.statement(sql, (kept, other))]

    def link(self, kept: str, other: str) -> None:
        """From now on `other` is `kept`: authors, comments, promises, cases, rewards and moderations are theirs. Inside
        a transaction. What each was before is remembered."""
        self._do(
            "UPDATE author SET linked_from = coalesce(linked_from, person), person = ? WHERE person = ?", kept, other
        )
        self._do("UPDATE comment SET person = ? WHERE person = ?", kept, other)
        for table in _MOVED:
            before = f"SELECT id, person FROM {table} WHERE person = ?"  # noqa: S608
            self._do(f"INSERT OR IGNORE INTO linked(thing, person) {before}", other)
            self._do(f"UPDATE {table} SET person = ? WHERE person = ?", kept, other)  # noqa: S608
        self._do("UPDATE person SET linked_to = ? WHERE id = ?", kept, other)

    def unlink(self, other: str, kept: str) -> None:
        """`other` is somebody else after all: what was theirs, and of those linked to them, is again, and what came
        since from their authors. Inside a transaction."""
        selves = json.dumps(self.selves(other))
        self._do(
            """UPDATE author SET person = ?1, linked_from = nullif(linked_from, ?1)
                WHERE person = ?2 AND linked_from IN (SELECT value FROM json_each(?3))""",
            other, kept, selves,
        )  # fmt: skip
        self._do(
            """UPDATE comment SET person = ?1 WHERE person = ?2 AND EXISTS (SELECT 1 FROM author a
                WHERE a.account = comment.account AND a.handle = comment.handle AND a.person = ?1)""",
            other, kept,
        )  # fmt: skip
        for table in _MOVED:
            theirs = """id IN (SELECT thing FROM linked WHERE person IN (SELECT value FROM json_each(?3)))
                OR comment IN (SELECT id FROM comment WHERE person = ?1)"""
            self._do(f"UPDATE {table} SET person = ?1 WHERE person = ?2 AND ({theirs})", other, kept, selves)  # noqa: S608
        self._do("DELETE FROM linked WHERE person = ?", other)
        self._do("UPDATE person SET linked_to = NULL WHERE id = ?", other)

    def _person(self, row: Row) -> Person:
        query = (
            AuthorRow.select().where(AuthorRow.c.person == row["id"]).order_by(AuthorRow.c.account, AuthorRow.c.handle)
        )
        authors = [
            Alias(one["account"], one["handle"], one["name"], one["followers"], one["linked_from"])
            for one in self._database.rows(query)
        ]
        return Person(row["id"], row["name"], tuple(authors), row["linked_to"], optional_moment(row["forgotten_at"]))

    def _do(self, sql: str, *values: Any) -> None:
        self._database.statement(sql, values)


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(name.casefold()))


def known_in(file: Path, aliases: Collection[Alias]) -> bool:
    """Whether a database that is not open has one of these authors. NotFound, StoreProblem."""
    with copies.reading(file) as source:
        sql = "SELECT 1 FROM author WHERE account = ? AND handle = ?"
        return any(source.execute(sql, (one.account, one.handle)).fetchall() for one in aliases)
