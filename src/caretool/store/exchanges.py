"""The exchange a comment belongs to: what it replies to, and what its author and we said before in its thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from caretool.domain.exchange import Turn
from caretool.store.database import Database, moment_in

# By indexes alone, whatever the size of the tables: joined in the order written down, as SQLite would take `theirs`
# for long and walk through all replies. `above` are the native ids a comment replies to, four steps upwards: of
# comments, or of replies of ours that were not fetched back; `theirs` are the comments among those, and the last four
# that its author wrote before in the thread and that nobody has still to answer. Our own post that the thread is under
# is no turn, and neither is what was deleted on the platform.
_TURNS = """
WITH RECURSIVE
seed AS (
    SELECT c.id, c.account, c.person, c.thread, c.reply_to, c.number, t.native_id AS root
    FROM comment c LEFT JOIN thread t ON t.id = c.thread WHERE c.id IN (SELECT value FROM json_each(?))),
above(seed, account, person, native, root, depth) AS (
    SELECT id, account, person, reply_to, root, 1 FROM seed WHERE reply_to IS NOT NULL
    UNION ALL
    SELECT a.seed, a.account, a.person, coalesce(
        (SELECT p.reply_to FROM comment p WHERE p.account = a.account AND p.native_id = a.native),
        (SELECT e.native_id FROM reply r JOIN reply_comment rc ON rc.reply = r.id JOIN comment e ON e.id = rc.comment
            WHERE r.account = a.account AND r.native_id = a.native
            ORDER BY e.person = a.person DESC, rc.place LIMIT 1)), a.root, a.depth + 1
    FROM above a WHERE a.native IS NOT NULL AND a.depth < 4),
theirs(seed, number) AS (
    SELECT a.seed, c.number FROM above a CROSS JOIN comment c ON c.account = a.account AND c.native_id = a.native
        WHERE c.id != a.seed AND NOT (c.own = 1 AND c.native_id IS a.root)
    UNION
    SELECT s.id, e.number FROM seed s CROSS JOIN comment e ON e.number IN (
        SELECT b.number FROM comment b WHERE b.person = s.person AND b.thread = s.thread AND b.number < s.number
            AND b.own = 0 AND b.state != 'waiting' ORDER BY b.number DESC LIMIT 4))
SELECT t.seed, r.native_id, coalesce(r.posted_at, r.sending_at, r.made_at), 1, r.text, r.agent, NULL, r.id
    FROM theirs t CROSS JOIN comment c ON c.number = t.number CROSS JOIN reply_comment rc ON rc.comment = c.id
    CROSS JOIN reply r ON r.id = rc.reply WHERE r.state IN ('posted', 'unsure')
UNION ALL
SELECT a.seed, r.native_id, coalesce(r.posted_at, r.sending_at, r.made_at), 1, r.text, r.agent, NULL, r.id
    FROM above a CROSS JOIN reply r ON r.account = a.account AND r.native_id = a.native
    WHERE r.state IN ('posted', 'unsure')
UNION ALL
SELECT t.seed, c.native_id, c.written_at, c.own, c.text, coalesce(w.name, c.handle),
        CASE c.unread WHEN 0 THEN c.exposed END, c.id
    FROM theirs t CROSS JOIN comment c ON c.number = t.number AND c.state != 'gone'
    LEFT JOIN author w ON w.account = c.account AND w.handle = c.handle
UNION ALL
SELECT t.seed, o.native_id, o.written_at, 1, o.text, coalesce(w.name, o.handle), NULL, o.id
    FROM theirs t CROSS JOIN comment c ON c.number = t.number
    CROSS JOIN comment o ON o.account = c.account AND o.reply_to = c.native_id AND o.own = 1 AND o.state != 'gone'
    LEFT JOIN author w ON w.account = o.account AND w.handle = o.handle
"""


class Exchanges:
    """What stands around a comment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def before(self, comments: Sequence[str], most: int) -> dict[str, tuple[Turn, ...]]:
        """The last turns, at most so many, of the exchange that each of these comments belongs to, oldest first. One
        that belongs to none is left out."""
        found: dict[str, dict[str, Turn]] = {}
        for seed, native_id, *turn, id_ in self._database.statement(_TURNS, (json.dumps(list(comments)),)):
            # What we posted is there twice once it was fetched back: the desk's own comes first, and says who wrote it.
            found.setdefault(seed, {}).setdefault(native_id or id_, _turn(*turn))
        return {
            seed: tuple(sorted(turns.values(), key=lambda turn: turn.at)[-most:])
            for seed, by_id in found.items()
            if (turns := {name: turn for name, turn in by_id.items() if turn.text})
        }


def _turn(at: str, own: int, text: str, by: str, exposed: Any) -> Turn:
    where = tuple((start, end, what) for start, end, what in json.loads(exposed)) if exposed is not None else None
    return Turn(moment_in(at), by, bool(own), text, where)
