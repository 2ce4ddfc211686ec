"""What hangs on a person in every table: to be shown, handed out, or erased."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields

from caretool.store.database import Database

# `?1` are the ids of the persons, as JSON.
_THEIRS = {
    "comments": "SELECT id FROM comment WHERE person IN (SELECT value FROM json_each(?1)) ORDER BY number",
    "groups": """SELECT DISTINCT grouped FROM comment
        WHERE grouped IS NOT NULL AND person IN (SELECT value FROM json_each(?1))""",
    "alone": """SELECT DISTINCT rc.reply FROM comment c JOIN reply_comment rc ON rc.comment = c.id
        WHERE c.person IN (SELECT value FROM json_each(?1)) AND NOT EXISTS (
            SELECT 1 FROM reply_comment other JOIN comment ON comment.id = other.comment
            WHERE other.reply = rc.reply AND comment.person NOT IN (SELECT value FROM json_each(?1)))""",
    "together": """SELECT DISTINCT rc.reply FROM comment c JOIN reply_comment rc ON rc.comment = c.id
        WHERE c.person IN (SELECT value FROM json_each(?1)) AND EXISTS (
            SELECT 1 FROM reply_comment other JOIN comment ON comment.id = other.comment
            WHERE other.reply = rc.reply AND comment.person NOT IN (SELECT value FROM json_each(?1)))""",
    "drafts": """SELECT DISTINCT r.draft FROM comment c JOIN reply_comment rc ON rc.comment = c.id
        JOIN reply r ON r.id = rc.reply WHERE c.person IN (SELECT value FROM json_each(?1)) AND NOT EXISTS (
            SELECT 1 FROM reply sibling JOIN reply_comment other ON other.reply = sibling.id
            JOIN comment ON comment.id = other.comment
            WHERE sibling.draft = r.draft AND comment.person NOT IN (SELECT value FROM json_each(?1)))""",
    "shared_drafts": """SELECT DISTINCT r.draft FROM comment c JOIN reply_comment rc ON rc.comment = c.id
        JOIN reply r ON r.id = rc.reply WHERE c.person IN (SELECT value FROM json_each(?1)) AND EXISTS (
            SELECT 1 FROM reply sibling JOIN reply_comment other ON other.reply = sibling.id
            JOIN comment ON comment.id = other.comment
            WHERE sibling.draft = r.draft AND comment.person NOT IN (SELECT value FROM json_each(?1)))""",
    # A thread is theirs where its root is, or where they began it with the words with which it begins (cut, perhaps);
    # who pastes our post into a comment below it did not.
    "threads": """SELECT DISTINCT t.id FROM comment c JOIN thread t ON t.account = c.account
            AND (t.native_id = c.native_id OR (t.id = c.thread AND length(rtrim(t.text, '.… ')) >= 20
                AND substr(c.text, 1, length(rtrim(t.text, '.… '))) = rtrim(t.text, '.… ')
                AND NOT EXISTS (SELECT 1 FROM comment earlier
                    WHERE earlier.thread = t.id AND earlier.written_at < c.written_at)))
        WHERE c.own = 0 AND c.person IN (SELECT value FROM json_each(?1))""",
    # Our own posts as they were fetched back, below theirs or as the replies that they are.
    "answers": """SELECT o.id FROM comment c JOIN comment o ON o.own = 1 AND o.account = c.account
            AND o.reply_to = c.native_id WHERE c.person IN (SELECT value FROM json_each(?1))
        UNION SELECT o.id FROM comment c JOIN reply_comment rc ON rc.comment = c.id JOIN reply r ON r.id = rc.reply
            JOIN comment o ON o.own = 1 AND o.account = r.account AND o.native_id = r.native_id
        WHERE c.person IN (SELECT value FROM json_each(?1))""",
    "promises": "SELECT id FROM promise WHERE person IN (SELECT value FROM json_each(?1)) ORDER BY rowid",
    "cases": "SELECT id FROM cases WHERE person IN (SELECT value FROM json_each(?1)) ORDER BY rowid",
    "moderations": "SELECT id FROM moderation WHERE person IN (SELECT value FROM json_each(?1)) ORDER BY rowid",
    "rewards": "SELECT id FROM reward WHERE person IN (SELECT value FROM json_each(?1)) ORDER BY rowid",
}


@dataclass(frozen=True, slots=True)
class Belongings:
    """Ids of what hangs on one human being, who may be several `persons` linked.

    `alone` are replies to nobody else, `together` those to others too, `drafts` and `shared_drafts` likewise; `answers`
    our own posts as fetched back; `threads` those that they opened; `notes` the numbers of the notes on any of it.
    """

    persons: tuple[str, ...]
    comments: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()
    shared_drafts: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    moderations: tuple[str, ...] = ()
    rewards: tuple[str, ...] = ()
    notes: tuple[int, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """The ids of all that is theirs alone."""
        shared = ("together", "shared_drafts", "groups", "notes", "answers")
        return tuple(i for one in fields(self) if one.name not in shared for i in getattr(self, one.name))


def belongings(database: Database, persons: Sequence[str]) -> Belongings:
    """Everything that hangs on these persons, as it is now."""
    them = json.dumps(list(persons))
    found = {name: tuple(row[0] for row in database.statement(sql, (them,))) for name, sql in _THEIRS.items()}
    without_notes = Belongings(tuple(persons), **found)
    notes = "SELECT number FROM note WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY number"
    numbers = database.statement(
        notes, (json.dumps([*without_notes.subjects, *_groups_of_nobody_else(database, them)]),)
    )
    return Belongings(tuple(persons), **found, notes=tuple(int(row[0]) for row in numbers))


def _groups_of_nobody_else(database: Database, them: str) -> list[str]:
    sql = """SELECT grouped FROM comment WHERE grouped IN (
            SELECT grouped FROM comment WHERE person IN (SELECT value FROM json_each(?1)))
        GROUP BY grouped HAVING sum(person NOT IN (SELECT value FROM json_each(?1))) = 0"""
    return [row[0] for row in database.statement(sql, (them,))]
