"""2: what is counted is kept counted; connectors learn facts."""

from __future__ import annotations

_COUNTED = "kind, first_day, due_day, state, moved_to"
_ONE_MORE = """INSERT INTO promise_count VALUES (new.kind, new.first_day, new.due_day, 1)
        ON CONFLICT DO UPDATE SET open = open + 1;"""
_ONE_LESS = """UPDATE promise_count SET open = open - 1
            WHERE kind = old.kind AND first_day = old.first_day AND due_day = old.due_day;
        DELETE FROM promise_count
            WHERE kind = old.kind AND first_day = old.first_day AND due_day = old.due_day AND open = 0;"""


def _counts(row: str) -> str:
    """Whether a promise takes a unit: one that is being moved does not, its successor does."""
    return f"{row}.state IN ('logged', 'running') AND {row}.moved_to IS NULL"


STEEL = (
    "ALTER TABLE comment ADD COLUMN warning TEXT",
    "CREATE TABLE account (name TEXT PRIMARY KEY, facts TEXT, fetched_at TEXT, failed_at TEXT, error TEXT)",
    "INSERT INTO account(name, fetched_at) SELECT account, fetched_at FROM bookmark",
    "ALTER TABLE bookmark DROP COLUMN fetched_at",
    "CREATE INDEX reply_posted ON reply(account, native_id)",
    "ALTER TABLE comment_group ADD COLUMN people INTEGER NOT NULL DEFAULT 0",
    """UPDATE comment_group SET people = (
        SELECT count(DISTINCT person) FROM comment WHERE grouped = comment_group.id AND state = 'waiting')""",
    """CREATE TABLE promise_count (
        kind TEXT NOT NULL, first_day TEXT NOT NULL, due_day TEXT NOT NULL, open INTEGER NOT NULL,
        PRIMARY KEY (kind, first_day, due_day)) WITHOUT ROWID""",
    """INSERT INTO promise_count(kind, first_day, due_day, open) SELECT kind, first_day, due_day, count(*) FROM promise
        WHERE state IN ('logged', 'running') AND moved_to IS NULL GROUP BY kind, first_day, due_day""",
    f"CREATE TRIGGER promise_opens AFTER INSERT ON promise WHEN {_counts('new')} BEGIN {_ONE_MORE} END",
    f"CREATE TRIGGER promise_leaves AFTER DELETE ON promise WHEN {_counts('old')} BEGIN {_ONE_LESS} END",
    f"""CREATE TRIGGER promise_closes AFTER UPDATE OF {_COUNTED} ON promise WHEN {_counts("old")}
        BEGIN {_ONE_LESS} END""",
    f"""CREATE TRIGGER promise_reopens AFTER UPDATE OF {_COUNTED} ON promise WHEN {_counts("new")}
        BEGIN {_ONE_MORE} END""",
    "DROP INDEX promise_by_state",
    "CREATE INDEX promise_by_state ON promise(state, due_at, id)",
    "DROP INDEX promise_load",
    "CREATE INDEX promise_ended ON promise(kind, state, ended_at)",
    "DROP TRIGGER comment_is_searchable",  # `Arrivals` sees to it, a page at once
    "DROP INDEX comment_unread",
    "CREATE INDEX comment_unread ON comment(state, number) WHERE unread = 1",
    "CREATE INDEX promise_moved ON promise(moved_to) WHERE moved_to IS NOT NULL",
)
