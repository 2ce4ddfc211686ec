"""What has been kept long enough: found by account, kind and the moment it was fetched, and what hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from caretool.domain.codes import Kind
from caretool.domain.redaction import MASK
from caretool.store.database import Database, moment_out

# Whoever still waits, is being answered, or has something coming to them, is not done with.
_NEEDED = """(state IN ('waiting', 'queued', 'snoozed')
    OR EXISTS (SELECT 1 FROM reply_comment JOIN reply ON reply.id = reply_comment.reply
        WHERE reply_comment.comment = comment.id AND reply.state IN ('awaiting', 'approved', 'sending', 'unsure'))
    OR EXISTS (SELECT 1 FROM promise WHERE promise.person = comment.person AND promise.state IN ('logged', 'running'))
    OR EXISTS (SELECT 1 FROM cases WHERE cases.person = comment.person AND cases.state = 'running'))"""
_OLD = "digest <> '' AND account = ? AND kind IS ? AND fetched_at < ?"
_NOBODY_LEFT = """NOT EXISTS (SELECT 1 FROM reply_comment JOIN comment ON comment.id = reply_comment.comment
    WHERE reply_comment.reply = reply.id AND comment.digest <> '')
    AND EXISTS (SELECT 1 FROM reply_comment WHERE reply_comment.reply = reply.id)"""


class Expiring:
    """Comments and evidence by their age."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sorts(self) -> list[tuple[str, Kind | None]]:
        """The accounts and kinds of which anything is kept; the kind is None where nobody has read it."""
        return [
            (account, kind)
            for account, kind in self._database.statement(
                "SELECT DISTINCT account, kind FROM comment WHERE digest <> '' ORDER BY account, kind"
            )
        ]

    def count(self, account: str, kind: Kind | None, before: datetime) -> tuple[int, int]:
        """How many of this sort were fetched before a moment: those to erase, and those that are still needed."""
        ((old, needed),) = self._database.statement(
            f"SELECT count(*), coalesce(sum({_NEEDED}), 0) FROM comment WHERE {_OLD}",  # noqa: S608
            (account, kind, moment_out(before)),
        )
        return int(old) - int(needed), int(needed)

    def some(self, account: str, kind: Kind | None, before: datetime, limit: int) -> list[str]:
        """Some of those to erase."""
        found = self._database.statement(
            f"SELECT id FROM comment WHERE {_OLD} AND NOT {_NEEDED} ORDER BY number LIMIT ?",  # noqa: S608
            (account, kind, moment_out(before), limit),
        )
        return [str(row[0]) for row in found]

    def unsay(self, comments: Sequence[str]) -> None:
        """Take the words out of our replies that answer these comments and no other of which anything is kept, out of
        their drafts, and out of what was shown when a promise to them was kept. Inside a transaction."""
        for comment in comments:
            self._database.statement(
                f"""UPDATE reply SET text = '{MASK}' WHERE id IN (
                    SELECT reply FROM reply_comment WHERE comment = ?) AND {_NOBODY_LEFT}""",  # noqa: S608
                (comment,),
            )
            self._database.statement(
                f"""UPDATE draft SET request = json_set(request, '$.text', NULL, '$.given', json('{{}}'))
                    WHERE id IN (SELECT draft FROM reply JOIN reply_comment ON reply.id = reply_comment.reply
                        WHERE reply_comment.comment = ? AND reply.text = '{MASK}')""",  # noqa: S608
                (comment,),
            )
            self._database.statement("UPDATE promise SET evidence = NULL WHERE comment = ?", (comment,))

    def old_evidence(self, before: datetime) -> int:
        """How much of the evidence of moderation was kept before a moment and still has words."""
        ((count,),) = self._database.statement(
            "SELECT count(*) FROM evidence WHERE text IS NOT NULL AND kept_at < ?", (moment_out(before),)
        )
        return int(count)

    def empty_evidence(self, before: datetime) -> None:
        """Take its words away: what stays are the ground, the moments and the hash."""
        self._database.statement(
            "UPDATE evidence SET text = NULL, url = NULL, copies = '[]' WHERE kept_at < ?", (moment_out(before),)
        )
