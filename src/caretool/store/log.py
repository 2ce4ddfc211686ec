"""The log: who did what, when, to what, with codes; never a text or a name (notes hold those, beside it).

A line is chained to the one before it by its hash (`caretool.domain.chain`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from peewee import fn

from caretool.domain.chain import Head, Link, codes_text, hash_of, must_be_codes
from caretool.domain.log import Line
from caretool.errors import StoreProblem
from caretool.store.database import Database, moment_in, moment_out
from caretool.store.numbers import chunks
from caretool.store.schema import Log as L
from caretool.store.schema import Note

# As bytes: what somebody put there by hand need be no text.
_LINKS = """
    SELECT number, CAST(at AS BLOB), CAST(agent AS BLOB), CAST(action AS BLOB), CAST(subject AS BLOB),
        CAST(codes AS BLOB), CAST(hash AS BLOB)
    FROM log WHERE number > ? ORDER BY number LIMIT ?"""
_HEAD = "SELECT number, CAST(hash AS BLOB) FROM log ORDER BY number DESC LIMIT 1"
_RUN = 10_000
_LINE = (L.c.number, L.c.at, L.c.agent, L.c.action, L.c.subject, L.c.codes)


class Journal:
    """The append-only log, and the notes people leave on things."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(
        self,
        action: str,
        subjects: Sequence[str],
        *,
        agent: str,
        at: datetime,
        codes: Mapping[str, str | int | None] | None = None,
    ) -> None:
        """One line a subject; in the transaction of what it tells. `agent` may be empty: nobody was named.

        ValueError where something is no id and no code.
        """
        told = codes or {}
        must_be_codes(action, *subjects, *told, *(value for value in told.values() if isinstance(value, str)))
        if agent:
            must_be_codes(agent)
        fixed = {"at": moment_out(at), "agent": agent, "action": action, "codes": codes_text(told)}
        with self._database.writing():  # from here on nobody else adds a line
            head, rows = self.head(), []
            for subject in subjects:
                number = head.number + 1
                head = Head(number, hash_of(head.hash, number, subject=subject, **fixed))
                rows.append({**fixed, "subject": subject, "number": number, "hash": head.hash})
            self._database.insert(L, rows)

    def head(self) -> Head:
        """The last line's number and hash."""
        found = self._database.statement(_HEAD)
        return Head(found[0][0], _decoded(found[0][1])) if found else Head()

    def hash_at(self, number: int) -> str | None:
        """The hash of one line; None: there is none of this number."""
        found = self._database.statement("SELECT CAST(hash AS BLOB) FROM log WHERE number = ?", (number,))
        return _decoded(found[0][0]) if found else None

    def links(self, after: int = 0) -> Iterator[Link]:
        """Every line after this number as it stands in the chain, in the order of their numbers; a run at a time."""
        last = after
        while found := self._database.statement(_LINKS, (last, _RUN)):
            yield from (Link(number, *map(_decoded, values)) for number, *values in found)
            last = found[-1][0]

    def about(self, subjects: Sequence[str]) -> list[Line]:
        """What was done with these things, oldest first."""
        found: list[Line] = []
        for part in chunks(list(subjects)):
            query = L.select(*_LINE).where(L.c.subject.in_(part))
            found += self._lines(query.order_by(L.c.number))
        return sorted(found, key=lambda line: line.number)

    def last(
        self,
        limit: int,
        *,
        subjects: Sequence[str] = (),
        since: datetime | None = None,
        agent: str | None = None,
        action: str | None = None,
    ) -> list[Line]:
        """The newest lines that are about any of `subjects`, not before `since`, by `agent`, whose action begins with
        `action`; oldest first."""
        query = L.select(*_LINE)
        if subjects:
            query = query.where(L.c.subject.in_(tuple(subjects)))
        if since is not None:
            query = query.where(L.c.at >= moment_out(since))
        if agent is not None:
            query = query.where(L.c.agent == agent)
        if action is not None:
            query = query.where(fn.SUBSTR(L.c.action, 1, len(action)) == action)
        return self._lines(query.order_by(L.c.number.desc()).limit(limit))[::-1]

    def of_action(self, action: str, since: datetime | None) -> list[Line]:
        """Every line of exactly this action (not before `since`), oldest first."""
        query = L.select(*_LINE).where(L.c.action == action)
        if since is not None:
            query = query.where(L.c.at >= moment_out(since))
        return self._lines(query.order_by(L.c.number))

    def _lines(self, query: Any) -> list[Line]:
        try:
            return [_line(row) for row in self._database.tuples(query)]
        except (ValueError, TypeError) as problem:
            raise StoreProblem("A line of the log is not what caretool writes: caretool log --verify") from problem

    def note(self, subject: str, text: str, *, agent: str, at: datetime) -> None:
        """Leave a note on a thing."""
        self._database.run(Note.insert({"subject": subject, "agent": agent, "at": moment_out(at), "text": text}))

    def notes(self, *subjects: str) -> list[tuple[datetime, str, str]]:
        """The notes on these things: when, by whom, what."""
        found: list[tuple[Any, ...]] = []
        for part in chunks(subjects):
            query = Note.select(Note.c.number, Note.c.at, Note.c.agent, Note.c.text)
            found += self._database.tuples(query.where(Note.c.subject.in_(part)))
        return [(moment_in(at), agent, text) for _, at, agent, text in sorted(found)]


def _decoded(value: bytes) -> str:
    return value.decode(errors="surrogateescape")


def _line(row: tuple[Any, ...]) -> Line:
    number, at, agent, action, subject, codes = row
    return Line(number, moment_in(at), agent, action, subject, json.loads(codes))
