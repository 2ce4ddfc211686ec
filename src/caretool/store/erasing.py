"""Erasing: what somebody wrote leaves every table; what is left are ids, codes, times and counts (see `fates`).

The rows go in one transaction. The bytes they stood in go afterwards (`finish`), which can be done again at any time.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from caretool.domain.masking import masked
from caretool.domain.redaction import MASK, Redactor
from caretool.store import copies
from caretool.store.belongings import Belongings, belongings
from caretool.store.database import Database, moment_in, moment_out
from caretool.store.redacting import REQUEST_WORDS, learn_what_others_wrote, redact_all

# Kept from the moment something was erased until its bytes are gone from the file.
_DUE = "erasing-due"
# Stands where a name has to.
NOBODY = "(forgotten)"

_EMPTY_COMMENTS = """UPDATE comment SET text = '', url = NULL, likes = NULL, attachments = '[]', warning = NULL,
    tag = NULL, alternatives = NULL, reasons = '[]', fold = NULL, digest = '', exposed = NULL,
    unread = 0, handle = 'forgotten:' || person WHERE id IN (SELECT value FROM json_each(?))"""
# One look for each answer there is: joined, it is one at every comment of the account for each of theirs.
_ANSWERED = """SELECT {} FROM comment theirs
    WHERE theirs.account = comment.account AND theirs.native_id = comment.reply_to"""
_NEUTRAL_ANSWERS = f"""UPDATE comment SET reply_to = ({_ANSWERED.format("'forgotten:' || theirs.id")})
    WHERE reply_to IS NOT NULL AND EXISTS (
        {_ANSWERED.format("1")} AND theirs.id IN (SELECT value FROM json_each(?)))"""  # noqa: S608
_NEUTRAL_IDS = "UPDATE comment SET native_id = 'forgotten:' || id WHERE id IN (SELECT value FROM json_each(?))"
_FOLDS = """SELECT DISTINCT fold FROM comment WHERE fold <> '' AND fold NOT LIKE '~%'
    AND id IN (SELECT value FROM json_each(?))"""
# Who sent nearly the same stays known as having done so, without the words.
_NEUTRAL_FOLD = """UPDATE comment SET fold = '~' || (SELECT min(id) FROM comment WHERE fold = ?1) WHERE fold = ?1"""
_GROUPS = """SELECT DISTINCT grouped FROM comment WHERE grouped IS NOT NULL
    AND id IN (SELECT value FROM json_each(?))"""
_FIRST_OF_GROUP = """SELECT text, CASE unread WHEN 0 THEN exposed END FROM comment
    WHERE grouped = ? AND state = 'waiting' ORDER BY written_at, number LIMIT 1"""
_NAMELESS = """SELECT id FROM person
    WHERE id IN (SELECT person FROM comment WHERE id IN (SELECT value FROM json_each(?)))
    AND NOT EXISTS (SELECT 1 FROM comment WHERE person = person.id AND digest <> '')
    AND NOT EXISTS (SELECT 1 FROM promise WHERE person = person.id AND state IN ('logged', 'running'))
    AND NOT EXISTS (SELECT 1 FROM cases WHERE person = person.id AND state = 'running')"""
# In this order; `?` is what `Belongings` has under the name.
_FORGET = (
    (
        "moderations",
        """UPDATE moderation SET because = NULL, error = NULL, undone_because = NULL
            WHERE id IN (SELECT value FROM json_each(?))""",
    ),
    (
        "moderations",
        """UPDATE evidence SET text = NULL, url = NULL, copies = '[]'
            WHERE moderation IN (SELECT value FROM json_each(?))""",
    ),
    ("threads", "UPDATE thread SET text = NULL, url = NULL WHERE id IN (SELECT value FROM json_each(?))"),
    (
        "threads",
        """UPDATE thread SET native_id = 'forgotten:' || id WHERE id IN (SELECT value FROM json_each(?))
            AND NOT EXISTS (SELECT 1 FROM comment WHERE thread = thread.id AND own = 0 AND digest <> '')""",
    ),
    ("drafts", "UPDATE draft SET because = NULL, why = '[]' WHERE id IN (SELECT value FROM json_each(?))"),
    (
        "alone",
        f"""UPDATE reply SET text = '{MASK}', url = NULL, error = NULL
            WHERE id IN (SELECT value FROM json_each(?))""",  # noqa: S608
    ),
    (
        "promises",
        f"""UPDATE promise SET text = '{MASK}', evidence = NULL, because = NULL
            WHERE id IN (SELECT value FROM json_each(?))""",  # noqa: S608
    ),
    ("promises", "DELETE FROM notice WHERE promise IN (SELECT value FROM json_each(?))"),
    ("cases", "UPDATE cases SET because = NULL WHERE id IN (SELECT value FROM json_each(?))"),
    (
        "cases",
        "UPDATE case_step SET evidence = NULL, because = NULL WHERE in_case IN (SELECT value FROM json_each(?))",
    ),
    ("notes", "DELETE FROM note WHERE number IN (SELECT value FROM json_each(?))"),
    ("persons", "DELETE FROM author WHERE person IN (SELECT value FROM json_each(?))"),
    ("persons", f"UPDATE person SET name = '{NOBODY}' WHERE id IN (SELECT value FROM json_each(?))"),  # noqa: S608
)


class Erasing:
    """Every table at once: what only forgetting and purging may do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def erase_comments(self, ids: Sequence[str], now: datetime, keep_native_ids: bool = True) -> int:
        """Empty these comments, for good; how many were not empty yet. All or nothing; call `finish` afterwards.

        What goes: text, earlier texts, handle, address, attachments, content warning, language tag, likes, reasons,
        alternatives, what stands in the search index, and the folded text also where a near copy by somebody else bears
        it. A person of whom nothing else is kept (no other comment with words, no open promise, no running case) loses
        name and authors. What stays: ids, account, thread, form, state, kind, tone, topic, times, rating; replies,
        promises, cases, notes and the evidence of moderation (those are for `forget`, or for whoever calls).
        With `keep_native_ids` the platform's id stays, and with it the knowledge that this comment was here: it does
        not come in again, nor does an edit fill it again. Without, a neutral one stands there: a tombstone has to keep
        it away.

        The state is left as it is: what still waits should have ended before. An emptied comment (`digest` is empty)
        is never put to `waiting` again. Afterwards count the groups of these comments anew (`Groups.refresh`).
        """
        with self._database.writing():
            full = self._full(ids)
            self._empty(full, keep_native_ids=keep_native_ids)
            for (person,) in self._run(_NAMELESS, full):
                self._run("DELETE FROM author WHERE person IN (SELECT value FROM json_each(?))", [person])
                self._database.statement("UPDATE person SET name = ? WHERE id = ?", (NOBODY, person))
            if full:
                self.note_due(now)
        return len(full)

    def forget(self, theirs: Belongings, redactor: Redactor, now: datetime) -> None:
        """Take a person out of every table; inside the transaction that ended what was open. What stays are ids, codes,
        times and counts. `redactor` knows what they are called and what they wrote; what others wrote too is left out
        of that here."""
        learn_what_others_wrote(self._database, theirs, redactor)
        self._empty(theirs.comments, keep_native_ids=False)
        for name, sql in _FORGET:
            self._run(sql, getattr(theirs, name))
        for draft, request in self._run(
            "SELECT id, request FROM draft WHERE id IN (SELECT value FROM json_each(?))", theirs.drafts
        ):
            self._database.statement("UPDATE draft SET request = ? WHERE id = ?", (_bare(request), draft))
        redact_all(self._database, theirs, redactor)
        self._describe(theirs.groups)
        stamp = moment_out(now)
        for person in theirs.persons:
            self._database.statement("UPDATE person SET forgotten_at = ? WHERE id = ?", (stamp, person))
        self.note_due(now)

    def belongings(self, persons: Sequence[str]) -> Belongings:
        """Everything that hangs on these persons."""
        return belongings(self._database, persons)

    def words(self, theirs: Belongings) -> list[tuple[str, datetime]]:
        """What they wrote, as it is and as it was before they edited it, with the moment from which it stood there."""
        edited = "coalesce((SELECT max(seen_at) FROM revision WHERE comment = c.id), c.written_at)"
        them = "c.id IN (SELECT value FROM json_each(?1))"
        sql = f"""SELECT c.text, {edited} FROM comment c WHERE {them}
            UNION ALL SELECT c.warning, {edited} FROM comment c WHERE {them} AND c.warning IS NOT NULL
            UNION ALL SELECT r.text, c.written_at FROM revision r JOIN comment c ON c.id = r.comment
                WHERE {them}"""  # noqa: S608
        return [(str(text), moment_in(at)) for text, at in self._run(sql, theirs.comments)]

    def say_anew(self, draft: str, digests: Mapping[str, str]) -> None:
        """That a draft answers these comments as they read now."""
        for (text,) in self._database.statement("SELECT request FROM draft WHERE id = ?", (draft,)):
            request = json.loads(text)
            if digests and request.get("said"):
                said = json.dumps({**request, "said": {**request["said"], **digests}}, ensure_ascii=False)
                self._database.statement("UPDATE draft SET request = ? WHERE id = ?", (said, draft))

    def note_due(self, now: datetime) -> None:
        """Something was erased, and its bytes are still to go (`finish`); in the transaction that erases it."""
        self._database.statement("INSERT OR REPLACE INTO kept(key, value) VALUES (?, ?)", (_DUE, moment_out(now)))

    def due(self) -> bool:
        """Whether bytes of what was erased may still stand in the file."""
        return bool(self._database.statement("SELECT 1 FROM kept WHERE key = ?", (_DUE,)))

    def finish(self) -> bool:
        """Make the search index anew, and the whole file, so that no byte of what was erased is left in it or beside
        it. False where somebody else has the database open and keeps the old bytes: it stays due. May be repeated.
        StoreProblem: no room for a second copy of the database."""
        self._database.statement("INSERT INTO comment_search(comment_search) VALUES ('rebuild')")
        self._database.statement("PRAGMA secure_delete = ON")
        self._database.statement("VACUUM")
        if not self._truncated():
            return False
        self._database.statement("DELETE FROM kept WHERE key = ?", (_DUE,))
        return True

    def _truncated(self) -> bool:
        ((busy, *_),) = self._database.statement("PRAGMA wal_checkpoint(TRUNCATE)")
        return not busy

    def _full(self, ids: Sequence[str]) -> list[str]:
        sql = "SELECT id FROM comment WHERE digest <> '' AND id IN (SELECT value FROM json_each(?))"
        return [row[0] for row in self._run(sql, ids)]

    def _empty(self, ids: Sequence[str], *, keep_native_ids: bool) -> None:
        groups = [row[0] for row in self._run(_GROUPS, ids)]
        for (fold,) in self._run(_FOLDS, ids):
            self._database.statement(_NEUTRAL_FOLD, (fold,))
        if not keep_native_ids:
            self._run(_NEUTRAL_ANSWERS, ids)
            self._run(_NEUTRAL_IDS, ids)
        self._run(_EMPTY_COMMENTS, ids)
        self._run("DELETE FROM revision WHERE comment IN (SELECT value FROM json_each(?))", ids)
        self._describe(groups)

    def _describe(self, groups: Iterable[str]) -> None:
        """What the inbox shows of these groups: the words of whoever waits there still."""
        for group in groups:
            first = self._database.statement(_FIRST_OF_GROUP, (group,))
            text, exposed = first[0] if first else ("", None)
            shown = masked(text, json.loads(exposed) if exposed else None)[:500]
            self._database.statement("UPDATE comment_group SET first_text = ? WHERE id = ?", (shown, group))

    def _run(self, sql: str, ids: Iterable[Any]) -> list[tuple[Any, ...]]:
        return self._database.statement(sql, (json.dumps(list(ids)),))


def _bare(request: str) -> str:
    """A draft's request without words: whom it was for and what it was made of stays."""
    values = json.loads(request)
    for name in (*REQUEST_WORDS, "said"):
        if name in values:
            values[name] = None if name == "text" else type(values[name])()
    return json.dumps(values, ensure_ascii=False)


def forgotten_in(file: Path, persons: Collection[str]) -> bool:
    """Whether a database that is not open knows all of these as forgotten, and has no bytes of what was erased left in
    its file. NotFound, StoreProblem."""
    with copies.reading(file) as source:
        if not source.execute("SELECT 1 FROM pragma_table_info('person') WHERE name = 'forgotten_at'").fetchall():
            return False
        sql = "SELECT 1 FROM person WHERE id = ? AND forgotten_at IS NOT NULL"
        forgotten = all(source.execute(sql, (one,)).fetchall() for one in persons)
        return forgotten and not source.execute("SELECT 1 FROM kept WHERE key = ?", (_DUE,)).fetchall()
